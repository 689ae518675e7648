import type { ClientStage } from '../domain/client.ts';
import type { NodeId } from '../domain/node.ts';

interface Session {
  number: number;
  /** Of what began it. */
  by: ClientStage;
  /** It has fetched its boot script: an iPXE that asks for an address now is not the one that its firmware loaded. */
  hasScript: boolean;
}

/**
 * Counts each node's network boots by its firmware's DISCOVERs. iPXE asks for an address too: the one that the firmware
 * has just loaded goes on with its session, the one in a machine's ROM (QEMU's, many network cards') is the firmware.
 * In memory: after a restart a node's count goes on from the one that its grant was given to, so that an installation that
 * is under way is not cut off, and a later boot is still a later one.
 */
export class BootSessions {
  readonly #sessions = new Map<NodeId, Session>();

  /** @param known the session that the node's grant was given to, 0 if none */
  current(nodeId: NodeId, known: number): number {
    return Math.max(this.#sessions.get(nodeId)?.number ?? 0, known);
  }

  /** A DISCOVER. @returns the number of the session that it began; undefined: it goes on with the one before */
  discover(nodeId: NodeId, stage: ClientStage, known: number): number | undefined {
    const session = this.#sessions.get(nodeId);
    if (stage === 'ipxe' && session !== undefined && session.by !== 'ipxe' && !session.hasScript) return undefined;
    if (stage !== 'pxe' && stage !== 'http' && stage !== 'ipxe') return undefined;
    const number = this.current(nodeId, known) + 1;
    this.#sessions.set(nodeId, { number, by: stage, hasScript: false });
    return number;
  }

  script(nodeId: NodeId): void {
    const session = this.#sessions.get(nodeId);
    if (session !== undefined) session.hasScript = true;
  }

  forget(nodeId: NodeId): void {
    this.#sessions.delete(nodeId);
  }
}

import type { BootEvent } from '../../domain/events.ts';
import type { Node } from '../../domain/node.ts';
import type { EventSink, NodeDirectory } from '../../domain/ports.ts';
import type { KnownHosts } from './known-hosts.ts';

export interface HostKeyPinsParts {
  readonly knownHosts: KnownHosts;
  readonly nodes: NodeDirectory;
  /** Of the system that is on the node's disk, as its installer told; undefined: it told of none. */
  readonly hostKeysOf: (node: Node) => readonly string[] | undefined;
  readonly events: EventSink;
}

/** What a system is told of by its installer, or tells of itself, at its first boot. */
const TELLS_KEYS: ReadonlySet<unknown> = new Set(['installer-finished', 'os-answered']);

/**
 * Hears what happens to nodes, and keeps podboot's known_hosts by it: the keys that an installation made are the only ones
 * from then on, those of the system before it are forgotten when the next one begins.
 */
export function createHostKeyPins({ knownHosts, nodes, hostKeysOf, events }: HostKeyPinsParts): EventSink {
  function follow({ type, subject, data }: BootEvent): void {
    const { nodeId, nodeName } = subject;
    if (type === 'node.removed' && nodeName !== undefined) knownHosts.forget(nodeName);
    const node = nodeId === undefined ? undefined : nodes.byId(nodeId);
    if (node === undefined) return;
    const keys = hostKeysOf(node);
    if (type.startsWith('life.') && data?.event === 'claimed' && keys === undefined) knownHosts.forget(node.name);
    // A changed node may have another name: its keys are kept by name.
    const mayPin = type === 'node.changed' || (type.startsWith('life.') && TELLS_KEYS.has(data?.event));
    if (mayPin && keys !== undefined) knownHosts.pin(node.name, keys);
  }

  return {
    wantsDebug: false,
    emit(event) {
      try {
        follow(event);
      } catch (error) {
        events.emit({
          type: 'ssh.not-pinned',
          level: 'warn',
          subject: event.subject,
          text: `the SSH host keys of ${event.subject.nodeName ?? 'a node'} could not be kept: ${error instanceof Error ? error.message : String(error)}`,
          mend: 'Look at the folder known_hosts in dataDir: podboot has to be able to write there.',
          throttle: event.subject.nodeId ?? '',
        });
      }
    },
  };
}

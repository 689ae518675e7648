import type { BootEvent } from '../domain/events.ts';
import type { NodeId } from '../domain/node.ts';
import type { Clock } from '../domain/ports.ts';

/** Firmware that asks for an address. What comes after it (iPXE, a system) may be another boot's. */
const FIRMWARE_STAGES: ReadonlySet<unknown> = new Set(['pxe', 'http', 'bootp']);

export interface BootWait {
  /** What was seen so far is of an earlier boot. */
  again(): void;
  seen(limitMs: number): Promise<boolean>;
  end(): void;
}

/** Who waits for which machine to ask the network: that, and not its BMC's word, is the proof of a network boot. */
export class BootWatch {
  readonly #clock: Clock;
  readonly #waiting = new Map<NodeId, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit({ type, subject, data }: BootEvent): void {
    if (subject.nodeId === undefined || (type !== 'dhcp.offer' && type !== 'dhcp.nothing-to-boot')) return;
    // iPXE in the ROM of a network card is the first that asks on some machines.
    if (!FIRMWARE_STAGES.has(data?.stage) && data?.stage !== 'ipxe') return;
    for (const seen of this.#waiting.get(subject.nodeId) ?? []) seen();
  }

  watch(nodeId: NodeId): BootWait {
    let isSeen = false;
    let wake: (() => void) | undefined;
    const listener = () => {
      isSeen = true;
      wake?.();
    };
    const all = this.#waiting.get(nodeId) ?? new Set();
    this.#waiting.set(nodeId, all.add(listener));
    return {
      seen: (limitMs) =>
        new Promise((resolve) => {
          if (isSeen) return resolve(true);
          const timer = this.#clock.setTimeout(() => resolve(false), limitMs);
          wake = () => {
            timer.cancel();
            resolve(true);
          };
        }),
      again: () => {
        isSeen = false;
      },
      end: () => {
        all.delete(listener);
        if (all.size === 0 && this.#waiting.get(nodeId) === all) this.#waiting.delete(nodeId);
      },
    };
  }
}

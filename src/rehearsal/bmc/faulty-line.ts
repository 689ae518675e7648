import type { IpmiChannel, IpmiNetwork } from '../../bmc/ipmi/ports.ts';
import type { Clock } from '../../domain/ports.ts';
import type { SimulatedBmc } from './simulated-bmc.ts';

export interface LineFaults {
  /** 0 to 1, each way. */
  readonly loss?: number;
  readonly duplication?: number;
  /** Each packet is this late, give or take half of it: so they overtake each other. */
  readonly delayMs?: number;
}

/** A network on which simulated BMCs are, by host name, with its faults. */
export class FaultyLine implements IpmiNetwork {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #faults: LineFaults;
  readonly #bmcs = new Map<string, SimulatedBmc>();

  /** @param random 0 up to, not including, 1 */
  constructor(clock: Clock, random: () => number, faults: LineFaults = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  plugIn(host: string, bmc: SimulatedBmc): void {
    this.#bmcs.set(host, bmc);
  }

  /** What is not plugged in never answers. */
  async connect(host: string): Promise<IpmiChannel> {
    let listener: ((packet: Uint8Array) => void) | undefined;
    let isOpen = true;
    const carryBack = (packet: Uint8Array) =>
      this.#carry(packet, (back) => {
        if (isOpen) listener?.(back);
      });
    return {
      send: (packet) =>
        this.#carry(packet, (arrived) => {
          const answer = this.#bmcs.get(host)?.receive(arrived, carryBack);
          if (answer !== undefined) carryBack(answer);
        }),
      onPacket: (each) => {
        listener = each;
      },
      onError: () => {},
      silent: () => {},
      close: () => {
        isOpen = false;
      },
    };
  }

  #carry(packet: Uint8Array, arrive: (packet: Uint8Array) => void): void {
    const { loss = 0, duplication = 0, delayMs = 1 } = this.#faults;
    const copies = this.#random() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random() < loss) continue;
      const bytes = Uint8Array.from(packet);
      this.#clock.setTimeout(() => arrive(bytes), delayMs * (0.5 + this.#random()));
    }
  }
}

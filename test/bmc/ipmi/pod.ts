import { randomBytes } from 'node:crypto';
import { IpmiClient, type IpmiClientOptions } from '../../../src/bmc/ipmi/client.ts';
import { readCredentials } from '../../../src/bmc/ipmi/credentials.ts';
import { Chassis, type ChassisQuirks } from '../../../src/rehearsal/bmc/chassis.ts';
import { FaultyLine, type LineFaults } from '../../../src/rehearsal/bmc/faulty-line.ts';
import { SimulatedBmc, type SimulatedBmcOptions } from '../../../src/rehearsal/bmc/simulated-bmc.ts';
import { FakeClock, settle } from '../../harness/clock.ts';

export const PASSWORD = 'twenty-bytes-exactly';

/** BMCs on a line with faults, in simulated time. */
export class BmcPod {
  readonly clock = new FakeClock();
  readonly line: FaultyLine;

  constructor(faults: LineFaults = {}, seed = 1) {
    this.line = new FaultyLine(this.clock, seeded(seed), faults);
  }

  bmc(
    host: string,
    options: Partial<SimulatedBmcOptions> & { quirks?: ChassisQuirks } = {},
  ): { bmc: SimulatedBmc; chassis: Chassis } {
    const chassis =
      options.chassis ?? new Chassis(this.clock, { powerOn: () => {}, powerOff: () => {} }, options.quirks);
    const bmc = new SimulatedBmc({
      clock: this.clock,
      random: randomBytes,
      accounts: [{ userName: 'admin', password: PASSWORD, privilege: 4 }],
      guid: new Uint8Array(16).fill(7),
      ...options,
      chassis,
    });
    this.line.plugIn(host, bmc);
    return { bmc, chassis };
  }

  client(host: string, options: Partial<IpmiClientOptions> = {}): IpmiClient {
    return new IpmiClient({
      host,
      credentials: readCredentials({ userName: 'admin', password: PASSWORD }),
      clock: this.clock,
      network: this.line,
      ...options,
    });
  }

  /** Lets time pass until it is settled, for as long as it takes. */
  async until<T>(work: Promise<T>, limitMs = 600_000): Promise<T> {
    let isSettled = false;
    work.then(
      () => {
        isSettled = true;
      },
      () => {
        isSettled = true;
      },
    );
    for (let passedMs = 0; ; passedMs += 5) {
      await settle();
      if (isSettled) return work;
      if (passedMs > limitMs) throw new Error(`not settled after ${limitMs} ms of simulated time`);
      this.clock.advance(5);
    }
  }
}

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe } from 'node:diagnostics_channel';
import type { BmcDriver } from '../../../src/bmc/driver.ts';
import { createRedfishDriver, type RedfishDriverOptions } from '../../../src/bmc/redfish/redfish-driver.ts';
import { Chassis, type ChassisQuirks } from '../../../src/rehearsal/bmc/chassis.ts';
import { HttpsRedfish, type ListeningOptions } from '../../../src/rehearsal/bmc/https-redfish.ts';
import { RedfishBmc, type RedfishBmcOptions } from '../../../src/rehearsal/bmc/redfish-bmc.ts';
import { selfSignedCertificate } from '../../../src/rehearsal/bmc/self-signed-certificate.ts';
import { FakeClock, settle } from '../../harness/clock.ts';

export const USER_NAME = 'admin';
export const PASSWORD = 'correct horse 1';
export const CERTIFICATE = selfSignedCertificate('bmc.local');
const MAX_ROUNDS = 200_000;

/** What undici has under way: simulated time stands still meanwhile, as the loopback's does not. */
const underWay = new Set<object>();
const began = (message: unknown) => void underWay.add(requestOf(message));
const ended = (message: unknown) => void underWay.delete(requestOf(message));
subscribe('undici:request:create', began);
subscribe('undici:request:trailers', ended);
subscribe('undici:request:error', ended);

function requestOf(message: unknown): object {
  return (message as { readonly request: object }).request;
}

export type PodOptions = Partial<Omit<RedfishBmcOptions, 'clock' | 'chassis'>> & {
  readonly chassisQuirks?: ChassisQuirks;
  readonly listening?: Partial<ListeningOptions>;
};

/** One BMC by TLS on the loopback, in simulated time. */
export class RedfishPod implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly chassis: Chassis;
  readonly bmc: RedfishBmc;
  readonly server: HttpsRedfish;
  /** Boots of the machine, and what they were told. */
  readonly boots: { readonly device: number | undefined }[];
  readonly #drivers: BmcDriver[] = [];

  private constructor(
    clock: FakeClock,
    chassis: Chassis,
    bmc: RedfishBmc,
    server: HttpsRedfish,
    boots: RedfishPod['boots'],
  ) {
    this.clock = clock;
    this.chassis = chassis;
    this.bmc = bmc;
    this.server = server;
    this.boots = boots;
  }

  static async start({ chassisQuirks, listening, ...options }: PodOptions = {}): Promise<RedfishPod> {
    const clock = new FakeClock();
    const boots: { readonly device: number | undefined }[] = [];
    const machine = {
      powerOn: (flags: { readonly device: number } | undefined) => void boots.push({ device: flags?.device }),
      powerOff: () => {},
    };
    const chassis = new Chassis(clock, machine, chassisQuirks);
    const bmc = new RedfishBmc({
      clock,
      chassis,
      random: randomBytes,
      userName: USER_NAME,
      password: PASSWORD,
      ...options,
    });
    const server = await HttpsRedfish.listen(bmc, { address: '127.0.0.1', certificate: CERTIFICATE, ...listening });
    return new RedfishPod(clock, chassis, bmc, server, boots);
  }

  driver(options: Partial<RedfishDriverOptions> = {}): BmcDriver {
    const driver = createRedfishDriver({
      host: '127.0.0.1',
      port: this.server.port,
      credentials: { userName: USER_NAME, password: PASSWORD },
      fingerprint: CERTIFICATE.fingerprint,
      clock: this.clock,
      ...options,
    });
    this.#drivers.push(driver);
    return driver;
  }

  /** Lets simulated time pass while nothing else is under way, until it is settled. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    work.then(settled, settled);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      await settle();
      if (isSettled) return work;
      if (underWay.size === 0 || this.bmc.held > 0) this.clock.advance(100);
    }
    throw new Error('it is not settled, and nothing is under way');
  }

  /** Lets time pass, and what comes of it happen. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.until(new Promise<void>((resolve) => void this.clock.setTimeout(resolve, 200)));
  }

  /** No test leaves a session open at its BMC. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.bmc.fault = undefined;
    await this.until(Promise.all(this.#drivers.map((driver) => driver.close())));
    assert.equal(this.bmc.sessions.open, 0, 'a session was left open');
    await this.server[Symbol.asyncDispose]();
  }
}

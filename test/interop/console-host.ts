import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../src/api/api.ts';
import { newToken } from '../../src/api/token.ts';
import type { BmcDriver } from '../../src/bmc/driver.ts';
import { udpNetwork } from '../../src/bmc/ipmi/udp-channel.ts';
import { createDriver } from '../../src/bmc/registry.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { ConsoleHub } from '../../src/power/console/console-hub.ts';
import { Chassis } from '../../src/rehearsal/bmc/chassis.ts';
import { SimulatedBmc } from '../../src/rehearsal/bmc/simulated-bmc.ts';
import { UdpBmc } from '../../src/rehearsal/bmc/udp-bmc.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';
import { FixedNodes } from '../services/boot/fixtures.ts';

export const PASSWORD = 'twenty-bytes-exactly';

/** A machine's serial port behind a simulated BMC on a real UDP port, and the API's console of it on a Unix socket. */
export class ConsoleHost implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'podboot-console-'));
  readonly clock = createSystemClock();
  readonly token = newToken();
  readonly bmc: SimulatedBmc;
  readonly node;
  readonly hub: ConsoleHub;
  readonly api: ReturnType<typeof createApi>;
  readonly served: UdpBmc;
  readonly #driver: Promise<BmcDriver>;
  typed = '';
  breaks = 0;

  static async start(): Promise<ConsoleHost> {
    const clock = createSystemClock();
    const bmc = new SimulatedBmc({
      clock,
      random: randomBytes,
      chassis: new Chassis(clock, { powerOn: () => {}, powerOff: () => {} }),
      accounts: [{ userName: 'admin', password: PASSWORD, privilege: 4 }],
      guid: new Uint8Array(16).fill(7),
      serial: { bufferBytes: 1024 * 1024 },
    });
    const host = new ConsoleHost(bmc, await UdpBmc.listen(bmc, '127.0.0.1'));
    await host.api.listen([{ host: '127.0.0.1', port: 0 }, { socketPath: host.socketPath }]);
    host.hub.start();
    return host;
  }

  private constructor(bmc: SimulatedBmc, served: UdpBmc) {
    this.bmc = bmc;
    this.served = served;
    bmc.serial.typed = (characters) => {
      this.typed += Buffer.from(characters).toString('latin1');
    };
    bmc.serial.broken = () => {
      this.breaks += 1;
    };
    this.node = nodeNumber(1, { bmc: { driver: 'ipmi', host: '127.0.0.1', port: served.port } });
    const registry = new FixedNodes(this.node);
    this.#driver = createDriver(
      'ipmi',
      {
        name: this.node.name,
        host: '127.0.0.1',
        port: served.port,
        credentials: { userName: 'admin', password: PASSWORD },
        fingerprint: undefined,
        command: [],
        wakeMacs: [],
        minGapMs: 0,
      },
      { clock: this.clock, network: udpNetwork, broadcast: async () => {} },
    );
    this.hub = new ConsoleHub({
      use: async (_node, _isPerson, act) => act(await this.#driver),
      nodes: registry,
      clock: this.clock,
      random: () => 0,
      events: { wantsDebug: false, emit: () => {} },
      settings: () => ({ record: 'always', keep: 10 }),
      folder: join(this.folder, 'consoles'),
      isBooting: () => false,
      bootDeadlineMs: () => 600_000,
    });
    const absent: unknown = new Proxy(() => undefined, {
      get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : absent),
      apply: () => undefined,
    });
    // Only consoles are asked for here.
    const parts: Record<string | symbol, unknown> = {
      registry,
      consoles: this.hub,
      clock: this.clock,
      version: '1',
      tokenHash: () => this.token.hash,
      metricsTokenHash: () => undefined,
      health: () => ({ isAlive: true, isReady: true, checks: [] }),
      metrics: async () => ({ contentType: 'text/plain', text: async () => '' }),
      schemas: undefined,
    };
    this.api = createApi(
      new Proxy({}, { get: (_, key) => (key in parts ? parts[key] : absent) }) as Parameters<typeof createApi>[0],
    );
    writeFileSync(join(this.folder, 'token'), this.token.token, { mode: 0o600 });
  }

  get socketPath(): string {
    return join(this.folder, 'api.sock');
  }

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    return this.api.addresses().find((each) => each.startsWith('http')) ?? '';
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PODBOOT_API: `unix:${this.socketPath}`,
      PODBOOT_TOKEN_FILE: join(this.folder, 'token'),
      USER: 'anna',
    };
  }

  say(text: string): void {
    this.bmc.serial.say(Buffer.from(text, 'latin1'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    await this.hub.stop();
    await (await this.#driver).close();
    await this.served[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

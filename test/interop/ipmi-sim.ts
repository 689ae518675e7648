import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background, until } from '../harness/process.ts';

/** Debian's ipmi_sim: a BMC of OpenIPMI's, cipher suite 3, with a chassis that is a folder and a serial port on TCP. */
export class IpmiSim implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'podboot-ipmi-sim-'));
  readonly #serial: Server;
  readonly #lines = new Set<Socket>();
  #process: Background | undefined;
  /** What the console sent to the machine's serial port. */
  typed = '';

  private constructor(port: number) {
    this.port = port;
    this.#serial = createServer((line) => {
      this.#lines.add(line);
      line.on('data', (data) => {
        this.typed += data.toString('latin1');
      });
      line.on('error', () => {});
      line.on('close', () => this.#lines.delete(line));
    });
  }

  /** @param port UDP; the two after it are TCP */
  static async start(port: number): Promise<IpmiSim> {
    const sim = new IpmiSim(port);
    await new Promise<void>((resolve) => sim.#serial.listen(port + 2, '127.0.0.1', resolve));
    sim.#write();
    sim.#process = new Background(
      [
        'ipmi_sim',
        '-n',
        '-c',
        join(sim.#folder, 'lan.conf'),
        '-f',
        join(sim.#folder, 'sim.emu'),
        '-s',
        join(sim.#folder, 'state'),
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    await until(() => sim.#lines.size > 0, {
      what: 'ipmi_sim opens its serial port',
      timeoutMs: 10_000,
      evidence: () => sim.#process?.output ?? '',
    });
    return sim;
  }

  /** What its chassis was told: `power` holds 0 or 1, `boot` a device. */
  chassis(name: 'power' | 'boot'): string | undefined {
    const path = join(this.#folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
  }

  /** The machine says something on its serial port. */
  say(text: string): void {
    for (const line of this.#lines) line.write(text, 'latin1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
    for (const line of this.#lines) line.destroy();
    this.#serial.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(): void {
    const { port } = this;
    mkdirSync(join(this.#folder, 'state'));
    const hook = join(this.#folder, 'chassis.sh');
    const script = [
      '#!/bin/sh',
      'dir=$1; verb=$2; shift 2',
      'case $verb in',
      'get) for name; do',
      '  case $name in power) echo "power:$(cat "$dir/power" 2>/dev/null || echo 0)";;',
      '  boot) echo "boot:$(cat "$dir/boot" 2>/dev/null || echo none)";; esac; done;;',
      'set) while [ $# -ge 2 ]; do echo "$2" >"$dir/$1"; shift 2; done;;',
      'esac',
      '',
    ];
    writeFileSync(hook, script.join('\n'));
    chmodSync(hook, 0o755);
    writeFileSync(
      join(this.#folder, 'lan.conf'),
      `name "sim1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "${hook} ${this.#folder}"
  serial 15 127.0.0.1 ${port + 1} codec VM
  sol "tcp:127.0.0.1:${port + 2}" 115200
  startnow false
  user 1 true  ""      "test" user  10 none md2 md5 straight
  user 2 true  "admin" "secret-17-bytes!!" admin 10 none md2 md5 straight
`,
    );
    writeFileSync(
      join(this.#folder, 'sim.emu'),
      `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
sel_add 0x20 0x02 0x20 0x20 0x30 0x60 0x20 0x00 0x04 0x1f 0x02 0x6f 0x02 0xff 0xff
mc_enable 0x20
`,
    );
  }
}

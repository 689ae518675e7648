import assert from 'node:assert/strict';
import { join } from 'node:path';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { hex, hexBytes } from '../../src/codecs/text.ts';
import type { ExplainedFirmware, Explanation } from '../../src/domain/explanation.ts';
import type { Daemon } from '../harness/daemon.ts';
import type { Lab, LabFirmware } from '../harness/lab.ts';
import { readPcap } from '../harness/pcap.ts';
import { Background } from '../harness/process.ts';

/** The lab's BIOS machines have iPXE in their network cards. */
const EXPLAINED: Readonly<Record<LabFirmware, ExplainedFirmware>> = {
  uefi: 'uefi-x64',
  http: 'http',
  secure: 'secure',
  bios: 'ipxe',
  arm64: 'uefi-arm64',
};
const XID = { from: 4, to: 8 };
const RELAY_AGENT_INFORMATION = 82;

/** What a machine was told that it would get, held against what went over the wire when it booted. */
export class Foretold {
  readonly #explanation: Explanation;
  readonly #mac: string;
  readonly #file: string;
  readonly #capture: Background;

  private constructor(explanation: Explanation, mac: string, file: string, capture: Background) {
    this.#explanation = explanation;
    this.#mac = mac;
    this.#file = file;
    this.#capture = capture;
  }

  /** Asks for the explanation and begins to listen. */
  static async listen(lab: Lab, daemon: Daemon, machine: { mac: string }, firmware: LabFirmware): Promise<Foretold> {
    const path = `/api/v1/explain?machine=${machine.mac}&firmware=${EXPLAINED[firmware]}`;
    const { status, body } = await daemon.call('GET', path);
    assert.equal(status, 200, body);
    const file = join(daemon.folder, `${machine.mac.replaceAll(':', '-')}.pcap`);
    const filter = ['udp', 'and', '(port', '67', 'or', 'port', '68)'];
    const argv = lab.server.argv(['tcpdump', '-i', 'prov', '-U', '-w', file, ...filter]);
    const capture = new Background(argv);
    await capture.said(/listening on/);
    return new Foretold(JSON.parse(body) as Explanation, machine.mac, file, capture);
  }

  /** Every answer of the explanation was given, byte for byte but for the transaction that the machine chose. */
  async check(): Promise<void> {
    await this.#capture.stop();
    const heard = readPcap(this.#file)
      .filter(({ source, payload }) => source.address === '10.77.0.1' && payload[0] === 2)
      .filter(({ payload }) => hex(payload.subarray(28, 34)) === this.#mac.replaceAll(':', ''))
      .map(({ payload }) => comparable(payload));
    const foretold = this.#explanation.steps.filter(({ dhcp }) => dhcp !== undefined);
    assert.ok(foretold.length >= 2, this.#explanation.summary);
    for (const { title, dhcp } of foretold) {
      const bytes = comparable(hexBytes(dhcp?.bytes ?? '') ?? new Uint8Array());
      assert.ok(heard.includes(bytes), `${title}: foretold\n${bytes}\nheard\n${[...new Set(heard)].join('\n')}`);
    }
  }

  get summary(): string {
    return this.#explanation.summary;
  }

  stop(): void {
    this.#capture.signal('SIGKILL');
  }
}

/** A relay adds what it knows of the port: that is its own and not foretold. */
function comparable(bytes: Uint8Array): string {
  const message = decodeDhcp(bytes);
  if (message.giaddr === 0) {
    const copy = Uint8Array.from(bytes);
    copy.fill(0, XID.from, XID.to);
    return hex(copy);
  }
  const { options, chaddr, xid: _, hops: __, ...fields } = message;
  const told = [...options]
    .filter(([code]) => code !== RELAY_AGENT_INFORMATION)
    .map(([code, value]) => [code, hex(value)]);
  return JSON.stringify([fields, hex(chaddr), told]);
}

import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { BootOp, BROADCAST_FLAG, type DhcpOptions, HardwareType, MessageType } from '../../src/codecs/dhcp/message.ts';
import { formatIpv4, parseIpv4 } from '../../src/domain/ipv4.ts';
import { type MacAddress, macToBytes } from '../../src/domain/mac.ts';
import type { Namespace } from '../harness/namespace.ts';

const SENDER = new URL('send-datagram.ts', import.meta.url).pathname;
const TYPE_NAMES = new Map<number, string>(Object.entries(MessageType).map(([name, value]) => [value, name]));

/** What came back, as far as these tests look at it. */
export interface ProbeAnswer {
  readonly type: string;
  /** Option 54. */
  readonly server: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly file: string;
  readonly vendorClass: string;
}

/** Who is asking: what its firmware or system puts into the packet. */
export type ProbeStage = 'pxe-x64' | 'os';

/** Hears every answer to one packet, where real clients keep the best and hide the rest. */
export class DhcpProbe {
  readonly #host: Namespace;

  /** @param host a host whose `eno1` is on the link; it needs no address. */
  constructor(host: Namespace) {
    this.#host = host;
    host.run(['ip', 'route', 'add', '255.255.255.255/32', 'dev', 'eno1']);
  }

  discover(mac: string, stage: ProbeStage): ProbeAnswer[] {
    return this.#exchange(mac, stageOptions(stage, MessageType.DISCOVER), '255.255.255.255', 67);
  }

  /** A REQUEST that chooses `server`'s offer; everybody hears it. */
  request(mac: string, server: string, address: string): ProbeAnswer[] {
    const options = stageOptions('pxe-x64', MessageType.REQUEST);
    options.set(54, ipv4Bytes(server)).set(50, ipv4Bytes(address));
    return this.#exchange(mac, options, '255.255.255.255', 67);
  }

  /** The PXE client's second question, to the proxy alone (PXE 2.1, port 4011). The host needs an address for it. */
  askProxy(mac: string, server: string): ProbeAnswer | undefined {
    return this.#exchange(mac, stageOptions('pxe-x64', MessageType.REQUEST), server, 4011)[0];
  }

  #exchange(mac: string, options: DhcpOptions, address: string, port: number): ProbeAnswer[] {
    const chaddr = macToBytes(mac as MacAddress);
    const message = encodeDhcp({
      ...{ op: BootOp.BOOTREQUEST, htype: HardwareType.ETHERNET, hlen: 6, hops: 0, secs: 0, flags: BROADCAST_FLAG },
      ...{ xid: 0x70726f62, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, chaddr, sname: '', file: '', options },
    });
    const argv = [process.execPath, SENDER, '68', address, String(port), '1500', Buffer.from(message).toString('hex')];
    return this.#host.must(argv, { timeoutMs: 10_000 }).split('\n').filter(Boolean).map(readAnswer);
  }
}

function stageOptions(stage: ProbeStage, type: number): DhcpOptions {
  const options: DhcpOptions = new Map([
    [53, Uint8Array.of(type)],
    [55, Uint8Array.of(1, 3, 6, 43, 54, 60, 66, 67)],
  ]);
  if (stage === 'os') return options;
  return options
    .set(60, Buffer.from('PXEClient:Arch:00007:UNDI:003000'))
    .set(93, Uint8Array.of(0, 7))
    .set(94, Uint8Array.of(1, 3, 0));
}

function readAnswer(line: string): ProbeAnswer {
  const message = decodeDhcp(Buffer.from(line.split(' ')[1] ?? '', 'hex'));
  const text = (code: number) =>
    Buffer.from(message.options.get(code) ?? [])
      .toString('latin1')
      .replace(/\0+$/, '');
  const server = message.options.get(54);
  return {
    type: TYPE_NAMES.get(message.options.get(53)?.[0] ?? 0) ?? 'BOOTREPLY',
    server: server === undefined ? '' : formatIpv4(Buffer.from(server).readUInt32BE()),
    yiaddr: formatIpv4(message.yiaddr),
    siaddr: formatIpv4(message.siaddr),
    file: message.file === '' ? text(67) : message.file,
    vendorClass: text(60),
  };
}

function ipv4Bytes(text: string): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(parseIpv4(text) ?? 0);
  return bytes;
}

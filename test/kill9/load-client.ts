// `node load-client.ts GIADDR SERVER FIRST COUNT KNOWN_FILE`: clients behind a relay, each its own MAC address, that ask as
// fast as they are answered, until the process is ended. COUNT new ones from number FIRST, then those of KNOWN_FILE again
// (lines of "mac address", what each holds). Prints "ack mac address" for each acknowledged lease, at once and before
// anything else happens, and "moved mac from to" where a client is offered another address than it holds.
import { createSocket } from 'node:dgram';
import { readFileSync, writeSync } from 'node:fs';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { BootOp, type DhcpMessage, HardwareType, MessageType } from '../../src/codecs/dhcp/message.ts';
import { formatIpv4, parseIpv4 } from '../../src/domain/ipv4.ts';
import { type MacAddress, macFromBytes, macToBytes } from '../../src/domain/mac.ts';

const WINDOW = 32;
/** A client whose answer does not come begins again. */
const PATIENCE_MS = 500;

const [giaddrText, server, first, count, knownFile] = process.argv.slice(2) as [string, string, string, string, string];
const giaddr = parseIpv4(giaddrText) ?? 0;
const socket = createSocket({ type: 'udp4', reuseAddr: true });
const held = new Map<string, string>();
for (const line of readFileSync(knownFile, 'utf8').split('\n').filter(Boolean)) {
  const [mac, address] = line.split(' ') as [string, string];
  held.set(mac, address);
}

function* clients(): Generator<string> {
  for (let number = Number(first); number < Number(first) + Number(count); number += 1) {
    yield macFromBytes(Uint8Array.of(0x02, 0x4b, 0x39, number >>> 16, number >>> 8, number));
  }
  for (;;) {
    const macs = [...held.keys()];
    if (macs.length === 0) return;
    yield* macs;
  }
}

interface Exchange {
  readonly mac: string;
  timer: NodeJS.Timeout;
}

const waiting = new Map<number, Exchange>();
const queue = clients();
let xid = (Math.random() * 0xffffffff) >>> 0;

function ask(type: number, mac: string, offer?: DhcpMessage): void {
  const options = new Map([
    [53, Uint8Array.of(type)],
    [55, Uint8Array.of(1, 3, 6, 51, 54)],
  ]);
  if (offer !== undefined) {
    const requested = Buffer.alloc(4);
    requested.writeUInt32BE(offer.yiaddr);
    options.set(50, requested).set(54, Uint8Array.from(offer.options.get(54) ?? []));
  }
  xid = (xid + 1) >>> 0;
  const id = xid;
  const timer = setTimeout(() => {
    waiting.delete(id);
    ask(MessageType.DISCOVER, mac);
  }, PATIENCE_MS);
  waiting.set(id, { mac, timer });
  const message = encodeDhcp({
    ...{ op: BootOp.BOOTREQUEST, htype: HardwareType.ETHERNET, hlen: 6, hops: 1, xid: id, secs: 0, flags: 0 },
    ...{ ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr, chaddr: macToBytes(mac as MacAddress), sname: '', file: '', options },
  });
  // A dead server's port answers with ICMP; the client asks again when its patience ends.
  socket.send(Uint8Array.from(message), 67, server, () => {});
}

function next(): void {
  const { value, done } = queue.next();
  if (done !== true) ask(MessageType.DISCOVER, value);
}

socket.on('message', (data) => {
  const answer = decodeDhcp(data);
  const exchange = waiting.get(answer.xid);
  if (exchange === undefined) return;
  waiting.delete(answer.xid);
  clearTimeout(exchange.timer);
  const { mac } = exchange;
  const address = formatIpv4(answer.yiaddr);
  const before = held.get(mac);
  switch (answer.options.get(53)?.[0]) {
    case MessageType.OFFER:
      if (before !== undefined && before !== address) writeSync(1, `moved ${mac} ${before} ${address}\n`);
      ask(MessageType.REQUEST, mac, answer);
      return;
    case MessageType.ACK:
      writeSync(1, `ack ${mac} ${address}\n`);
      held.set(mac, address);
      next();
      return;
    default:
      if (before !== undefined) writeSync(1, `refused ${mac} ${before}\n`);
      next();
  }
});
socket.bind(67, giaddrText, () => {
  for (let index = 0; index < WINDOW; index += 1) next();
});

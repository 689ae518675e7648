import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { MessageType } from '../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../src/codecs/dhcp/option-table.ts';
import type { DatagramOptions, Endpoint, Network, SegmentingSocket } from '../../src/domain/ports.ts';
import { createDhcpService } from '../../src/services/dhcp/dhcp-service.ts';
import { LeaseTable } from '../../src/services/dhcp/lease-table.ts';
import { addressBytes, FakeNodes, message, podSettings, subnetOf } from '../services/dhcp/pod.ts';

/**
 * What an exchange (DISCOVER, OFFER, REQUEST, ACK) costs the daemon outside of sockets and disk: packets go straight into
 * the service, and the commit resolves at once. `node test/bench/dhcp-micro.ts [exchanges] [clients]`
 */
const EXCHANGES = Number(process.argv[2] ?? 200_000);
const CLIENTS = Number(process.argv[3] ?? 50_000);
const OUTSTANDING = 32;
const RELAY = '10.98.0.1';
const YIADDR_OFFSET = 16;
const XID_OFFSET = 4;
const MAC_OFFSET = 28;
const LIST = [1, 3, 6, 12, 15, 28, 42, 51, 54, 58, 59];

let deliver: (data: Uint8Array, from: Endpoint) => void = () => {};
let answered: (data: Uint8Array) => void = () => {};

/** One socket: what comes in is handed over, what goes out is counted. */
const network: Network = {
  openDatagram: async (options: DatagramOptions): Promise<SegmentingSocket> => ({
    local: { address: options.address, port: options.port },
    onMessage: (listener) => {
      if (options.address !== '0.0.0.0') deliver = listener;
    },
    onError: () => {},
    send: (data) => answered(data),
    sendSegments: (data) => answered(data),
    close: () => {},
  }),
  addNeighbour: () => true,
};

const clock = { now: () => Date.now(), monotonic: () => performance.now(), setTimeout: () => ({ cancel: () => {} }) };
const settings = podSettings(
  {
    subnets: [
      subnetOf({ cidr: '10.98.0.0/16', pools: [['10.98.16.1', '10.98.255.254']], relays: [RELAY] }),
      subnetOf({ cidr: '10.77.0.0/24' }),
    ],
  },
  'authoritative',
);
let committed = 0;
let batches = 0;
const service = createDhcpService({
  settings,
  network,
  clock,
  nodes: new FakeNodes(),
  leases: new LeaseTable([], clock),
  policy: { bootInformation: () => ({ reason: 'nothing' }) },
  commit: async (batch) => {
    committed += batch.length;
    batches += 1;
  },
  events: { wantsDebug: false, emit: (event) => console.log(event.text) },
});
await service.start();

const relay = { address: RELAY, port: 67 };
const discover = encodeDhcp(message({ type: MessageType.DISCOVER, giaddr: RELAY, list: LIST, flags: 0 }));
const requestTemplate = message({ type: MessageType.REQUEST, giaddr: RELAY, list: LIST, flags: 0 });
requestTemplate.options.set(OptionCode.serverIdentifier, addressBytes('10.77.0.1'));
requestTemplate.options.set(OptionCode.requestedAddress, addressBytes('0.0.0.0'));
const request = Buffer.from(encodeDhcp(requestTemplate));
const requestedAt = request.indexOf(Buffer.of(OptionCode.requestedAddress, 4)) + 2;

let started = 0;
let finished = 0;
let backlog: (() => void)[] = [];

function begin(): void {
  if (started >= EXCHANGES) return;
  const packet = Buffer.from(discover);
  packet.writeUInt32BE(started, XID_OFFSET);
  packet.writeUInt32BE(started % CLIENTS, MAC_OFFSET + 2);
  started += 1;
  deliver(packet, relay);
}

answered = (data) => {
  const answer = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (answer[242] === MessageType.OFFER) {
    const packet = Buffer.from(request);
    answer.copy(packet, XID_OFFSET, XID_OFFSET, XID_OFFSET + 4);
    answer.copy(packet, MAC_OFFSET, MAC_OFFSET, MAC_OFFSET + 6);
    answer.copy(packet, requestedAt, YIADDR_OFFSET, YIADDR_OFFSET + 4);
    backlog.push(() => deliver(packet, relay));
  } else if (answer[242] === MessageType.ACK) {
    finished += 1;
    backlog.push(begin);
  } else {
    throw new Error(`unexpected answer of type ${answer[242]}`);
  }
};

const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
for (let index = 0; index < OUTSTANDING; index += 1) backlog.push(begin);
while (finished < EXCHANGES) {
  const turn = backlog;
  backlog = [];
  for (const step of turn) step();
  await new Promise<void>((resolve) => setImmediate(resolve));
}
const seconds = (performance.now() - startedAt) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
console.log(
  JSON.stringify({
    exchanges: finished,
    clients: CLIENTS,
    perSecond: Math.round(finished / seconds),
    cpuMicrosecondsEach: Number(((cpuSeconds * 1e6) / finished).toFixed(2)),
    leasesWritten: committed,
    batches,
    residentMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  }),
);
await service.stop();

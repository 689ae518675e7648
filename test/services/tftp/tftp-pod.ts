import assert from 'node:assert/strict';
import { decodeTftp } from '../../../src/codecs/tftp/decode.ts';
import { encodeAck, encodeReadRequest } from '../../../src/codecs/tftp/encode.ts';
import { TftpOp, type TftpPacket } from '../../../src/codecs/tftp/packet.ts';
import { NotFound } from '../../../src/domain/errors.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { type Ipv4, parseIpv4 } from '../../../src/domain/ipv4.ts';
import type { Endpoint, SegmentingSocket, ServedFile } from '../../../src/domain/ports.ts';
import type { InterfaceSettings, Settings } from '../../../src/domain/settings.ts';
import { createTftpService, type TftpService } from '../../../src/services/tftp/tftp-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import { PLAIN_DNS } from '../../harness/dns-settings.ts';
import { lifecycleSettings } from '../../harness/lifecycle-settings.ts';
import { type FakeHost, FakeNetwork } from '../../harness/network.ts';

export const SERVER = '10.77.0.1';

export function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text);
  assert.ok(address !== undefined);
  return address;
}

export function onInterface(name: string, address: string, tftp = true): InterfaceSettings {
  return { name, address: ipv4(address), dhcp: 'off', tftp, http: false, dns: false };
}

export interface SettingsChange {
  readonly interfaces?: readonly InterfaceSettings[];
  readonly port?: number;
  readonly maxTransfers?: number;
  readonly maxTransfersPerClient?: number;
}

export function settingsWith(change: SettingsChange = {}): Settings {
  const {
    interfaces = [onInterface('eno2', SERVER)],
    port = 69,
    maxTransfers = 1_000,
    maxTransfersPerClient = 1_000,
  } = change;
  return {
    dataDir: '/var/lib/podboot',
    assetsDir: '/var/lib/podboot/assets',
    interfaces,
    dhcp: {
      port: 67,
      proxyPort: 4011,
      subnets: [],
      reservations: [],
      groups: new Map(),
      customOptions: [],
      options: new Map(),
      offerHoldMs: 0,
      quarantineMs: 0,
      bootp: 'off',
      probeIntervalMs: 0,
    },
    tftp: { port, maxTransfers, maxTransfersPerClient, maxBlockBytes: 1468, maxWindowBlocks: 64 },
    http: { port: 80, maxConnections: 1, maxConnectionsPerClient: 1 },
    dns: PLAIN_DNS,
    boot: { profiles: new Map(), programs: {}, loader: 'auto', diskMethods: {} },
    api: { listen: [] },
    lifecycle: lifecycleSettings(),
    log: { level: 'info', format: 'auto' },
  };
}

/** A pod of one server and one other host, and what the service told. */
export class Pod {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly server: FakeHost;
  readonly node: FakeHost;
  readonly events: BootEvent[] = [];
  readonly opened: { name: string; peer: Ipv4; serverAddress: Ipv4 }[] = [];
  openFiles = 0;
  openDelay: Promise<void> | undefined;
  readonly content = new Map<string, Uint8Array | Error>();
  readonly service: TftpService;

  constructor(change: SettingsChange = {}) {
    this.server = this.network.host('server', [
      { name: 'eno2', link: 'pod', address: SERVER },
      { name: 'eno3', link: 'other', address: '10.78.0.1' },
    ]);
    this.node = this.network.host('node', [{ name: 'eth0', link: 'pod', address: '10.77.0.100' }]);
    this.service = createTftpService({
      settings: settingsWith(change),
      network: this.server,
      clock: this.clock,
      files: { open: (name, peer, serverAddress) => this.#open(name, peer, serverAddress) },
      events: { wantsDebug: true, emit: (event) => void this.events.push(event) },
    });
  }

  async #open(name: string, peer: Ipv4, serverAddress: Ipv4): Promise<ServedFile> {
    this.opened.push({ name, peer, serverAddress });
    await this.openDelay;
    const bytes = this.content.get(name) ?? new NotFound(`no asset ${name}`);
    if (bytes instanceof Error) throw bytes;
    this.openFiles += 1;
    return {
      name,
      sizeBytes: bytes.length,
      read: (offset, length) => bytes.subarray(offset, offset + length),
      close: () => void this.openFiles--,
    };
  }

  async client(): Promise<Client> {
    return new Client(await this.node.openDatagram({ address: '10.77.0.100', port: 0 }));
  }

  get told(): string[] {
    return this.events.map((event) => event.type);
  }
}

/** Keeps what it hears; `read` fetches a whole file in lockstep. */
export class Client {
  readonly socket: SegmentingSocket;
  readonly heard: { packet: TftpPacket; from: Endpoint }[] = [];
  bytes = Buffer.alloc(0);
  #autoAcknowledge = false;

  constructor(socket: SegmentingSocket) {
    this.socket = socket;
    socket.onMessage((data, from) => {
      const packet = decodeTftp(Uint8Array.from(data));
      this.heard.push({ packet, from });
      if (!this.#autoAcknowledge) return;
      if (packet.op === TftpOp.OACK) socket.send(encodeAck(0), from);
      if (packet.op !== TftpOp.DATA) return;
      this.bytes = Buffer.concat([this.bytes, packet.data]);
      socket.send(encodeAck(packet.block), from);
    });
  }

  ask(name: string, options: Record<string, string> = {}, port = 69, mode = 'octet'): void {
    this.send(encodeReadRequest(name, mode, new Map(Object.entries(options))), port);
  }

  read(name: string, options: Record<string, string> = {}): void {
    this.#autoAcknowledge = true;
    this.ask(name, options);
  }

  send(data: Uint8Array, port = 69): void {
    this.socket.send(data, { address: SERVER, port });
  }

  get last(): TftpPacket | undefined {
    return this.heard.at(-1)?.packet;
  }

  get lastError(): number | undefined {
    return this.last?.op === TftpOp.ERROR ? this.last.code : undefined;
  }
}

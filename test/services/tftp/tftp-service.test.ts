import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeTftp } from '../../../src/codecs/tftp/decode.ts';
import { encodeAck, encodeError, encodeReadRequest, encodeWriteRequest } from '../../../src/codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp, type TftpPacket } from '../../../src/codecs/tftp/packet.ts';
import { AccessDenied, HostRefused, NotFound } from '../../../src/domain/errors.ts';
import type { BootEvent } from '../../../src/domain/events.ts';
import { type Ipv4, parseIpv4 } from '../../../src/domain/ipv4.ts';
import type { Endpoint, SegmentingSocket, ServedFile } from '../../../src/domain/ports.ts';
import type { InterfaceSettings, Settings } from '../../../src/domain/settings.ts';
import { createTftpService, type TftpService } from '../../../src/services/tftp/tftp-service.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { type FakeHost, FakeNetwork } from '../../harness/network.ts';
import { fileOf } from './transfer-bench.ts';

const SERVER = '10.77.0.1';

function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text);
  assert.ok(address !== undefined);
  return address;
}

function onInterface(name: string, address: string, tftp = true): InterfaceSettings {
  return { name, address: ipv4(address), dhcp: 'off', tftp, http: false };
}

interface SettingsChange {
  readonly interfaces?: readonly InterfaceSettings[];
  readonly port?: number;
  readonly maxTransfers?: number;
}

function settingsWith(change: SettingsChange = {}): Settings {
  const { interfaces = [onInterface('eno2', SERVER)], port = 69, maxTransfers = 1_000 } = change;
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
    tftp: { port, maxTransfers, maxBlockBytes: 1468, maxWindowBlocks: 64 },
    http: { port: 80, maxConnections: 1 },
    boot: { profiles: new Map(), programs: {}, loader: 'auto', diskMethods: {} },
    api: { listen: [] },
    log: { level: 'info', format: 'auto' },
  };
}

/** A pod of one server and one other host, and what the service told. */
class Pod {
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
class Client {
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

describe('a request', () => {
  it('is answered from a port of its own at the address of its interface', async () => {
    const pod = new Pod();
    pod.content.set('ipxe.efi', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.read('ipxe.efi', { blksize: '1468', windowsize: '1', tsize: '0' });
    await settle(40);
    assert.deepEqual(client.bytes, Buffer.from(fileOf(5_000)));
    const from = client.heard[0]?.from;
    assert.equal(from?.address, SERVER);
    assert.notEqual(from?.port, 69);
    assert.deepEqual(pod.opened, [{ name: 'ipxe.efi', peer: ipv4('10.77.0.100'), serverAddress: ipv4(SERVER) }]);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.done']);
    const done = pod.events.at(-1);
    assert.equal(done?.data?.bytes, 5_000);
    assert.equal(done?.data?.blockBytes, 1_468);
    assert.equal(done?.data?.retransmits, 0);
    assert.equal(done?.subject.address, ipv4('10.77.0.100'));
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 1, 'only the listener is left');
  });

  it('for the size alone is a probe and no failure; the transfer that follows has its own port', async () => {
    const pod = new Pod();
    pod.content.set('shimx64.efi', fileOf(700));
    await pod.service.start();
    const client = await pod.client();
    client.ask('shimx64.efi', { tsize: '0', blksize: '1468', windowsize: '4' });
    await settle();
    const first = client.heard[0];
    assert.ok(first?.packet.op === TftpOp.OACK && first.packet.options.get('tsize') === '700');
    client.socket.send(encodeError(8, 'User aborted'), first.from);
    await settle();
    client.read('shimx64.efi', { blksize: '1468', windowsize: '4' });
    await settle(20);
    assert.equal(client.bytes.length, 700);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.probe', 'tftp.start', 'tftp.done']);
    assert.equal(pod.events[1]?.level, 'debug');
  });

  it('in netascii gets the converted text', async () => {
    const pod = new Pod();
    pod.content.set('motd', Buffer.from('one\ntwo\r'));
    await pod.service.start();
    const client = await pod.client();
    client.ask('motd', { tsize: '0' }, 69, 'netascii');
    await settle(20);
    assert.ok(client.last?.op === TftpOp.DATA);
    assert.equal(Buffer.from(client.last.data).toString('latin1'), 'one\r\ntwo\r\0');
  });

  const refused: [what: string, packet: Uint8Array, code: number, event: string][] = [
    ['to write', encodeWriteRequest('x', 'octet'), TftpErrorCode.ACCESS_VIOLATION, 'tftp.refused'],
    ['in mode mail', encodeReadRequest('x', 'mail'), TftpErrorCode.ILLEGAL_OPERATION, 'tftp.refused'],
    [
      'with a control character',
      encodeReadRequest('a\x1b[2Jb', 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    [
      'with an endless name',
      encodeReadRequest('x'.repeat(600), 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    ['for what is not there', encodeReadRequest('nothing', 'octet'), TftpErrorCode.FILE_NOT_FOUND, 'tftp.not-found'],
    [
      'for what may not be read',
      encodeReadRequest('../shadow', 'octet'),
      TftpErrorCode.ACCESS_VIOLATION,
      'tftp.refused',
    ],
    ['for what can not be read', encodeReadRequest('broken', 'octet'), TftpErrorCode.NOT_DEFINED, 'tftp.failed'],
  ];
  for (const [what, packet, code, type] of refused) {
    it(`${what} is refused with ERROR ${code} and told, throttled`, async () => {
      const pod = new Pod();
      pod.content.set('../shadow', new AccessDenied('outside of the assets'));
      pod.content.set('broken', new Error('EIO: i/o error'));
      await pod.service.start();
      const client = await pod.client();
      client.send(packet);
      await settle();
      assert.equal(client.lastError, code);
      assert.deepEqual(pod.told, [type]);
      assert.ok(pod.events[0]?.throttle !== undefined);
      assert.doesNotMatch(pod.events[0]?.text ?? '', /\p{Cc}/u);
      assert.equal(pod.service.statistics().running, 0);
    });
  }

  it('that is malformed is counted and told, not answered', async () => {
    const pod = new Pod();
    await pod.service.start();
    const client = await pod.client();
    for (const bytes of [[], [0], [0, 1, 65], [0, 1, 65, 0, 66], [7, 7, 7, 7]]) client.send(Uint8Array.from(bytes));
    client.send(encodeAck(1));
    await settle();
    assert.equal(client.heard.length, 0);
    assert.equal(pod.service.statistics().malformed, 5);
    assert.equal(pod.service.statistics().unexpected, 1);
    assert.ok(pod.events.every((event) => event.type === 'tftp.malformed' && event.throttle === '10.77.0.100'));
  });

  it('does not begin a second transfer when it comes twice, also while the file is being opened', async () => {
    const pod = new Pod();
    pod.content.set('ipxe.efi', fileOf(5_000));
    let open: () => void = () => {};
    pod.openDelay = new Promise((resolve) => {
      open = resolve;
    });
    await pod.service.start();
    const client = await pod.client();
    client.ask('ipxe.efi');
    client.ask('ipxe.efi');
    await settle();
    open();
    await settle();
    client.ask('ipxe.efi');
    await settle();
    assert.equal(pod.opened.length, 1);
    assert.equal(pod.service.statistics().started, 1);
    assert.equal(client.heard.length, 1);
  });

  it('for something else from the same port takes the place of the old transfer', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000)).set('b', fileOf(100));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    client.read('b');
    await settle(20);
    assert.equal(client.bytes.length, 100);
    assert.ok(
      client.heard.every(({ packet }) => packet.op === TftpOp.DATA),
      'no ERROR that would end the new one',
    );
    assert.equal(pod.service.statistics().running, 0);
  });

  it('of a machine that was reset in the middle begins anew, a late copy does not', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    client.socket.send(encodeAck(1), client.heard[0]?.from ?? assert.fail());
    await settle();
    client.ask('a');
    await settle();
    assert.equal(pod.service.statistics().started, 1);
    await pod.clock.advanceSettling(4_000, 100);
    client.ask('a');
    await settle();
    assert.equal(pod.service.statistics().started, 2);
    assert.equal(pod.service.statistics().running, 1);
  });
});

describe('many at once', () => {
  it('serves 200 clients at the same time, each the exact bytes', async () => {
    const pod = new Pod();
    const bytes = fileOf(1468 * 20 + 5);
    pod.content.set('nbp.efi', bytes);
    await pod.service.start();
    const clients = await Promise.all(Array.from({ length: 200 }, () => pod.client()));
    for (const client of clients) client.read('nbp.efi', { blksize: '1468', windowsize: '1' });
    await settle(300);
    for (const client of clients) assert.ok(Buffer.from(bytes).equals(client.bytes));
    assert.equal(pod.service.statistics().done, 200);
    assert.equal(pod.service.statistics().bytes, 200 * bytes.length);
    assert.equal(pod.clock.pendingTimers, 0);
    assert.equal(pod.openFiles, 0);
  });

  it('turns away who comes when the most transfers are running, and takes the next when one has ended', async () => {
    const pod = new Pod({ maxTransfers: 2 });
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const clients = await Promise.all(Array.from({ length: 3 }, () => pod.client()));
    for (const client of clients) client.ask('a');
    await settle();
    assert.deepEqual(
      clients.map((client) => client.lastError),
      [undefined, undefined, 0],
    );
    const busy = pod.events.find((event) => event.type === 'tftp.busy');
    assert.ok(busy?.throttle !== undefined && /maxTransfers/.test(busy.mend ?? ''));
    clients[0]?.socket.send(encodeAck(1), clients[0].heard[0]?.from ?? assert.fail());
    await settle();
    clients[2]?.read('a');
    await settle(20);
    assert.equal(clients[2]?.bytes.length, 100);
  });

  it('forgets clients that never answer', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a', { tsize: '0' });
    await settle();
    await pod.clock.advanceSettling(120_000, 1_000);
    assert.deepEqual(pod.told, ['tftp.start', 'tftp.stalled']);
    assert.match(pod.events[1]?.mend ?? '', /let UDP pass/);
    assert.equal(pod.service.statistics().running, 0);
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 1);
  });
});

describe('its interfaces', () => {
  const BOTH = [onInterface('eno2', SERVER), onInterface('eno3', '10.78.0.1')];

  it('are those with tftp alone', async () => {
    const pod = new Pod({ interfaces: [onInterface('eno2', SERVER), onInterface('eno3', '10.78.0.1', false)] });
    await pod.service.start();
    assert.deepEqual(
      [...pod.server.sockets].map((socket) => socket.options.interfaceName),
      ['eno2'],
    );
  });

  it('are all opened, or none at all with the reason', async () => {
    const pod = new Pod({ interfaces: [...BOTH, onInterface('eno9', '10.79.0.1')] });
    await assert.rejects(pod.service.start(), HostRefused);
    assert.equal(pod.server.sockets.size, 0);
  });

  it('change with a reload, and running transfers go on', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(600));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.reload(settingsWith({ interfaces: BOTH, port: 6_969 }));
    assert.deepEqual(
      [...pod.server.sockets].filter((socket) => socket.local.port === 6_969).map((socket) => socket.local.address),
      [SERVER, '10.78.0.1'],
    );
    assert.ok(![...pod.server.sockets].some((socket) => socket.local.port === 69));
    const from = client.heard[0]?.from ?? assert.fail();
    client.socket.send(encodeAck(1), from);
    await settle();
    client.socket.send(encodeAck(2), from);
    await settle();
    assert.equal(pod.told.at(-1), 'tftp.done');
  });

  it('stay as they were when a reload is refused', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    const wrong = settingsWith({ interfaces: [...BOTH, onInterface('eno9', '10.79.0.1')], port: 6_969 });
    await assert.rejects(pod.service.reload(wrong), HostRefused);
    assert.deepEqual(
      [...pod.server.sockets].map((socket) => `${socket.local.address}:${socket.local.port}`),
      [`${SERVER}:69`],
    );
    const client = await pod.client();
    client.read('a');
    await settle(20);
    assert.equal(client.bytes.length, 100);
  });

  it('may go and come back: told, and served again', async () => {
    const pod = new Pod({ interfaces: BOTH });
    pod.content.set('a', fileOf(100));
    await pod.service.start();
    pod.server.setAddress('eno2', undefined);
    await pod.service.interfaceChanged('eno2');
    assert.deepEqual(pod.told, ['tftp.interface-lost']);
    assert.ok(pod.events[0]?.mend !== undefined);
    assert.equal(pod.service.statistics().listening, 1);
    await pod.service.reload(settingsWith({ interfaces: BOTH, maxTransfers: 5 }));
    assert.equal(pod.service.statistics().listening, 1, 'a reload does not stumble over what was gone before');
    pod.server.setAddress('eno2', SERVER);
    await pod.service.interfaceChanged('eno2');
    const client = await pod.client();
    client.read('a');
    await settle(20);
    assert.equal(client.bytes.length, 100);
  });

  it('that are not ours are none of our business', async () => {
    const pod = new Pod();
    await pod.service.start();
    await pod.service.interfaceChanged('eno7');
    assert.deepEqual(pod.told, []);
    assert.equal(pod.service.statistics().listening, 1);
  });

  it('are quiet after stop, which tells the clients and leaves nothing open', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.stop();
    await settle();
    assert.equal(client.last?.op, TftpOp.ERROR);
    assert.equal(pod.server.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
    assert.equal(pod.openFiles, 0);
  });

  it('leave no file open when stop comes while one is being opened', async () => {
    const pod = new Pod();
    pod.content.set('a', fileOf(5_000));
    let open: () => void = () => {};
    pod.openDelay = new Promise((resolve) => {
      open = resolve;
    });
    await pod.service.start();
    const client = await pod.client();
    client.ask('a');
    await settle();
    await pod.service.stop();
    open();
    await settle();
    assert.equal(pod.openFiles, 0);
    assert.equal(pod.server.sockets.size, 0);
    assert.equal(pod.clock.pendingTimers, 0);
  });
});

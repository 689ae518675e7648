import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HostRefused } from '../../../src/domain/errors.ts';
import type { Lease } from '../../../src/domain/lease.ts';
import type { Node } from '../../../src/domain/node.ts';
import { type BootService, createBootService } from '../../../src/services/boot/boot-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import {
  address,
  FixedLeases,
  FixedNodes,
  KEY,
  lease,
  loopbackSettings,
  manifestIn,
  node,
  PROGRAM_FILES,
  RecordedEvents,
  temporaryFolder,
} from './fixtures.ts';

interface Room {
  readonly service: BootService;
  readonly events: RecordedEvents;
  readonly port: number;
  readonly assetsDir: string;
}

async function room(test: TestContext, nodes: Node[] = [], leases: Lease[] = []): Promise<Room> {
  const folder = await temporaryFolder(test, {
    ...PROGRAM_FILES,
    'assets/debian/linux': '0123456789',
    'assets/empty': '',
    secret: 'secret',
  });
  const events = new RecordedEvents();
  const assetsDir = join(folder, 'assets');
  const service = createBootService({
    settings: loopbackSettings(assetsDir),
    nodes: new FixedNodes(...nodes),
    leases: new FixedLeases(...leases),
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
  });
  await service.start();
  test.after(() => service.stop());
  return { service, events, assetsDir, port: service.listening()[0]?.port ?? 0 };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    request.on('error', reject);
    request.end();
  });
}

const HERE = '127.0.0.1';

test('a node gets its script by its address, by its name, and by its MAC address', async (test) => {
  const { port, events } = await room(test, [node()], [lease(HERE)]);
  for (const path of [
    '/boot.ipxe',
    '/boot/mac-52-54-00-77-00-01.ipxe',
    '/boot.ipxe?mac=52:54:00:77:00:01',
    `http://${HERE}/boot.ipxe`,
  ]) {
    const answer = await ask(port, path);
    assert.equal(answer.status, 200, path);
    assert.match(answer.body, /^#!ipxe\necho podboot: dgx01 boots rescue/);
    assert.match(
      answer.body,
      /^kernel http:\/\/127\.0\.0\.1:0\/assets\/debian\/linux initrd=initrd0 console=ttyS0,115200 /m,
    );
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.body)));
  }
  assert.equal(events.of('http.script').length, 4);
  assert.equal(events.of('http.script')[0]?.subject.nodeName, 'dgx01');
});

test('behind a router that hides addresses a machine is what its URL says', async (test) => {
  const { port } = await room(test, [node()], []);
  assert.match((await ask(port, '/boot/mac-52-54-00-77-00-01.ipxe')).body, /dgx01 boots rescue/);
});

test("another machine's script is refused, and told", async (test) => {
  const { port, events } = await room(test, [node()], [lease(HERE, 'mac:52:54:00:77:00:02')]);
  for (const path of [
    '/boot/mac-52-54-00-77-00-01.ipxe',
    '/boot.ipxe?mac=525400770001',
    '/grub/mac-52:54:00:77:00:01.cfg',
  ]) {
    const answer = await ask(port, path);
    assert.equal(answer.status, 403, path);
    assert.doesNotMatch(answer.body, /kernel/);
  }
  assert.equal(events.of('http.refused').length, 3);
});

test('a machine that is not enrolled reads on its console how to enrol it', async (test) => {
  const { port, events } = await room(test, [], [lease(HERE)]);
  const { status, body } = await ask(port, '/boot.ipxe');
  assert.equal(status, 200);
  assert.match(body, /^echo podboot: this machine is not enrolled: MAC address 52:54:00:77:00:01$/m);
  assert.match(body, /^echo podboot: to enrol it: podboot enrol NAME --mac 52:54:00:77:00:01/m);
  assert.match(body, /\nexit\n$/);
  assert.equal(events.of('boot.unknown').length, 1);
});

test("GRUB's configurations come by HTTP too", async (test) => {
  const { port } = await room(test, [node()], [lease(HERE)]);
  assert.match((await ask(port, '/grub/grub.cfg')).body, /dgx01 boots rescue/);
  assert.match((await ask(port, '//debian-installer/arm64/grub/grub.cfg')).body, /dgx01 boots rescue/);
});

test('a file with all that a client may want to know of it', async (test) => {
  const { port, events } = await room(test, [node()], [lease(HERE)]);
  const get = await ask(port, '/assets/debian/linux');
  assert.equal(get.status, 200);
  assert.equal(get.body, '0123456789');
  assert.equal(get.headers['content-length'], '10');
  assert.equal(get.headers['accept-ranges'], 'bytes');
  assert.match(get.headers.etag ?? '', /^"[^"]+"$/);
  assert.ok(!Number.isNaN(Date.parse(get.headers['last-modified'] ?? '')));
  const head = await ask(port, '/assets/debian/linux', { range: 'bytes=0-1' }, 'HEAD');
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10']);
  assert.equal(head.headers.etag, get.headers.etag);
  const [event] = events.of('http.asset');
  assert.equal(event?.level, 'info');
  assert.equal(event?.data?.bytes, 10);
  assert.match(event?.text ?? '', /^dgx01 got debian\/linux by HTTP/);
  assert.equal(event?.throttle, `${HERE} debian/linux`, 'a client can ask a thousand times a second');
});

test('boot programs come from their packages, with the type that UEFI looks for', async (test) => {
  const { port } = await room(test);
  const answer = await ask(port, '/assets//grubx64.efi');
  assert.deepEqual([answer.status, answer.body, answer.headers['content-type']], [200, 'grub', 'application/efi']);
});

const RANGES: [string, number, string, string | undefined][] = [
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=7-', 206, '789', 'bytes 7-9/10'],
  ['bytes=-2', 206, '89', 'bytes 8-9/10'],
  ['bytes=0-99', 206, '0123456789', 'bytes 0-9/10'],
  ['bytes=0-1,3-4', 200, '0123456789', undefined],
  ['bytes=10-', 416, 'debian/linux has 10 bytes.\n', 'bytes */10'],
];

for (const [range, status, body, contentRange] of RANGES) {
  test(`a part of a file: ${range}`, async (test) => {
    const { port } = await room(test);
    const answer = await ask(port, '/assets/debian/linux', { range });
    assert.deepEqual([answer.status, answer.body, answer.headers['content-range']], [status, body, contentRange]);
  });
}

test('a part of another version is not sent, nor what the client has', async (test) => {
  const { port } = await room(test);
  const { etag = '' } = (await ask(port, '/assets/debian/linux')).headers;
  assert.equal((await ask(port, '/assets/debian/linux', { range: 'bytes=1-', 'if-range': etag })).status, 206);
  assert.equal((await ask(port, '/assets/debian/linux', { range: 'bytes=1-', 'if-range': '"old"' })).status, 200);
  const held = await ask(port, '/assets/debian/linux', { 'if-none-match': etag });
  assert.deepEqual([held.status, held.body], [304, '']);
});

test('an empty file is whole', async (test) => {
  const { port } = await room(test);
  const answer = await ask(port, '/assets/empty');
  assert.deepEqual([answer.status, answer.body, answer.headers['content-length']], [200, '', '0']);
});

const TRAVERSALS = [
  '/assets/../secret',
  '/assets/%2e%2e/secret',
  '/assets/..%2fsecret',
  '/assets/%252e%252e/secret',
  '/assets/debian/../../secret',
  '/assets//../secret',
  '/assets/..%5csecret',
  '/assets/debian%00',
  '/assets/%2fetc%2fpasswd',
  '/assets//etc/passwd',
  '/assets/%c0%ae%c0%ae/secret',
  '/../secret',
  '/boot/../secret.ipxe',
  '/boot/%2e%2e%2fsecret.ipxe',
  '/assets',
  '/assets/',
  '/',
];

for (const path of TRAVERSALS) {
  test(`nothing is at ${path}`, async (test) => {
    const { port } = await room(test);
    const answer = await ask(port, path);
    assert.ok([400, 403, 404].includes(answer.status), String(answer.status));
    assert.doesNotMatch(answer.body, /^secret$|root:/);
    assert.match(answer.headers['content-type'] ?? '', /^text\/plain/);
    assert.match(answer.body, /^[^\n]+\n$/);
  });
}

test('no error tells where files lie on the server', async (test) => {
  const { port, assetsDir } = await room(test);
  for (const path of ['/assets/none', '/assets/debian', '/assets/../x']) {
    assert.ok(!(await ask(port, path)).body.includes(assetsDir), path);
  }
});

test('only GET and HEAD are answered', async (test) => {
  const { port } = await room(test);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await ask(port, '/boot.ipxe', {}, method);
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD'], method);
  }
});

test('what is no HTTP is answered with 400, counted, and the connection ended', async (test) => {
  const { port, service } = await room(test);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect({ host: HERE, port }, () => socket.write('\x16\x03\x01 hello\r\n\r\n'));
    let text = '';
    socket.on('data', (part) => {
      text += part.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.equal(service.statistics().httpMalformed, 1);
});

/** Everything that comes back for these bytes, until the connection ends or `enough` of it is there. */
async function exchange(port: number, bytes: string, enough: (text: string) => boolean): Promise<string> {
  return await new Promise((resolve) => {
    const socket = connect({ host: HERE, port }, () => socket.write(bytes));
    let text = '';
    socket.on('data', (part) => {
      text += part.toString('latin1');
      if (enough(text)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

test('requests that are sent ahead are answered one after another', async (test) => {
  const { port } = await room(test, [node()], [lease(HERE)]);
  const paths = ['/assets/debian/linux', '/boot.ipxe', '/assets/none', '/assets/debian/linux'];
  const asked = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: podboot\r\n\r\n`).join('');
  const answers = await exchange(port, asked, (text) => text.match(/0123456789/g)?.length === 2);
  const statuses = Array.from(answers.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
  assert.deepEqual(statuses, ['200', '200', '404', '200']);
});

test('a thousand requests sent ahead open no thousand files: the connection is ended, and that is told', async (test) => {
  const { port, events, service, assetsDir } = await room(test);
  await writeFile(join(assetsDir, 'large'), Buffer.alloc(4_000_000));
  await exchange(port, 'GET /assets/large HTTP/1.1\r\nHost: podboot\r\n\r\n'.repeat(1_000), () => false);
  const { httpRequests = 0 } = service.statistics();
  assert.ok(httpRequests <= 1, `${httpRequests} were begun`);
  assert.match(events.of('http.refused')[0]?.text ?? '', /127\.0\.0\.1 sent more requests ahead/);
});

test('a port in use is named with the mend, and nothing listens', async (test) => {
  const { port, assetsDir, events } = await room(test);
  const second = createBootService({
    settings: { ...loopbackSettings(assetsDir), http: { port, maxConnections: 1, maxConnectionsPerClient: 1 } },
    nodes: new FixedNodes(),
    leases: new FixedLeases(),
    clock: new FakeClock(),
    events,
  });
  await assert.rejects(second.start(), (error: unknown) => {
    assert.ok(error instanceof HostRefused);
    assert.match(error.message, /another program does/);
    assert.match(error.mend ?? '', /ss -ltnp/);
    return true;
  });
  assert.deepEqual(second.listening(), []);
});

test('a reload that fails leaves the old settings in force', async (test) => {
  const { service, port, assetsDir } = await room(test, [node()], [lease(HERE)]);
  const missing = {
    name: 'gone',
    address: address('192.0.2.1'),
    dhcp: 'off' as const,
    tftp: false,
    http: true,
    dns: false,
  };
  const wanted = loopbackSettings(assetsDir);
  await assert.rejects(
    service.reload({
      ...wanted,
      boot: { ...wanted.boot, profiles: new Map() },
      interfaces: [...wanted.interfaces, missing],
    }),
    HostRefused,
  );
  assert.match((await ask(port, '/boot.ipxe')).body, /boots rescue/);
});

test('a reload keeps the listener and takes the new profiles', async (test) => {
  const { service, port, assetsDir } = await room(test, [node()], [lease(HERE)]);
  const wanted = loopbackSettings(assetsDir);
  await service.reload({ ...wanted, boot: { ...wanted.boot, profiles: new Map() } });
  assert.equal(service.listening()[0]?.port, port);
  assert.match((await ask(port, '/boot.ipxe')).body, /boots from its disk .*not in the configuration/);
  await service.reload({ ...wanted, interfaces: [] });
  assert.deepEqual(service.listening(), []);
});

test('an interface that is missing at a change is told, not a crash', async (test) => {
  const { service, assetsDir, events } = await room(test);
  await service.stop();
  const gone = {
    name: 'gone',
    address: address('192.0.2.1'),
    dhcp: 'off' as const,
    tftp: false,
    http: true,
    dns: false,
  };
  await assert.rejects(service.reload(loopbackSettings(assetsDir, { interfaces: [gone] })), HostRefused);
  await service.interfaceChanged('lo');
  assert.equal(service.listening().length, 1);
  assert.deepEqual(events.of('http.no-listener'), []);
});

test('what a machine would not find is listed with the mend', async (test) => {
  const { service } = await room(test);
  const problems = await service.checkAssets();
  assert.deepEqual(
    problems.map((problem) => problem.path),
    ['profiles.rescue.initrds[0]'],
  );
  assert.match(problems[0]?.mend ?? '', /debian\/initrd\.gz/);
});

test('the key of a machine without a MAC address stands in its URL', async (test) => {
  const byClientId = node({}, { interfaces: [{ name: 'ib0', role: 'boot', clientId: 'ff0011' }] });
  const { port } = await room(test, [byClientId], [lease(HERE, 'cid:ff0011')]);
  assert.match((await ask(port, '/boot/cid-ff0011.ipxe')).body, /dgx01 boots rescue/);
  assert.equal((await ask(port, '/boot/nonsense.ipxe')).status, 404);
  assert.equal((await ask(port, `/boot/${KEY.replaceAll(':', '-')}.ipxe`)).status, 403);
});

/** Resolves when the server has taken it, or has closed it. */
async function dial(test: TestContext, port: number, from: string): Promise<'open' | 'refused'> {
  const socket = connect({ host: HERE, port, localAddress: from });
  test.after(() => socket.destroy());
  socket.on('error', () => undefined);
  return await new Promise((resolve) => {
    socket.once('close', () => resolve('refused'));
    socket.once('data', () => resolve('open'));
    socket.write('GET /assets/empty HTTP/1.1\r\nHost: x\r\n\r\n');
  });
}

test('a client that holds its share of the connections gets no more, and leaves the others to the others', async (test) => {
  const { service, events, assetsDir } = await room(test);
  await service.reload(
    loopbackSettings(assetsDir, { http: { port: 0, maxConnections: 8, maxConnectionsPerClient: 3 } }),
  );
  const { port } = service.listening()[0] ?? { port: 0 };
  const dialled: string[] = [];
  for (let index = 0; index < 10; index += 1) dialled.push(await dial(test, port, '127.0.0.2'));
  assert.deepEqual(dialled, [...Array(3).fill('open'), ...Array(7).fill('refused')]);
  assert.equal(service.statistics().httpTurnedAway, 7);
  const [event] = events.of('http.refused');
  assert.match(event?.text ?? '', /127\.0\.0\.2 was refused: 3 of its own are open/);
  assert.match(event?.mend ?? '', /http\.maxConnectionsPerClient/);
  assert.equal(event?.throttle, '127.0.0.2');
  assert.equal(await dial(test, port, '127.0.0.3'), 'open');
});

test('a client whose connections have ended may open as many again, and a reload gives it more', async (test) => {
  const { service, assetsDir } = await room(test);
  const limited = (maxConnectionsPerClient: number) =>
    service.reload(loopbackSettings(assetsDir, { http: { port: 0, maxConnections: 8, maxConnectionsPerClient } }));
  await limited(1);
  const { port } = service.listening()[0] ?? { port: 0 };
  for (let index = 0; index < 5; index += 1) assert.equal((await ask(port, '/assets/empty')).status, 200);
  assert.equal(await dial(test, port, HERE), 'open');
  assert.equal(await dial(test, port, HERE), 'refused');
  await limited(2);
  assert.equal(await dial(test, port, HERE), 'open');
  assert.equal(await dial(test, port, HERE), 'refused');
});

test('one connection too many is refused and told, with the mend', async (test) => {
  const { service, events, assetsDir } = await room(test);
  await service.reload(
    loopbackSettings(assetsDir, { http: { port: 0, maxConnections: 1, maxConnectionsPerClient: 1 } }),
  );
  const { port } = service.listening()[0] ?? { port: 0 };
  const first = connect({ host: HERE, port });
  test.after(() => first.destroy());
  await new Promise((resolve) => first.once('connect', resolve));
  const second = connect({ host: HERE, port });
  second.on('error', () => undefined);
  await new Promise((resolve) => second.once('close', resolve));
  const [event] = events.of('http.refused');
  assert.match(event?.text ?? '', /1 are open/);
  assert.match(event?.mend ?? '', /http\.maxConnections/);
});

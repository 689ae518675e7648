import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BootGrant } from '../../../src/domain/boot-grant.ts';
import { AccessDenied, InvalidInput, NotFound } from '../../../src/domain/errors.ts';
import {
  type AnswerTickets,
  type CallbackKind,
  type GrantDirectory,
  type GrantStanding,
  type InstallDesk,
  TooManyRequests,
} from '../../../src/domain/install-ports.ts';
import type { ProfileSettings } from '../../../src/domain/settings.ts';
import { createBootService } from '../../../src/services/boot/boot-service.ts';
import { FakeClock } from '../../harness/clock.ts';
import {
  address,
  bootSettings,
  FixedLeases,
  FixedNodes,
  lease,
  loopbackSettings,
  manifestIn,
  node,
  PROGRAM_FILES,
  RecordedEvents,
  temporaryFolder,
} from './fixtures.ts';

const TOKEN = '0123456789abcdef0123456789abcdef01234567';
const GRANT: BootGrant = {
  id: 'g1',
  nodeId: 'n1',
  profile: 'os',
  state: 'armed',
  armedBy: 'anna',
  armedAt: 0,
  expiresAt: 9e12,
  attempt: 1,
  version: 1,
};
const PRESEED: ProfileSettings = {
  name: 'os',
  kind: 'preseed',
  kernel: 'debian/linux',
  initrds: ['debian/initrd.gz'],
  arguments: 'console=ttyS0',
};
const SCRIPT: ProfileSettings = {
  name: 'os',
  kind: 'script',
  initrds: [],
  arguments: '',
  script: 'chain http://10.77.0.1/assets/wipe.ipxe',
};

/** A lifecycle that says what a test wants, and remembers what it was asked. */
class FakeLifecycle implements GrantDirectory, AnswerTickets, InstallDesk {
  standingNow: GrantStanding = { kind: 'armed', grant: GRANT };
  readonly told: [CallbackKind, string][] = [];
  claims = 0;
  refusal: Error | undefined;

  standing(): GrantStanding {
    return this.standingNow;
  }

  async ticket(_: string, at: number, origin: string) {
    return { origin, token: TOKEN, baseUrl: `${origin}/install/${TOKEN}/`, address: at };
  }

  async claimByScript(): Promise<void> {
    this.claims += 1;
    if (this.claims > 1) throw new AccessDenied('its boot grant is not armed any more');
  }

  async answerFile({ token }: { token: string }, name: string) {
    if (this.refusal !== undefined) throw this.refusal;
    assert.equal(token, TOKEN);
    if (name !== 'preseed.cfg') throw new NotFound('dgx01 has no answer file of this name');
    return { name, contentType: 'text/plain; charset=utf-8', text: 'd-i locale string C\n' };
  }

  async callback(_: unknown, kind: CallbackKind, text: string): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    this.told.push([kind, text]);
  }
}

async function room(context: TestContext, profile = PRESEED, leased = '127.0.0.1') {
  const folder = await temporaryFolder(context, { ...PROGRAM_FILES, 'assets/debian/linux': 'k' });
  const events = new RecordedEvents();
  const lifecycle = new FakeLifecycle();
  const service = createBootService({
    settings: loopbackSettings(join(folder, 'assets'), {
      boot: bootSettings({ profiles: new Map([['os', profile]]) }),
    }),
    nodes: new FixedNodes(node({ profile: 'local' })),
    leases: new FixedLeases(lease(leased)),
    clock: new FakeClock(),
    events,
    lifecycle,
    manifest: manifestIn(folder),
  });
  await service.start();
  context.after(() => service.stop());
  const port = service.listening()[0]?.port ?? 0;
  const ask = (path: string, method = 'GET', body?: string | Buffer) =>
    new Promise<{ status: number; body: string; type: string }>((resolve, reject) => {
      const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, agent: false }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, body: text, type: incoming.headers['content-type'] ?? '' }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { ask, events, lifecycle, service };
}

test('the script of an armed node names its answer files, and nothing that is told does', async (context) => {
  const { ask, events } = await room(context);
  const { body } = await ask('/boot/mac-52-54-00-77-00-01.ipxe');
  assert.match(body, new RegExp(`preseed/url=http://127\\.0\\.0\\.1(:[0-9]+)?/install/${TOKEN}/preseed\\.cfg`));
  assert.ok(!JSON.stringify(events.events).includes(TOKEN));
});

test('a node whose grant is not armed gets its disk', async (context) => {
  const { ask, lifecycle } = await room(context);
  lifecycle.standingNow = { kind: 'none', reason: 'its boot grant is claimed' };
  const { body } = await ask('/boot/mac-52-54-00-77-00-01.ipxe');
  assert.doesNotMatch(body, /kernel http/);
});

test('an answer file is fetched by GET, callbacks are told by POST, PUT or GET', async (context) => {
  const { ask, lifecycle, service } = await room(context);
  const answer = await ask(`/install/${TOKEN}/preseed.cfg`);
  assert.deepEqual(
    [answer.status, answer.body, answer.type],
    [200, 'd-i locale string C\n', 'text/plain; charset=utf-8'],
  );
  assert.equal((await ask(`//install/${TOKEN}/preseed.cfg`)).status, 200, 'firmware and installers double slashes');
  assert.equal((await ask(`/install/${TOKEN}/preseed.cfg`, 'HEAD')).status, 405);
  assert.equal((await ask(`/install/${TOKEN}/preseed.cfg`, 'POST', 'x')).status, 405);
  assert.equal((await ask(`/install/${TOKEN}/callback/started`, 'POST', 'words')).status, 200);
  assert.equal((await ask(`/install/${TOKEN}/callback/finished`)).status, 200);
  assert.equal((await ask(`/install/${TOKEN}/callback/log`, 'PUT', 'a\nb')).status, 200);
  assert.equal((await ask(`/install/${TOKEN}/callback/log`, 'DELETE')).status, 405);
  assert.equal((await ask(`/install/${TOKEN}/callback/explode`, 'POST', '')).status, 404);
  assert.deepEqual(lifecycle.told, [
    ['started', 'words'],
    ['finished', ''],
    ['log', 'a\nb'],
  ]);
  assert.equal(service.statistics().httpAnswerFiles, 2);
});

test('what an installer may say at once is bounded', async (context) => {
  const { ask, lifecycle } = await room(context);
  const { status } = await ask(`/install/${TOKEN}/callback/log`, 'POST', Buffer.alloc(65_537, 'x'));
  assert.equal(status, 413);
  assert.deepEqual(lifecycle.told, []);
});

for (const [status, refusal] of [
  [403, new AccessDenied('the grant is spent')],
  [404, new NotFound('there is none')],
  [429, new TooManyRequests('too many')],
  [500, new InvalidInput('preseed.cfg.liquid:12', [])],
] as const) {
  test(`a refusal is answered by ${status}, for files and for callbacks`, async (context) => {
    const { ask, lifecycle } = await room(context);
    lifecycle.refusal = refusal;
    const answer = await ask(`/install/${TOKEN}/preseed.cfg`);
    assert.equal(answer.status, status);
    assert.equal((await ask(`/install/${TOKEN}/callback/failed`, 'POST', 'x')).status, status);
    if (status === 500) assert.doesNotMatch(answer.body, /liquid/);
  });
}

test('whatever stands below /install/, no event holds its token', async (context) => {
  const { ask, events } = await room(context);
  for (const path of [
    `/install/${TOKEN}`,
    `/install/${TOKEN}/`,
    `/install/${TOKEN}/../secret`,
    `/install/${TOKEN}/a/b/c`,
    `/install/${TOKEN}/%zz`,
    `/install/${TOKEN}/%2e%2e%2fsecret`,
    `/INSTALL/${TOKEN}/x`,
    `/install//${TOKEN}/x`,
    `/%69nstall/${TOKEN}/x`,
    `/install%2f${TOKEN}/x`,
    `/install%2F${TOKEN}%2Fpreseed.cfg/x`,
  ]) {
    const { status } = await ask(path);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
  }
  assert.ok(!JSON.stringify(events.events).includes(TOKEN), JSON.stringify(events.events));
});

test('a script that is all that there is to fetch claims the grant before it leaves, once', async (context) => {
  const { ask, lifecycle } = await room(context, SCRIPT);
  assert.equal((await ask('/boot/mac-52-54-00-77-00-01.ipxe', 'HEAD')).status, 200);
  assert.equal(lifecycle.claims, 0);
  assert.match((await ask('/boot/mac-52-54-00-77-00-01.ipxe')).body, /wipe\.ipxe/);
  assert.equal(lifecycle.claims, 1);
  assert.doesNotMatch((await ask('/boot/mac-52-54-00-77-00-01.ipxe')).body, /wipe\.ipxe/);
});

test('nothing but a sample stands in what a preview shows of an armed node', async (context) => {
  const { service } = await room(context);
  const requester = {
    address: address('127.0.0.1'),
    key: 'mac:52:54:00:77:00:01',
    port: { node: node(), interface: { name: 'eno1', role: 'boot' as const } },
  };
  const { text } = service.preview().scripts.ipxe(requester, address('127.0.0.1'));
  assert.match(text, /\/install\/0{40}\/preseed\.cfg/);
});

test('whoever asks for an armed node’s script from another address than the node’s gets no token', async (context) => {
  const { ask, events } = await room(context, PRESEED, '10.77.0.100');
  const { body } = await ask('/boot/mac-52-54-00-77-00-01.ipxe');
  assert.ok(!body.includes('/install/'));
  assert.match(events.of('install.refused')[0]?.text ?? '', /127\.0\.0\.1 is not the address that dgx01 was given/);
});

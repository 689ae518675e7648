import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { createApiClient } from '../../src/cli/api-client.ts';
import { queryOf, registerEvents } from '../../src/cli/events.ts';
import { followEvents, messageReader, type StreamMessage } from '../../src/cli/follow-events.ts';
import { registerNodes } from '../../src/cli/nodes.ts';
import { InvalidInput, PodbootError } from '../../src/domain/errors.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-events-'));
const socketPath = join(folder, 'api.sock');
const tokenFile = join(folder, 'token');
const env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile };
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
beforeEach(async () => {
  pod = new ApiFixture();
  await pod.api.listen([{ socketPath }]);
  writeFileSync(tokenFile, pod.token, { mode: 0o600 });
});
afterEach(() => pod.api.close());

function emit(text: string, more: Partial<BootEvent> = {}): void {
  pod.timeline.emit({ type: 'dhcp.offer', level: 'info', subject: {}, text, ...more });
}

async function podboot(...words: string[]) {
  const captured = capture();
  await run(
    (program) => {
      registerEvents(program, { output: captured.output, env });
      registerNodes(program, { output: captured.output, env });
    },
    ...words,
  );
  return captured;
}

describe('podboot events', () => {
  beforeEach(() => {
    emit('dgx01 (52:54:00:77:00:01): PXE firmware is offered 10.77.0.1', {
      subject: { nodeId: 'a', nodeName: 'dgx01' },
    });
    emit('got snponly.efi\u001b[2J', { type: 'tftp.done', subject: { nodeId: 'a', nodeName: 'dgx01' } });
    emit('asks', { level: 'warn', subject: { key: 'mac:52:54:00:77:00:09' }, mend: 'Enrol it.' });
  });
  const since = ['--since', '2020-01-01T00:00:00Z'];

  it('tells in lines who did what, and names nobody twice', async () => {
    assert.equal(
      (await podboot('events', ...since)).printed(),
      [
        '2026-01-01T00:00:00.000Z  dgx01 (52:54:00:77:00:01): PXE firmware is offered 10.77.0.1',
        '2026-01-01T00:00:00.000Z  dgx01  got snponly.efi�[2J',
        '2026-01-01T00:00:00.000Z  warn: 52:54:00:77:00:09  asks → Enrol it.',
      ].join('\n'),
    );
  });

  it('has filters, and one JSON object a line for programs', async () => {
    const lines = (await podboot('events', ...since, '--json', '--type', 'tftp.')).printed().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).type),
      ['tftp.done'],
    );
    assert.match((await podboot('events', ...since, '--level', 'warn')).printed(), /asks/);
    const one = await podboot('events', ...since, '--node', '52-54-00-77-00-09');
    assert.equal(one.printed().split('\n').length, 1);
    await assert.rejects(podboot('events', ...since, '--level', 'loud'), InvalidInput);
  });

  it('says where nothing happened since then', async () => {
    const quiet = await podboot('events', '--since', '2030-01-01');
    assert.equal(quiet.printed(), '');
    assert.match(quiet.told(), /nothing since 2030-01-01T00:00:00\.000Z/);
  });

  it('reads times as they are written', () => {
    const now = Date.UTC(2026, 0, 2);
    const asked = (options: object) => queryOf(options, now).get('since');
    assert.equal(asked({}), '2026-01-01T23:00:00.000Z');
    assert.equal(asked({ since: '10m' }), '2026-01-01T23:50:00.000Z');
    assert.equal(asked({ since: '2026-01-01T12:00:00+02:00' }), '2026-01-01T10:00:00.000Z');
    assert.equal(asked({ follow: true }), null);
    for (const since of ['yesterday', '5', '-1h', '2026-13-01']) {
      if (since === '5') assert.equal(asked({ since }), '2026-01-01T23:59:55.000Z');
      else assert.throws(() => asked({ since }), InvalidInput, since);
    }
  });
});

describe('podboot events --follow', () => {
  it('goes on over a restart of the daemon and a new token, without a gap or a double', async () => {
    const seen: string[] = [];
    const breaks: string[] = [];
    const store = pod.store;
    let arrived = () => {};
    const until = async (count: number) => {
      while (seen.length < count) await new Promise<void>((resolve) => (arrived = resolve));
    };
    const following = followEvents({
      path: '/events?after=0',
      connect: () => createApiClient({}, env),
      onEvent: ({ text }) => {
        seen.push(text);
        arrived();
      },
      onBreak: (reason) => breaks.push(reason),
      pause: async () => {
        if (breaks.length === 1) {
          // It stopped; what happened meanwhile is in the store, and the token is another one.
          pod = new ApiFixture([], store);
          writeFileSync(tokenFile, pod.token);
          emit('three');
          return;
        }
        if (breaks.length === 2) await pod.api.listen([{ socketPath }]);
      },
    });
    emit('one');
    emit('two');
    await pod.clock.advanceSettling(200);
    await until(2);
    await pod.api.close();
    await until(3);
    emit('four', { subject: {} });
    await pod.clock.advanceSettling(200);
    await until(4);
    assert.deepEqual(seen, ['one', 'two', 'three', 'four']);
    assert.match(breaks[0] ?? '', /podboot stops/);
    assert.match(breaks[1] ?? '', /no podboot answers/);
    // From here on its token is none: a restart with an empty store.
    const refused = assert.rejects(
      following,
      (error) => error instanceof PodbootError && error.code === 'unauthorized',
    );
    await pod.api.close();
    pod = new ApiFixture();
    await pod.api.listen([{ socketPath }]);
    await refused;
  });

  it('ends with its node', async () => {
    await pod.enrol('dgx01', 1);
    const opened = Promise.withResolvers<void>();
    const seen: string[] = [];
    const following = followEvents({
      path: '/nodes/dgx01/events?after=0',
      connect: () => createApiClient({}, env),
      onEvent: ({ type }) => {
        seen.push(type);
        opened.resolve();
      },
      onBreak: (reason) => assert.fail(reason),
      pause: async () => undefined,
    });
    await opened.promise;
    await pod.call('DELETE', '/nodes/dgx01', undefined, { 'if-match': '*' });
    await pod.clock.advanceSettling(200);
    await following;
    assert.deepEqual(seen, ['node.enrolled', 'node.removed']);
  });

  it('does not try again what is refused at once', async () => {
    await assert.rejects(podboot('events', '--follow', '--node', 'nobody'), { code: 'not-found' });
    await pod.api.close();
    await assert.rejects(podboot('events', '--follow'), /no podboot answers/);
  });
});

it('an event stream is read in pieces of any length', () => {
  const text = ': still here\nid: 4\n\nid: 5\ndata: {"a":\ndata: 1}\n\nevent: end\ndata: x\n\n';
  for (let size = 1; size <= text.length; size += 1) {
    const messages: StreamMessage[] = [];
    const read = messageReader((message) => messages.push(message));
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size));
    assert.deepEqual(messages, [{ id: '4' }, { id: '5', data: '{"a":\n1}' }, { event: 'end', data: 'x' }]);
  }
  assert.throws(() => messageReader(() => undefined)('x'.repeat(1_000_001)), PodbootError);
});

describe('podboot nodes and leases', () => {
  it('list those that are asked for', async () => {
    for (const number of [1, 2, 3]) await pod.enrol(`dgx0${number}`, number);
    const node = (await pod.call('GET', '/nodes/dgx02')).json();
    pod.leases = [1, 2].map((number) => ({
      address: 0x0a4d0000 + number,
      key: `mac:52:54:00:77:00:0${number}`,
      state: 'bound',
      mac: `52:54:00:77:00:0${number}` as MacAddress,
      ...(number === 2 ? { nodeId: node.id } : {}),
      startsAt: 0,
      expiresAt: null,
    }));
    const names = async (...words: string[]) =>
      JSON.parse((await podboot(...words, '--json')).printed()).map(
        (each: { name?: string; address?: string }) => each.name ?? each.address,
      );
    assert.deepEqual(await names('nodes', 'dgx[01-02]'), ['dgx01', 'dgx02']);
    assert.deepEqual(await names('nodes', '--where', 'rack=r1'), []);
    assert.match((await podboot('nodes', 'login*')).printed(), /No node is like that/);
    assert.deepEqual(await names('leases', '--node', 'dgx02'), ['10.77.0.2']);
    assert.deepEqual(await names('leases', '--mac', '525400770001'), ['10.77.0.1']);
    assert.deepEqual(await names('leases', '--subnet', '10.77.0.2/31'), ['10.77.0.2']);
    await assert.rejects(podboot('leases', '--subnet', '10.77.0.2/8'), InvalidInput);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventReader } from '../api/event-reader.ts';
import { pause } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip'] });

interface Entry {
  readonly sequence: number;
  readonly type: string;
  readonly node?: string;
}

test('kill -9: what was told more than a second ago is in the timeline, and numbers and streams go on', {
  skip,
  timeout: 60_000,
}, async () => {
  await using site = await Site.up(SITE);
  const { daemon } = site;
  const entries = async (path: string): Promise<Entry[]> =>
    JSON.parse((await daemon.call('GET', path, undefined, { accept: 'application/json' })).body).items;
  const follow = (headers: Record<string, string>) => EventReader.open(daemon.socketPath, '/events?after=0', headers);
  const token = { authorization: `Bearer ${daemon.token}` };

  const first = await follow(token);
  const told: { readonly name: string; readonly at: number }[] = [];
  for (let number = 1; number <= 40; number += 1) {
    const name = `dgx${String(number).padStart(2, '0')}`;
    const mac = `52:54:00:77:01:${number.toString(16).padStart(2, '0')}`;
    await daemon.enrol({ name, interfaces: [{ name: 'eno1', mac }] });
    told.push({ name, at: performance.now() });
    await pause(40);
  }
  await daemon.kill();
  const killedAt = performance.now();
  await first.until(({ ended }) => ended);
  const lastSeen = Number(first.messages.at(-1)?.id);

  await daemon.start();
  const stored = await entries('/api/v1/events?limit=1000&type=node.');
  const due = told.filter(({ at }) => killedAt - at > 1_000).map(({ name }) => name);
  assert.ok(due.length > 5, `${due.length}`);
  assert.deepEqual(
    stored.map(({ node }) => node),
    told.slice(0, stored.length).map(({ name }) => name),
    'in order, without a gap',
  );
  assert.ok(stored.length >= due.length, `${stored.length} of ${due.length} that have to be there`);
  assert.equal((await entries(`/api/v1/nodes/${told[0]?.name}/timeline`))[0]?.type, 'node.enrolled');
  const seen = await entries(`/api/v1/events?limit=1000&after=${lastSeen - 1}`);
  assert.equal(seen[0]?.sequence, lastSeen, 'whatever a stream has shown is in the store');

  const second = await follow({ ...token, 'last-event-id': String(lastSeen) });
  await daemon.enrol({ name: 'login01', interfaces: [{ name: 'eno1', mac: '52:54:00:77:02:01' }] });
  await second.until(({ text }) => text.includes('login01'));
  const ids = second.messages.map(({ id }) => Number(id));
  assert.ok(
    ids.every((id, index) => id > (ids[index - 1] ?? lastSeen)),
    ids.join(' '),
  );
  assert.equal(
    new Set([...first.messages, ...second.messages].map(({ id }) => id)).size,
    first.messages.length + ids.length,
  );

  await daemon.call('DELETE', '/api/v1/nodes/dgx01', undefined, { 'if-match': '*' });
  await daemon.stop();
  await second.until(({ ended }) => ended);
  assert.equal(second.texts.at(-1), 'stopping');
  await daemon.start();
  const after = await entries('/api/v1/events?limit=1000&type=node.');
  assert.deepEqual(
    after.filter(({ node }) => node === 'dgx01').map(({ type }) => type),
    ['node.removed'],
    'a clean stop writes what waits; the history of what was removed is gone',
  );
});

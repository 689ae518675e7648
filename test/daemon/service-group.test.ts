import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reloadAll, type Service } from '../../src/daemon/service-group.ts';
import { Turns } from '../../src/domain/turns.ts';
import { settle } from '../harness/clock.ts';
import { podSettings } from '../services/dhcp/pod.ts';

test('reloads that come together are made one after another, also after one that is refused', async () => {
  const said: string[] = [];
  let refuse = (_: Error): void => {};
  const slow: Service = {
    start: async () => {},
    stop: async () => {},
    reload: ({ dataDir }) => {
      said.push(`slow ${dataDir}`);
      return dataDir === 'first' ? new Promise((_, reject) => (refuse = reject)) : Promise.resolve();
    },
  };
  const quick: Service = { ...slow, reload: async ({ dataDir }) => void said.push(`quick ${dataDir}`) };
  const files = ['first', 'second'];
  const turns = new Turns();
  const reload = () =>
    turns.take(async () => {
      const next = { ...podSettings(), dataDir: files.shift() ?? '' };
      await reloadAll([quick, slow], next, { ...podSettings(), dataDir: 'old' });
      return next.dataDir;
    });
  const both = Promise.allSettled([reload(), reload()]);
  await settle();
  refuse(new Error('port in use'));
  const [first, second] = await both;
  assert.equal(first.status, 'rejected');
  assert.deepEqual(second, { status: 'fulfilled', value: 'second' });
  assert.deepEqual(said, ['quick first', 'slow first', 'quick old', 'quick second', 'slow second']);
});

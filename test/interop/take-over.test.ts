import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { must, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox'] });
const CLI = new URL('../../src/cli/podboot.ts', import.meta.url).pathname;
const podboot = (...argv: string[]) => must([process.execPath, CLI, ...argv]);

test('another management node takes over from a backup: the recipe of docs/backup.md, and clients notice nothing', {
  skip,
  timeout: 120_000,
}, async (context) => {
  await using site = await Site.up(SITE);
  const { daemon: first } = site;
  await first.enrol({ name: 'dgx01', interfaces: [{ name: 'eno1', mac: '52:54:00:77:00:a1' }] });
  const clients = ['52:54:00:77:00:a1', '52:54:00:77:00:a2', '52:54:00:77:00:a3'].map(
    (mac) => new Udhcpc(site.client(mac)),
  );
  const [node, stranger, late] = clients as [Udhcpc, Udhcpc, Udhcpc];
  const staying = node.stay();
  let second: Daemon | undefined;
  try {
    const held = () => node.events.filter(({ event }) => event === 'bound' || event === 'renew');
    await until(() => held().length === 1, { what: 'dgx01 has its address' });
    const address = held()[0]?.ip;
    const strangers = stranger.lease().ip;

    const archive = join(first.folder, 'podboot.tar.gz');
    podboot('backup', archive, '--config', first.configurationFile);
    const afterBackup = late.lease().ip;

    // Its power is gone: nothing is said to anybody.
    await first.kill();
    site.server.ip('link', 'set', 'eno2', 'down');
    const diedAt = performance.now();

    const other = site.network.namespace('second');
    site.plugIn({ namespace: other, name: 'eno2', address: `${SERVER}/24` });
    second = new Daemon(other, SITE);
    const dataDir = join(second.folder, 'data');
    rmSync(dataDir, { recursive: true });
    podboot('restore', archive, '--data-dir', dataDir, '--config', second.configurationFile);
    copyFileSync(join(first.folder, 'first-token'), join(second.folder, 'first-token'));
    await second.start();
    other.must(['busybox', 'arping', '-U', '-c', '1', '-I', 'eno2', SERVER]);

    staying.signal('SIGUSR1');
    await until(() => held().length === 2, {
      what: 'dgx01 renews',
      timeoutMs: 30_000,
      evidence: () => second?.output ?? '',
    });
    const seconds = (performance.now() - diedAt) / 1_000;
    context.diagnostic(`taken over after ${seconds.toFixed(1)} s`);
    assert.ok(seconds < 60, `${seconds} s`);
    assert.equal(held()[1]?.ip, address, 'the same address');
    assert.equal(held()[1]?.serverid, SERVER);
    assert.equal(stranger.lease('-r', strangers ?? '').ip, strangers);
    assert.equal(
      late.lease('-r', afterBackup ?? '').ip,
      afterBackup,
      'a lease that is younger than the backup is kept too',
    );
    assert.match(await second.nodes(), /"dgx01"/);
    const ready = await second.call('GET', '/readyz', undefined, { authorization: '' });
    assert.deepEqual([ready.status, ready.body], [200, 'ok\n']);
  } finally {
    await staying.stop();
    for (const each of clients) each.remove();
    await second?.remove();
  }
});

import assert from 'node:assert/strict';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox', 'perfdhcp', 'mount'] });

test('a full disk: nothing is acknowledged that is not on it, the mend is told, and it goes on when there is room', {
  skip,
}, async () => {
  await using site = new Site();
  const daemon = new Daemon(site.server, SITE);
  site.daemon = daemon;
  const data = join(daemon.folder, 'data');
  const client = new Udhcpc(site.client('52:54:00:77:02:01'));
  const other = new Udhcpc(site.client('52:54:00:77:02:02'));
  must(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data]);
  try {
    await daemon.start();
    const address = client.lease().ip;
    const filler = join(data, 'filler');
    const { bavail, bsize } = statfsSync(data);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    assert.ok(other.unanswered(), 'an ACK whose lease could not be written');
    const line = await daemon.logged(
      (each) => /disk|space|full/i.test(`${each.msg}`) && each.level !== 'info',
      'the full disk is in the log',
    );
    assert.match(JSON.stringify(line), /free|room|space|remove|delete/i);
    assert.ok(daemon.running, daemon.output);
    rmSync(filler);
    assert.notEqual(other.lease('-t', '8').ip, address);
    assert.equal(client.lease().ip, address);
  } finally {
    client.remove();
    other.remove();
    await daemon.stop();
    run(['umount', '-l', data]);
  }
});

test('a reader of the log that stalls does not stop DHCP', { skip }, async () => {
  await using site = new Site();
  const relay = '10.77.0.2';
  // Nobody reads the pipe: after 64 KiB a write to it blocks.
  const daemon = new Daemon(
    site.server,
    {
      interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: false } },
      subnets: { '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.31.255'], relays: [relay] } },
      dhcp: { probeInterval: '0s' },
      log: { level: 'debug', format: 'json' },
    },
    { prefix: ['sh', '-c', '"$@" | sleep 600', 'sh'] },
  );
  site.daemon = daemon;
  await daemon.start();
  const host = site.client('52:54:00:77:02:03', `${relay}/16`);
  const argv = ['perfdhcp', '-4', '-l', relay, '-W', '1000000', '-r', '500', '-R', '500', '-p', '4', SERVER];
  const result = host.run(argv, { timeoutMs: 60_000 });
  const received = Array.from(result.stdout.matchAll(/^received packets: (\d+)/gm), (match) => Number(match[1]));
  const sent = Array.from(result.stdout.matchAll(/^sent packets: (\d+)/gm), (match) => Number(match[1]));
  assert.ok((sent[0] ?? 0) > 1000, result.stdout);
  assert.ok((received[0] ?? 0) > (sent[0] ?? 0) * 0.95, result.stdout);
});

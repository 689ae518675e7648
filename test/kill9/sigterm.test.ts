import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatIpv4 } from '../../src/domain/ipv4.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { EventReader } from '../api/event-reader.ts';
import { Daemon } from '../harness/daemon.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from '../interop/site.ts';

const skip = unmet({ root: true, tools: ['ip', 'curl'] });
const STOPS = 6;
const NEW_CLIENTS = 400;
const RELAY = '10.77.0.2';
const LOAD_CLIENT = new URL('load-client.ts', import.meta.url).pathname;
/** systemd and container runtimes kill after 10 s. */
const LIMIT_MS = 10_000;

test(`SIGTERM under load, ${STOPS} times: it ends within 10 s by itself, and what was acknowledged is on disk`, {
  skip,
  timeout: 240_000,
}, async (context) => {
  await using site = new Site();
  const host = site.client('52:54:00:77:00:f2', `${RELAY}/16`);
  const daemon = new Daemon(site.server, {
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: true, http: true } },
    subnets: {
      '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.127.255'], relays: [RELAY], leaseTime: '1h' },
    },
    dhcp: { probeInterval: '0s' },
    log: { level: 'info', format: 'json' },
  });
  site.daemon = daemon;
  daemon.putAsset('image', Buffer.alloc(64 << 20, 1));
  const promised = new Map<string, string>();
  const took: number[] = [];
  for (let round = 0; round < STOPS; round += 1) {
    await daemon.start();
    await daemon.enrol({ name: `dgx${round}`, interfaces: [{ name: 'eno1', mac: `52:54:00:99:00:0${round}` }] });
    // What would hold a stop up: a slow download, a stream that never ends, a client that says half a request.
    const download = host.background([
      'curl',
      '-s',
      '--limit-rate',
      '1M',
      '-o',
      '/dev/null',
      `http://${SERVER}/assets/image`,
    ]);
    const stalled = host.background(['curl', '-s', '--limit-rate', '1k', '-o', '/dev/null', `tftp://${SERVER}/image`]);
    const stream = await EventReader.open(daemon.socketPath, '/events?after=0', {
      authorization: `Bearer ${daemon.token}`,
    });
    const words = `exec 3<>/dev/tcp/${SERVER}/80; printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n' >&3; exec sleep 60`;
    const half = host.background(['bash', '-c', words]);
    const known = join(daemon.folder, 'known');
    writeFileSync(known, Array.from(promised, ([mac, address]) => `${mac} ${address}\n`).join(''));
    const load = host.background([
      process.execPath,
      LOAD_CLIENT,
      RELAY,
      SERVER,
      String(round * NEW_CLIENTS),
      String(NEW_CLIENTS),
      known,
    ]);
    await until(() => load.output.includes('ack '), {
      what: 'the first lease',
      everyMs: 1,
      timeoutMs: 15_000,
      evidence: () => daemon.output,
    });
    await pause(50 + Math.random() * 300);

    const startedAt = performance.now();
    process.kill(daemon.pid, 'SIGTERM');
    await until(() => !daemon.running, {
      what: 'it ends',
      everyMs: 5,
      timeoutMs: LIMIT_MS,
      evidence: () => daemon.output,
    });
    took.push(performance.now() - startedAt);
    assert.equal(await daemon.stop(), 0, daemon.output);
    assert.match(daemon.output, /every lease that was acknowledged is on disk/);
    await stream.until(({ ended }) => ended);
    for (const each of [load, download, stalled, half]) await each.stop();

    for (const line of load.output.split('\n').filter(Boolean)) {
      const [word, mac = '', address = ''] = line.split(' ');
      assert.equal(word, 'ack', line);
      promised.set(mac, address);
    }
    const store = await openSqliteStore({ dataDir: join(daemon.folder, 'data') });
    const { leases, nodes } = await store.load();
    const { entries } = await store.events({ after: 0, limit: 1_000, type: 'node.enrolled' });
    await store.close();
    const onDisk = new Map(leases.map((each) => [each.key, formatIpv4(each.address)]));
    const lost = [...promised].filter(([mac, address]) => onDisk.get(`mac:${mac}`) !== address);
    assert.deepEqual(lost.slice(0, 10), [], `stop ${round + 1}: ${lost.length} of ${promised.size} leases are lost`);
    assert.equal(nodes.length, round + 1);
    assert.equal(entries.length, round + 1, 'what waited for the timeline is in it');
  }
  context.diagnostic(`${promised.size} leases; stops took ${took.map((each) => `${each.toFixed(0)} ms`).join(', ')}`);
  assert.ok(promised.size > STOPS * 20, 'that was no load');
});

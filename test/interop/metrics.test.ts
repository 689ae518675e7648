import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { must, run, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox', 'curl', 'promtool'] });
const CLI = new URL('../../src/cli/podboot.ts', import.meta.url).pathname;

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

test('a daemon tells Prometheus what it has done, to the token for metrics alone, in a few megabytes', {
  skip,
  timeout: 60_000,
}, async (context) => {
  await using site = new Site();
  // As bin/podboot starts it.
  const daemon = new Daemon(site.server, SITE, {
    env: { NODE_OPTIONS: '--max-semi-space-size=2', MALLOC_ARENA_MAX: '1' },
  });
  site.daemon = daemon;
  daemon.putAsset('linux', 'a kernel');
  await daemon.start();
  const host = site.client('52:54:00:77:00:c1');
  const client = new Udhcpc(host);
  try {
    const address = client.lease().ip;
    host.ip('addr', 'replace', `${address}/24`, 'dev', 'eno1');
    host.must(['curl', '-s', '-m', '5', 'http://10.77.0.1/assets/linux']);
    host.must(['curl', '-s', '-m', '5', 'tftp://10.77.0.1/linux']);
    const token = must([
      process.execPath,
      CLI,
      'token',
      'new',
      '--metrics',
      '--data-dir',
      join(daemon.folder, 'data'),
    ]).trim();
    const scrape = () => daemon.call('GET', '/metrics', undefined, { authorization: `Bearer ${token}` });
    assert.equal((await scrape()).status, 401, 'not before the reload');
    const before = residentBytes(daemon.pid);
    daemon.reload();
    await until(async () => (await scrape()).status === 200, { what: 'the new token counts' });
    let text = '';
    for (let time = 0; time < 50; time += 1) text = (await scrape()).body;
    const grown = residentBytes(daemon.pid) - before;
    context.diagnostic(`${text.length} bytes; a reload and 50 scrapes took ${(grown / 1e6).toFixed(1)} MB of memory`);
    assert.ok(grown < 12e6, `${grown}`);
    const checked = run(['promtool', 'check', 'metrics'], { input: text });
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    for (const line of [
      /^podboot_dhcp_received_total\{type="discover"\} [1-9]/m,
      /^podboot_dhcp_sent_total\{type="ack"\} 1$/m,
      /^podboot_dhcp_pool_addresses\{subnet="10\.77\.0\.0\/24",state="leased"\} 1$/m,
      /^podboot_dhcp_pool_addresses\{subnet="10\.77\.0\.0\/24",state="free"\} 99$/m,
      /^podboot_tftp_sent_bytes_total 8$/m,
      /^podboot_http_sent_bytes_total 8$/m,
      /^podboot_healthy\{check="disk"\} 1$/m,
      /^podboot_store_commit_seconds_count [1-9]/m,
      /^process_resident_memory_bytes [1-9]/m,
    ]) {
      assert.match(text, line);
    }
    assert.equal(
      (await daemon.call('POST', '/api/v1/reload', undefined, { authorization: `Bearer ${token}` })).status,
      401,
    );
    const health = run([process.execPath, CLI, 'health', '--api', `unix:${daemon.socketPath}`]);
    assert.deepEqual([health.code, health.stdout], [0, 'ok\n']);
    await daemon.stop();
    const gone = run([process.execPath, CLI, 'health', '--api', `unix:${daemon.socketPath}`]);
    assert.equal(gone.code, 1);
  } finally {
    client.remove();
  }
});

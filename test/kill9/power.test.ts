import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from '../interop/site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const NODES = 200;
const KILLS = 4;
const BMCS = new URL('../../src/rehearsal/bmc/fleet-main.ts', import.meta.url).pathname;

interface Counts {
  readonly on: number;
  readonly off: number;
  readonly cycle: number;
  readonly isOn: boolean;
}

test(`kill -9 in the middle of a power cycle of ${NODES}: each is cycled once, and the report says so`, {
  skip,
  timeout: 180_000,
}, async (context) => {
  await using site = new Site();
  const bmcs = site.server.background([process.execPath, BMCS, '--count', String(NODES), '--power-delay', '150']);
  await until(() => bmcs.output.includes('ready'), {
    what: 'the BMCs',
    timeoutMs: 20_000,
    evidence: () => bmcs.output,
  });
  const daemon = new Daemon(site.server, {});
  const keyFile = join(daemon.folder, 'power.key');
  writeFileSync(keyFile, 'f'.repeat(64), { mode: 0o600 });
  daemon.configure({
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: false } },
    subnets: { '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.16.255'] } },
    dhcp: { probeInterval: '0s' },
    log: { level: 'info', format: 'json' },
    power: { keyFile, offTime: '1s', credentials: [{ use: 'bmc' }] },
  });
  site.daemon = daemon;
  await daemon.start();
  const set = await daemon.call('PUT', '/api/v1/bmc/credentials/bmc', { userName: 'admin', password: 'simulated' });
  assert.equal(set.status, 204, set.body);
  const nodes = Array.from({ length: NODES }, (_, index) => ({
    name: `dgx${String(index + 1).padStart(3, '0')}`,
    rack: `r${Math.floor(index / 8)}`,
    interfaces: [{ name: 'eno1', mac: `52:54:00:77:01:${index.toString(16).padStart(2, '0')}` }],
    bmc: { driver: 'ipmi', host: '127.0.0.1', port: 20_000 + index },
  }));
  const enrolled = await daemon.call('POST', '/api/v1/nodes/bulk', nodes);
  assert.equal(enrolled.status, 201, enrolled.body);
  const ordered = await daemon.call('POST', '/api/v1/jobs?name=dgx*', {
    action: 'cycle',
    by: 'anna',
    stagger: { nodes: 2, perSeconds: 1 },
  });
  assert.equal(ordered.status, 202, ordered.body);
  const { id } = JSON.parse(ordered.body).job;

  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(200 + Math.random() * 900);
    await daemon.kill();
    await daemon.start();
  }
  let job: { state: string; counts: Record<string, number>; steps: { node: string; stage: string; text?: string }[] };
  await until(
    async () => {
      job = JSON.parse((await daemon.call('GET', `/api/v1/jobs/${id}`)).body);
      return job.state === 'done';
    },
    {
      what: 'the end of the job',
      timeoutMs: 90_000,
      everyMs: 200,
      evidence: () => `${JSON.stringify(job?.counts)} ${daemon.output.slice(-2_000)}`,
    },
  );
  bmcs.signal('SIGUSR2');
  await until(() => bmcs.output.includes(']'), { what: 'the counts', timeoutMs: 10_000 });
  const counts: Counts[] = JSON.parse(bmcs.output.split('\n').find((line) => line.startsWith('[')) ?? '[]');
  // The first `on` is how the simulated machines came to be on.
  const wrong = counts
    .map((each, index) => ({ ...each, index }))
    .filter(({ on, off, cycle, isOn }) => on !== 2 || off !== 1 || cycle !== 0 || !isOn);
  assert.deepEqual(wrong, []);
  assert.deepEqual(job!.counts, {
    nodes: NODES,
    waiting: 0,
    underWay: 0,
    done: NODES,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    unsure: 0,
  });
  context.diagnostic(`${KILLS} kills; ${NODES} machines off once and on once`);
});

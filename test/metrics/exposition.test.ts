import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { RunStatus } from '../../src/domain/hand-off.ts';
import { createExposition } from '../../src/metrics/exposition.ts';
import { METRICS } from '../../src/metrics/metrics.ts';
import { metricsReference } from '../../src/metrics/reference.ts';
import { run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { sources } from './harness.ts';

describe('the exposition', () => {
  it('has what the services have counted, by type and outcome', async () => {
    const text = await createExposition(sources()).text();
    for (const line of [
      'podboot_dhcp_received_total{type="discover"} 3',
      'podboot_dhcp_sent_total{type="ack"} 0',
      'podboot_dhcp_unanswered_total{reason="pool-full"} 1',
      'podboot_dhcp_pool_addresses{subnet="10.77.0.0/24",state="free"} 97',
      'podboot_tftp_sent_bytes_total 1024',
      'podboot_nodes{state="ready"} 7',
      'podboot_nodes{state="retired"} 0',
      'podboot_boot_stage_seconds_bucket{stage="script",le="1"} 2',
      'podboot_boot_stage_seconds_bucket{stage="script",le="+Inf"} 3',
      'podboot_boot_stage_seconds_count{stage="script"} 3',
      'podboot_bmc_operations_active 2',
      'podboot_warnings_total{type="dhcp.pool-full"} 1',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
    }
  });

  it('counts runs by how they stand, and knows what the newest that ended took', async () => {
    const ended = (id: string, startedAt: number, state: RunStatus['state']): RunStatus => ({
      id,
      cluster: 'k8s',
      runner: 'kubespray',
      action: 'add-worker',
      by: 'installed',
      state,
      hosts: {},
      steps: [],
      startedAt,
      endedAt: startedAt + 60_000 + startedAt,
    });
    const runs = () => [ended('1', 0, 'succeeded'), ended('2', 30_000, 'succeeded'), ended('3', 40_000, 'stopped')];
    const text = await createExposition(sources({ runs })).text();
    assert.match(text, /^podboot_runs\{runner="kubespray",action="add-worker",state="succeeded"\} 2$/m);
    assert.match(text, /^podboot_run_last_seconds\{runner="kubespray",action="add-worker"\} 90$/m);
  });

  it('is bounded whatever a source brings', async () => {
    const warnings = () => new Map(Array.from({ length: 10_000 }, (_, index) => [`type-${index}`, 1] as const));
    const text = await createExposition(sources({ warnings })).text();
    assert.equal(text.match(/^podboot_warnings_total\{/gm)?.length, 4_096);
  });

  it('has no label that names a machine', () => {
    const labels = new Set(METRICS.flatMap((metric) => metric.labels.map(({ name }) => name)));
    for (const name of ['node', 'mac', 'address', 'host', 'user', 'path', 'file']) assert.ok(!labels.has(name), name);
  });

  it('has every metric that the dashboard shows', () => {
    const dashboard = readFileSync(new URL('../../docs/monitoring/dashboard.json', import.meta.url), 'utf8');
    const known = new Set(METRICS.map(({ name }) => name));
    const named = [...dashboard.matchAll(/\b(?:podboot|process)_[a-z_]+/g)].map(([name = '']) =>
      name.replace(/_bucket$/, ''),
    );
    assert.ok(named.length > 20);
    for (const name of named) assert.ok(known.has(name), name);
  });

  it('is documented as it is', () => {
    assert.equal(readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8'), metricsReference());
  });
});

describe('promtool', { skip: unmet({ tools: ['promtool'] }) }, () => {
  it('finds nothing to say against the exposition', async () => {
    const text = await createExposition(sources()).text();
    const checked = run(['promtool', 'check', 'metrics'], { input: text });
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.equal(checked.stdout + checked.stderr, '');
  });

  it('takes the alerts, and each of their metrics is there', () => {
    const file = new URL('../../docs/monitoring/alerts.yml', import.meta.url).pathname;
    const checked = run(['promtool', 'check', 'rules', file]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    const known = new Set(METRICS.map(({ name }) => name));
    for (const [name = ''] of readFileSync(file, 'utf8').matchAll(/\bpodboot_[a-z_]+/g)) {
      assert.ok(known.has(name.replace(/_(bucket|sum|count)$/, '')), name);
    }
  });

  it('sees the alerts ring when they should, and not before', () => {
    const file = new URL('./alerts.test.yml', import.meta.url).pathname;
    const checked = run(['promtool', 'test', 'rules', file]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  });
});

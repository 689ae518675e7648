import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must, run } from '../harness/process.ts';
import { SHARED, unmet } from '../harness/skip.ts';
import { type Comparison, type Contender, comparisons } from './cases.ts';
import { prepareFleet, prepareNames } from './fleet.ts';
import { benchPower } from './power.ts';
import { type BenchRecord, judge, type Outcome, renderReport, standing } from './report.ts';

const MEASURE = new URL('measure.sh', import.meta.url).pathname;
const REPORT = new URL('../../docs/performance.md', import.meta.url).pathname;
const paths = { shared: join(SHARED, 'bench'), scratch: '/tmp/podboot-bench' };

/** Runs one contender; returns its records. A peer that does not start has none, and the table says so. */
function measure(contender: Contender, comparison: Comparison, runs: number): BenchRecord[] {
  const out = join(paths.scratch, 'records.jsonl');
  rmSync(out, { force: true });
  const env = { ...contender.env, REPS: String(runs), SCR: paths.scratch, OUT: out };
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const argv = ['env', ...words, MEASURE, paths.shared, contender.label, contender.start, comparison.measure];
  const result = run(argv, { timeoutMs: 15 * 60_000 });
  if (!existsSync(out)) {
    console.error(`${contender.label}: ${result.stderr.trim()}`);
    return [];
  }
  return readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as BenchRecord);
}

async function bench(runs: number, only: readonly string[]): Promise<Outcome[]> {
  if (!existsSync(join(paths.scratch, 'nginx.conf')))
    must(['bash', join(paths.shared, 'conf/gen.sh')], { timeoutMs: 120_000 });
  if (!existsSync(join(paths.scratch, 'atftpd'))) {
    // It conflicts with tftpd-hpa as a package, so it is unpacked beside it.
    run(['sh', '-c', `cd ${paths.scratch} && apt-get download -q atftpd && dpkg -x atftpd*.deb atftpd`], {
      timeoutMs: 120_000,
    });
  }
  const fleet = await prepareFleet(paths);
  const names = await prepareNames(paths);
  const outcomes: Outcome[] = [];
  for (const comparison of comparisons(paths, fleet, names)) {
    if (only.length > 0 && !only.some((prefix) => comparison.measure.startsWith(prefix))) continue;
    const place = (contender: Contender) =>
      standing(contender, comparison.figure, measure(contender, comparison, runs));
    // Ours between the peers: what else the machine does falls on all of them.
    const peers = comparison.peers.map(place);
    const outcome = judge(comparison, place(comparison.ours), peers);
    outcomes.push(outcome);
    const { ours, ratio, met } = outcome;
    const others = peers.map(({ contender, median }) => `${contender.label} ${median}`).join(', ');
    const verdict = met === undefined ? '' : met ? ', goal met' : ', GOAL MISSED';
    console.log(
      `${comparison.title}: ${ours.median} ${comparison.unit}${others === '' ? '' : `; ${others}`}; ratio ${ratio?.toFixed(2) ?? '-'}${verdict}`,
    );
  }
  return outcomes;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' } },
});
const reason = unmet({
  root: true,
  shared: ['bench/lib.sh'],
  tools: ['ip', 'kea-dhcp4', 'dnsmasq', 'nginx', 'in.tftpd', 'jq', 'gcc', 'dnsperf', 'ipmitool'],
});
if (reason !== false) {
  console.error(`bench: skipped, ${reason}`);
} else {
  const runs = Number(values.runs);
  // Clients of BMCs and no servers: measured in a way of its own.
  const power = positionals.length === 0 || positionals.includes('power') ? [await benchPower()] : [];
  const others = positionals.filter((name) => name !== 'power');
  const outcomes = positionals.length > 0 && others.length === 0 ? [] : await bench(runs, others);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Linux ${release()}, Node ${process.version}`;
  // A part of the cases is for looking, not for the record.
  if (positionals.length === 0) writeFileSync(REPORT, renderReport(outcomes, machine, runs, power));
  else console.log(renderReport(outcomes, machine, runs, power));
  if (outcomes.some(({ met }) => met === false)) process.exitCode = 1;
}

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Files of each lane; lanes go side by side. `serial`: the files of a lane share clock, CPU or the lab, so one at a time. */
interface Phase {
  readonly lanes: readonly (readonly string[])[];
  readonly serial: boolean;
}

type RunEvent = { type: string; data: { nesting?: number; message?: string; file?: string; success?: boolean } };

const ROOT = new URL('../', import.meta.url).pathname;
/** Not unit tests: each has its own place in a tier. */
const SPECIAL = ['interop', 'kill9', 'lab', 'package', 'fuzz', 'soak'];
/** They wait for daemons of others most of the time, each in namespaces of its own: beside those that load the network. */
const WAITING =
  /\/(ansible-|checkout-|deepops-|doctor|dynamic-inventory|inventory|kubectl|kubespray-|package|readme|services|slurm|ssh)/;
/** A file that hangs is a failure, not a stuck pipeline. Machines that are emulated on a busy host take their time. */
const FILE_LIMIT_MS = (process.argv[2] === 'lab' ? 60 : 20) * 60_000;

function testsIn(folder: string): string[] {
  return globSync(`test/${folder}/**/*.test.ts`, { cwd: ROOT }).sort();
}

function phasesOf(tier: string): Phase[] {
  const serial = (...folders: string[]) => folders.map((folder) => ({ lanes: [testsIn(folder)], serial: true }));
  if (tier !== 'test') return serial(...(tier === 'soak' ? ['soak', 'kill9'] : [tier]));
  const special = new Set(SPECIAL.flatMap(testsIn));
  const unit = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => !special.has(file));
  const interop = Map.groupBy(testsIn('interop'), (file) => WAITING.test(file));
  return [
    { lanes: [unit.sort()], serial: false },
    { lanes: [...interop.values()], serial: true },
    ...serial('kill9', 'lab'),
  ];
}

/** What each file says stays together, so that the report can be read. */
async function inOrder(files: readonly string[], concurrency: number, out: PassThrough): Promise<void> {
  let kept: RunEvent[] = [];
  let current: string | undefined;
  const release = () => {
    for (const event of kept) out.write(event);
    kept = [];
  };
  for await (const event of run({ cwd: ROOT, files: [...files], concurrency, timeout: FILE_LIMIT_MS })) {
    const { file } = (event as RunEvent).data;
    if (file !== current) release();
    current = file;
    kept.push(event as RunEvent);
  }
  release();
}

function eventsOf({ lanes, serial }: Phase): AsyncIterable<RunEvent> {
  const out = new PassThrough({ objectMode: true });
  const filled = lanes.filter((files) => files.length > 0);
  Promise.all(filled.map((files) => inOrder(files, serial ? 1 : availableParallelism(), out))).then(
    () => out.end(),
    (error) => out.destroy(error),
  );
  return out;
}

/** The phases as one run: their totals are added up, so that the closing lines count every test. */
async function* runAll(phases: readonly Phase[]): AsyncGenerator<RunEvent> {
  const totals = new Map<string, number>();
  const startedAt = performance.now();
  for (const phase of phases) {
    for await (const event of eventsOf(phase)) {
      const { type, data } = event;
      const total =
        type === 'test:diagnostic' && data.nesting === 0 ? /^(\w+) ([\d.]+)$/.exec(data.message ?? '') : null;
      if (total?.[1] !== undefined) totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
      else if (type !== 'test:summary') yield event;
      if (type === 'test:fail') process.exitCode = 1;
    }
  }
  if ((totals.get('tests') ?? 0) === 0) {
    console.error('no tests ran: no file of this tier was found');
    process.exitCode = 1;
  }
  totals.set('duration_ms', performance.now() - startedAt);
  for (const [name, value] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${Math.round(value * 1000) / 1000}` } };
  }
}

const tier = process.argv[2] ?? 'test';
process.env.PODBOOT_TEST_TIER = tier;
Readable.from(runAll(phasesOf(tier)))
  .pipe(new spec())
  .pipe(process.stdout);

import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/** Files of one run. `serial`: they share the machine's clock, CPU or the lab, so one at a time. */
interface Phase {
  readonly files: readonly string[];
  readonly serial: boolean;
}

type RunEvent = { type: string; data: { nesting?: number; message?: string; file?: string; success?: boolean } };

const ROOT = new URL('../', import.meta.url).pathname;
/** Not unit tests: each has its own place in a tier. */
const SPECIAL = ['interop', 'kill9', 'lab', 'package', 'fuzz', 'soak'];
/** A file that hangs is a failure, not a stuck pipeline. Machines that are emulated on a busy host take their time. */
const FILE_LIMIT_MS = (process.argv[2] === 'lab' ? 60 : 20) * 60_000;

function testsIn(folder: string): string[] {
  return globSync(`test/${folder}/**/*.test.ts`, { cwd: ROOT }).sort();
}

function phasesOf(tier: string): Phase[] {
  const serial = (...folders: string[]) => folders.map((folder) => ({ files: testsIn(folder), serial: true }));
  if (tier !== 'test') return serial(...(tier === 'soak' ? ['soak', 'kill9'] : [tier]));
  const special = new Set(SPECIAL.flatMap(testsIn));
  const unit = globSync('test/**/*.test.ts', { cwd: ROOT }).filter((file) => !special.has(file));
  return [{ files: unit.sort(), serial: false }, ...serial('interop', 'kill9', 'lab')];
}

/** The phases as one run: their totals are added up, so that the closing lines count every test. */
async function* runAll(phases: readonly Phase[]): AsyncGenerator<RunEvent> {
  const totals = new Map<string, number>();
  for (const { files, serial } of phases) {
    if (files.length === 0) continue;
    const concurrency = serial ? 1 : availableParallelism();
    for await (const event of run({ cwd: ROOT, files: [...files], concurrency, timeout: FILE_LIMIT_MS })) {
      const { type, data } = event as RunEvent;
      const total =
        type === 'test:diagnostic' && data.nesting === 0 ? /^(\w+) ([\d.]+)$/.exec(data.message ?? '') : null;
      if (total?.[1] !== undefined) totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
      else if (type !== 'test:summary') yield event as RunEvent;
      if (type === 'test:fail') process.exitCode = 1;
    }
  }
  if ((totals.get('tests') ?? 0) === 0) {
    console.error('no tests ran: no file of this tier was found');
    process.exitCode = 1;
  }
  for (const [name, value] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${Math.round(value * 1000) / 1000}` } };
  }
}

const tier = process.argv[2] ?? 'test';
process.env.PODBOOT_TEST_TIER = tier;
Readable.from(runAll(phasesOf(tier)))
  .pipe(new spec())
  .pipe(process.stdout);

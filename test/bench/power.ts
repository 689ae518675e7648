import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Background, run } from '../harness/process.ts';
import type { PowerPass } from './power-client.ts';

const CLIENT = new URL('power-client.ts', import.meta.url).pathname;
const BMCS = new URL('../../src/rehearsal/bmc/fleet-main.ts', import.meta.url).pathname;
/** As bin/podboot starts it: its flags, and what it sets in the environment. */
const FLAGS = ['--max-semi-space-size=2'];
const CACHE = new URL('../../node_modules/.cache/podboot', import.meta.url).pathname;
const STARTED_BY = ['env', `NODE_COMPILE_CACHE=${CACHE}`, 'MALLOC_ARENA_MAX=1', process.execPath, ...FLAGS];
const BMC_COUNT = 1_000;
const IPMITOOL_COUNT = 160;
const PORT = 20_000;

interface Figure {
  readonly what: string;
  readonly perSecond: number;
  readonly perCpuSecond: number;
  readonly failed: number;
}

/** Power state and power cycle of 1,000 simulated BMCs, ours and ipmitool 16 at a time in the same run. */
export async function benchPower(): Promise<string> {
  const bmcs = await startBmcs(PORT);
  try {
    const passes = client([]);
    const figures = [
      ...['status, a session each', 'status, sessions kept', 'cycle'].map((what) => figureOf(what, passes)),
      ipmitool('ipmitool status, 16 at once', 'status', undefined),
      ipmitool('ipmitool status, 16 at once, short vendor list', 'status', shortHome()),
      ipmitool('ipmitool cycle, 16 at once', 'cycle', undefined),
    ];
    const residentMb = Math.max(...passes.map((pass) => pass.residentMb));
    return section(figures, residentMb, await deadOnes());
  } finally {
    await stopAll(bmcs);
  }
}

/** In two processes: one core for all of them would be the bound, which real BMCs do not share. */
async function startBmcs(port: number, ...more: readonly string[]): Promise<readonly Background[]> {
  const half = BMC_COUNT / 2;
  const started = [0, half].map((first) => {
    const where = ['--count', String(half), '--first', String(first), '--port', String(port)];
    return new Background([process.execPath, BMCS, ...where, ...more]);
  });
  await Promise.all(started.map((each) => each.said(/ready/, 30_000)));
  return started;
}

async function stopAll(bmcs: readonly Background[]): Promise<void> {
  await Promise.all(bmcs.map((each) => each.stop()));
}

/** How much longer the living ones take with a tenth that is dead. */
async function deadOnes(): Promise<{ readonly withoutMs: number; readonly withMs: number }> {
  const measure = async (deadEvery: string) => {
    const port = PORT + 2 * BMC_COUNT;
    const bmcs = await startBmcs(port, '--dead-every', deadEvery);
    try {
      const times = [0, 1, 2].map(() => {
        const passes = client(['--port', String(port), '--dead-every', deadEvery]);
        return passes.find(({ what }) => what === 'cycle')?.wallMs ?? Number.NaN;
      });
      return times.sort((one, other) => one - other)[1] ?? Number.NaN;
    } finally {
      await stopAll(bmcs);
    }
  };
  // The same 900 living ones, with and without the dead.
  return { withoutMs: await measure(String(BMC_COUNT * 2)), withMs: await measure('10') };
}

function client(more: readonly string[]): readonly PowerPass[] {
  const result = run([...STARTED_BY, CLIENT, '--count', String(BMC_COUNT), '--port', String(PORT), ...more], {
    timeoutMs: 180_000,
  });
  return result.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as PowerPass);
}

function figureOf(what: string, passes: readonly PowerPass[]): Figure {
  const of = passes.filter((pass) => pass.what === what);
  const sum = (key: 'operations' | 'failed' | 'wallMs' | 'cpuMs') => of.reduce((total, pass) => total + pass[key], 0);
  return {
    what,
    perSecond: (sum('operations') / sum('wallMs')) * 1_000,
    perCpuSecond: (sum('operations') / sum('cpuMs')) * 1_000,
    failed: sum('failed'),
  };
}

/** @param home where it finds its list of vendors; its own unless told */
function ipmitool(what: string, action: 'status' | 'cycle', home: string | undefined): Figure {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-bench-'));
  const secret = join(folder, 'password');
  writeFileSync(secret, 'simulated', { mode: 0o600 });
  const one = `ipmitool -I lanplus -C 17 -H 127.0.0.1 -p $((${PORT} + {})) -U admin -f ${secret} chassis power ${action}`;
  const script = `TIMEFORMAT='%R %U %S'; time (seq 0 ${IPMITOOL_COUNT - 1} | xargs -P 16 -I{} bash -c '${one}' > ${folder}/out 2>&1)`;
  const argv = [
    'env',
    ...(home === undefined ? [] : [`HOME=${home}`]),
    'bash',
    '-c',
    `${script}; grep -c 'Power' ${folder}/out`,
  ];
  const result = run(argv, { timeoutMs: 120_000 });
  rmSync(folder, { recursive: true, force: true });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = (result.stderr.trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  const done = Number(result.stdout.trim());
  return {
    what,
    perSecond: done / wall,
    perCpuSecond: done / (user + system),
    failed: IPMITOOL_COUNT - done,
  };
}

function shortHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'podboot-bench-home-'));
  const folder = join(home, '.local/usr/share/misc');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'enterprise-numbers'),
    '7244\n  Quanta Computer Inc.\n    nobody\n      nobody&example.com\n',
  );
  return home;
}

function section(
  figures: readonly Figure[],
  residentMb: number,
  dead: { readonly withoutMs: number; readonly withMs: number },
): string {
  const [fresh, kept, cycle, tool, short, toolCycle] = figures as [Figure, Figure, Figure, Figure, Figure, Figure];
  const rows = figures.map(
    ({ what, perSecond, perCpuSecond, failed }) =>
      `| ${what} | ${Math.round(perSecond)} | ${Math.round(perCpuSecond)} | ${failed} |`,
  );
  const ratio = (ours: number, theirs: number) => `**${(ours / theirs).toFixed(1)}×**`;
  const met = (isMet: boolean) => (isMet ? 'met' : 'missed');
  const goals: readonly (readonly [string, number, number, number])[] = [
    ['operations for each CPU second, a session each', fresh.perCpuSecond, tool.perCpuSecond, 25],
    ['operations for each CPU second, sessions kept', kept.perCpuSecond, tool.perCpuSecond, 250],
    ['rate of status, a session each', fresh.perSecond, tool.perSecond, 20],
    ['rate of status, against a short vendor list', fresh.perSecond, short.perSecond, 6],
  ];
  const deadRatio = dead.withMs / dead.withoutMs;
  return [
    `### Power: ${BMC_COUNT} simulated BMCs in two other processes, cipher suite 17`,
    '',
    '| | to ipmitool, 16 at once | goal | |',
    '| --- | --- | --- | --- |',
    ...goals.map(
      ([what, ours, theirs, goal]) =>
        `| ${what} | ${ratio(ours, theirs)} | at least ${goal}× | ${met(ours / theirs >= goal)} |`,
    ),
    `| operations for each CPU second, power cycle (off, seen, on, seen) | ${ratio(cycle.perCpuSecond, toolCycle.perCpuSecond)} | | |`,
    `| resident memory | ${Math.round(residentMb)} MB | at most 150 MB | ${met(residentMb <= 150)} |`,
    `| a tenth of them dead: time of a cycle of the others | ${deadRatio.toFixed(3)}× | at most 1.05× | ${met(deadRatio <= 1.05)} |`,
    '',
    '| | operations/s | operations for each CPU second | failed |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    'A cycle stays off for a second, which is in its rate.',
    '',
  ].join('\n');
}

if (import.meta.main) console.log(await benchPower());

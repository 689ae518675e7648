import { spawn } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { DEADLINE_EXIT, type MaskedOrder, UNSAID_EXIT } from './masked-order.ts';
import { OutputMask } from './output-mask.ts';

const KILL_AFTER_MS = 10_000;

/**
 * The program between a step and its log: `node masked-step.ts ORDER`. It runs what the order says in its own process group, so
 * that whoever stops the step stops both, and lets its output through without the secrets. What it found it puts aside before the
 * line goes out, so that none is lost.
 */
function main(orderFile: string): void {
  const folder = dirname(orderFile);
  const order: MaskedOrder = JSON.parse(readFileSync(orderFile, 'utf8'));
  const secrets = order.secrets.map(({ name, pattern }) => ({ name, pattern: new RegExp(pattern) }));
  const says = order.says === undefined ? undefined : new RegExp(order.says);
  const masks = { stdout: new OutputMask(secrets, says), stderr: new OutputMask(secrets, says) };
  const [program = '', ...rest] = order.argv.map((word) => word.replaceAll('{run}/', `${folder}/`));
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  // The signal is the group's: the child has it too, and its end is ours.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

  let isLate = false;
  const timer =
    order.deadlineMs === undefined
      ? undefined
      : setTimeout(() => {
          isLate = true;
          const seconds = Math.round((order.deadlineMs ?? 0) / 1_000);
          process.stderr.write(`podboot: it was not done after ${seconds} s, and is ended\n`);
          // 0: our own group, which is the step's: scripts wait in a `sleep` that the shell's own end does not end.
          process.kill(0, 'SIGTERM');
          setTimeout(() => process.kill(0, 'SIGKILL'), KILL_AFTER_MS).unref();
        }, order.deadlineMs);

  const putAside = () => {
    const found = { ...masks.stderr.found, ...masks.stdout.found };
    if (Object.keys(found).length > 0) keep(join(folder, order.secretsFile), found);
  };
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8');
    const pass = (text: string) => {
      putAside();
      // Whoever reads it slowly holds the child back, not our memory.
      if (text !== '' && !process[name].write(text)) {
        child[name].pause();
        process[name].once('drain', () => child[name].resume());
      }
    };
    child[name].on('data', (chunk: Buffer) => pass(masks[name].push(decoder.write(chunk))));
    child[name].on('end', () => pass(masks[name].push(decoder.end()) + masks[name].end()));
  }

  child.once('error', (error) => {
    process.stderr.write(`podboot: ${program} can’t be started: ${error.message}\n`);
    exitWith(127);
  });
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    if (isLate) return exitWith(DEADLINE_EXIT);
    if (code === 0 && says !== undefined && !masks.stdout.hasSaid && !masks.stderr.hasSaid) {
      process.stderr.write(
        `podboot: it ended without an error, but never said what it says when it is done: ${order.says}\n`,
      );
      return exitWith(UNSAID_EXIT);
    }
    exitWith(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}

/** Once everything that was said has left: process.exit() alone drops what a slow reader has not taken yet. */
function exitWith(code: number): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

function keep(file: string, found: Readonly<Record<string, string>>): void {
  let known: Readonly<Record<string, string>> = {};
  try {
    known = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // The first of this run.
  }
  const all = JSON.stringify({ ...known, ...found });
  if (all === JSON.stringify(known)) return;
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, all, { mode: 0o600 });
  renameSync(temporary, file);
}

main(process.argv[2] ?? '');

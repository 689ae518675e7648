import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LogOutput } from '../../src/log/log-output.ts';
import { must, until } from '../harness/process.ts';

let folder: string;
let lost: number[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-log-'));
  lost = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function output(descriptor: number, maxWaitingBytes = 1_000_000): LogOutput {
  const told: LogOutput = new LogOutput(descriptor, {
    maxWaitingBytes,
    flushTimeoutMs: 50,
    onLost: (count) => {
      lost.push(count);
      told.write(`lost ${count}\n`);
    },
  });
  return told;
}

/** A pipe with both ends in this process, its writing end never blocking. */
function pipe(): { reader: number; writer: number } {
  const path = join(folder, 'pipe');
  must(['mkfifo', path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function readAll(reader: number): string {
  const buffer = Buffer.alloc(65_536);
  let text = '';
  try {
    for (let count = readSync(reader, buffer); count > 0; count = readSync(reader, buffer)) {
      text += buffer.toString('utf8', 0, count);
    }
  } catch {
    // Empty.
  }
  return text;
}

describe('the output of the log', () => {
  it('writes every line, in order', async () => {
    const path = join(folder, 'file');
    const descriptor = openSync(path, 'w');
    const told = output(descriptor);
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ü\n`);
    for (const line of lines) told.write(line);
    await until(() => readFileSync(path).length === Buffer.byteLength(lines.join('')), { what: 'all is written' });
    assert.equal(readFileSync(path, 'utf8'), lines.join(''));
    closeSync(descriptor);
  });

  it('never waits for a reader that stalls, never grows beyond its bound, and tells what was lost', async () => {
    const { reader, writer } = pipe();
    const told = output(writer, 100_000);
    const line = `${'x'.repeat(99)}\n`;
    const startedMs = performance.now();
    for (let count = 0; count < 50_000; count += 1) told.write(line);
    assert.ok(performance.now() - startedMs < 1_000);
    assert.ok(told.lost > 48_000, String(told.lost));
    const lostLines = told.lost;
    let text = '';
    await until(
      () => {
        text += readAll(reader);
        return text.includes('lost ');
      },
      { what: 'the reader comes back' },
    );
    const arrived = text.split('\n').filter((each) => each.startsWith('x')).length;
    assert.deepEqual(lost, [lostLines]);
    assert.equal(arrived + lostLines, 50_000);
    closeSync(reader);
    closeSync(writer);
  });

  it('gives up a flush when its time is over, and the rest when the reader is gone', () => {
    const { reader, writer } = pipe();
    const told = output(writer);
    for (let count = 0; count < 5_000; count += 1) told.write(`${'x'.repeat(99)}\n`);
    const startedMs = performance.now();
    told.flushSync();
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs >= 50 && tookMs < 1_000, `${tookMs} ms`);
    closeSync(reader);
    told.write('nobody reads this\n');
    told.flushSync();
    told.write('nor this\n');
    told.flushSync();
    closeSync(writer);
  });

  it('flushes what waits at once', () => {
    const path = join(folder, 'file');
    const descriptor = openSync(path, 'w');
    const told = output(descriptor);
    told.write('1\n');
    told.write('2\n');
    let done = false;
    told.flush(() => {
      done = true;
    });
    assert.ok(done);
    assert.match(readFileSync(path, 'utf8'), /2\n/);
    closeSync(descriptor);
  });
});

describe('the daemon’s own log', () => {
  const script = `
    const { createLogger } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/log/logger.ts'))});
    const logger = createLogger({ level: 'info', format: 'json' });
    const how = process.argv[1];
    for (let line = 0; line < Number(process.argv[2]); line += 1) logger.info({ line }, 'x'.repeat(100));
    if (how === 'exit') process.exit(0);
    if (how === 'fatal') { logger.fatal('the end'); process.kill(process.pid, 'SIGKILL'); }
  `;
  const start = (how: string, lines: number): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '-e', script, how, String(lines)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  async function collect(child: ChildProcess): Promise<string> {
    let text = '';
    for await (const chunk of child.stdout ?? []) text += String(chunk);
    return text;
  }

  it('is whole when the process exits, also by process.exit', async () => {
    for (const how of ['end', 'exit']) {
      const lines = (await collect(start(how, 200))).trim().split('\n');
      assert.deepEqual(
        lines.map((line) => JSON.parse(line).line),
        Array.from({ length: 200 }, (_, index) => index),
        how,
      );
    }
  });

  it('has the fatal line, whatever comes after it', async () => {
    assert.match(await collect(start('fatal', 3)), /"msg":"the end"/);
  });

  it('does not keep the process alive when nobody reads it, neither by a socket nor by a pipe', async () => {
    const bySocket = start('exit', 50_000);
    const byPipe = spawn(
      'sh',
      [
        '-c',
        '{ "$@"; echo $? >&2; } | { sleep 600 & wait; }',
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        'exit',
        '50000',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
    );
    try {
      assert.equal(await new Promise((resolve) => bySocket.once('exit', resolve)), 0);
      const [said] = (await once(byPipe.stderr as Readable, 'data')) as [Buffer];
      assert.equal(String(said).trim(), '0');
    } finally {
      bySocket.stdout?.destroy();
      process.kill(-(byPipe.pid as number), 'SIGKILL');
    }
  });
});

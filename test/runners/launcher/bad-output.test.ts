import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineLimiter } from '../../../src/runners/launcher/line-limiter.ts';
import { segmentsOf } from '../../../src/runners/launcher/segmented-log.ts';
import { standingOf } from '../../../src/runners/launcher/standing.ts';
import { ended, launched, logOf, ordered } from './house.ts';

const MIB = 1024 * 1024;

test('of a gigabyte of output the beginning and the end are kept, and the gap can be seen', async (t) => {
  const line = 'x'.repeat(1023);
  const script = `echo first; yes ${line} | head -c 1073741824; echo last`;
  const run = await launched(
    ordered(t, [{ argv: ['sh', '-c', script] }], { logHeadBytes: MIB, logTailBytes: 2 * MIB }),
  );
  const end = await ended(run, 60_000);
  assert.equal(end.steps[0]?.exitCode, 0);
  const kept = logOf(run);
  assert.ok(kept.length < 6 * MIB, `${kept.length} bytes`);
  assert.equal(kept.subarray(0, 6).toString(), 'first\n');
  assert.equal(kept.subarray(-5).toString(), 'last\n');
  const last = segmentsOf(join(run.folder, 'log')).at(-1);
  assert.ok(last !== undefined && last.offset > 1_070_000_000);
});

test('a hundred megabytes of the shortest lines take seconds', async (t) => {
  const script = 'yes | head -c 100000000; echo last';
  const run = await launched(ordered(t, [{ argv: ['sh', '-c', script] }], { logHeadBytes: MIB, logTailBytes: MIB }));
  const end = await ended(run, 20_000);
  assert.equal(end.steps[0]?.exitCode, 0);
  assert.match(end.steps[0]?.lastWords ?? '', /y\nlast$/);
});

test('a line of a megabyte is cut and said; the lines around it are whole', async (t) => {
  const script = 'echo before; head -c 1048576 /dev/zero | tr "\\0" a; echo; echo after';
  const run = await launched(ordered(t, [{ argv: ['sh', '-c', script] }]));
  await ended(run);
  const lines = logOf(run).toString().split('\n');
  assert.equal(lines[0], 'before');
  assert.equal(lines[1], `${'a'.repeat(65_536)} [… 983040 more bytes of this line left out]`);
  assert.equal(lines[2], 'after');
});

test('bytes that are not UTF-8 stay as they are', async (t) => {
  const run = await launched(ordered(t, [{ argv: ['printf', 'a\\377\\376b\\n\\303\\n'] }]));
  await ended(run);
  assert.deepEqual([...logOf(run)], [0x61, 0xff, 0xfe, 0x62, 0x0a, 0xc3, 0x0a]);
});

test('on a full disk a run ends with the reason, and what it had said is kept', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root: a small file system is mounted');
  const order = ordered(t, [{ argv: ['sh', '-c', 'echo good; yes; exit 0'] }]);
  const moved = `${order.folder}.order`;
  renameSync(order.folder, moved);
  mkdirSync(order.folder);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', `podboot-${process.pid}`, order.folder]);
  if (mounted.status !== 0) return t.skip(`no file system can be mounted here: ${mounted.stderr}`);
  try {
    spawnSync('cp', [join(moved, 'order.json'), order.folder]);
    await launched(order);
    const end = await ended(order);
    assert.equal(end.ending, 'disk-full');
    assert.match(end.reason ?? '', /ENOSPC/);
    assert.match(logOf(order).toString(), /^good\ny\n/);
    assert.equal(standingOf(order.folder).kind, 'ended');
  } finally {
    spawnSync('umount', ['-l', order.folder]);
  }
});

test('lines come out the same however their bytes are cut into chunks', () => {
  const text = Buffer.from(`short\n\n${'l'.repeat(40)}\nend`);
  const whole = linesOf([text]);
  for (let size = 1; size < text.length; size += 1) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
      text.subarray(at * size, (at + 1) * size),
    );
    assert.deepEqual(linesOf(chunks), whole);
  }
  assert.deepEqual(whole, ['short\n', '\n', `${'l'.repeat(16)} [… 24 more bytes of this line left out]\n`, 'end\n']);
});

function linesOf(chunks: readonly Buffer[]): string[] {
  let text = '';
  const limiter = new LineLimiter(16, (lines) => {
    text += lines.toString();
  });
  for (const chunk of chunks) limiter.push(chunk);
  limiter.flush();
  return text.match(/.*\n/g) ?? [];
}

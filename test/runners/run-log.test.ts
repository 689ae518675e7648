import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SegmentedLog } from '../../src/runners/launcher/segmented-log.ts';
import { RunFolders } from '../../src/runners/run-folders.ts';
import { RunLog } from '../../src/runners/run-log.ts';
import { FakeClock, settle } from '../harness/clock.ts';

const ID = 'run-mb2x-1f0c9a';
const MIB = 1024 * 1024;

function houseOf(t: TestContext) {
  const runs = mkdtempSync(join(tmpdir(), 'podboot-log-'));
  t.after(() => rmSync(runs, { recursive: true, force: true }));
  const clock = new FakeClock();
  const written = new SegmentedLog(join(runs, ID, 'log'), 2 * MIB, 2 * MIB);
  t.after(() => written.close());
  return { clock, written, log: new RunLog(new RunFolders(runs), clock) };
}

async function whole(log: RunLog, from = 0): Promise<string> {
  let text = '';
  for (let after = from; ; ) {
    const page = await log.page(ID, after, true);
    assert.ok(page.next >= after, 'it never goes back');
    text += page.text;
    after = page.next;
    if (page.isEnd) return text;
  }
}

test('a long log is read with its gap told, from wherever a reader is', async (t) => {
  const { written, log } = houseOf(t);
  const line = (number: number) => `${String(number).padStart(7, '0')}${'.'.repeat(120)}\n`;
  for (let number = 0; number < 80_000; number += 1) written.write(Buffer.from(line(number)));
  const text = await whole(log);
  assert.ok(text.startsWith(line(0)) && text.endsWith(line(79_999)));
  const gap = /\[… ([0-9]+) bytes left out here\]\n/.exec(text);
  assert.equal(text.length - (gap?.[0].length ?? 0) + Number(gap?.[1]), written.writtenBytes);
  const inGap = await whole(log, 4 * MIB);
  assert.match(inGap, /^\[… |^[0-9]{7}/);
  assert.ok(inGap.endsWith(line(79_999)));
  assert.equal(await whole(log, written.writtenBytes - 128), line(79_999));
});

test('whole lines alone are shown while a run goes on; the last one without its end once it is over', async (t) => {
  const { written, log } = houseOf(t);
  written.write(Buffer.from('one\ntw'));
  assert.deepEqual(await log.page(ID, 0, false), { text: 'one\n', next: 4, isEnd: true });
  assert.deepEqual(await log.page(ID, 4, true), { text: 'tw', next: 6, isEnd: true });
});

test('a reader waits for what comes, and no longer than it asked', async (t) => {
  const { written, log, clock } = houseOf(t);
  const waiting = log.await(ID, 0, () => false, 20_000);
  await clock.advanceSettling(1_000, 300);
  written.write(Buffer.from('here\n'));
  for (let turn = 0; turn < 10; turn += 1) {
    await clock.advanceSettling(300);
    await settle(10);
  }
  assert.equal((await waiting).text, 'here\n');
  const nothing = log.await(ID, 5, () => false, 2_000);
  for (let turn = 0; turn < 20; turn += 1) {
    await clock.advanceSettling(300);
    await settle(10);
  }
  assert.equal((await nothing).text, '');
});

test('colours, control characters, bytes that are no UTF-8 and secrets do not reach a terminal', async (t) => {
  const { written, log } = houseOf(t);
  written.write(Buffer.from('\u001b[31mred\u001b[0m\u0007 caf\u00e9\r\n'));
  written.write(Buffer.from([0x61, 0xff, 0x0a]));
  written.write(Buffer.from('token: abcdef\n'));
  assert.equal(await whole(log), 'red? café\na\ufffd\ntoken: [secret]\n');
});

test('a run without a log yet has none', async (t) => {
  const { log } = houseOf(t);
  assert.deepEqual(await log.page('run-none-000000', 0, false), { text: '', next: 0, isEnd: true });
});

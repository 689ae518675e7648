import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conflict } from '../../../src/domain/errors.ts';
import { ConsoleBench, FakeRecording, FakeViewer } from './bench.ts';

const READ = { mode: 'read', takeOver: false } as const;
const WRITE = { mode: 'write', takeOver: false } as const;

describe('the console of a node', () => {
  test('is opened once for several readers, and all hear the same', async () => {
    const bench = new ConsoleBench();
    const viewers = ['anna', 'ben', 'carl'].map((name) => new FakeViewer(name));
    for (const viewer of viewers) bench.console.join(viewer, READ);
    await bench.pass(0);
    bench.bmc.say('login: ');
    assert.deepEqual(
      viewers.map(({ text }) => text),
      ['login: ', 'login: ', 'login: '],
    );
    assert.equal(bench.bmc.opened.length, 1);
  });

  test('has one writer, whose name the others know; what readers type is refused with a word', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    const ben = new FakeViewer('ben');
    const hers = bench.console.join(anna, WRITE);
    const his = bench.console.join(ben, READ);
    await bench.pass(0);
    hers.type(Buffer.from('root\r'));
    his.type(Buffer.from('reboot\r'));
    assert.equal(bench.bmc.typed, 'root\r');
    assert.equal(ben.notices.find(({ type }) => type === 'writer')?.writer, 'anna');
    assert.match(ben.notices.at(-1)?.text ?? '', /anna writes/);
    assert.throws(
      () => bench.console.join(new FakeViewer('carl'), WRITE),
      (error) => error instanceof Conflict && /anna/.test(error.message) && /take-over/.test(error.mend ?? ''),
    );
    assert.equal(bench.console.standing.readers, 2);
  });

  test('is taken over on request: the former writer is told, and reads on', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    const hers = bench.console.join(anna, WRITE);
    await bench.pass(0);
    const his = bench.console.join(new FakeViewer('ben'), { mode: 'write', takeOver: true });
    assert.equal(anna.notices.at(-1)?.writer, 'ben');
    hers.type(Buffer.from('a'));
    his.type(Buffer.from('b'));
    bench.bmc.say('b');
    assert.equal(bench.bmc.typed, 'b');
    assert.equal(anna.text, 'b');
    assert.throws(() => hers.write(false), Conflict);
    hers.write(true);
    assert.equal(hers.mayWrite, true);
    assert.equal(his.mayWrite, false);
  });

  test('is free again when the writer leaves', async () => {
    const bench = new ConsoleBench();
    const ben = new FakeViewer('ben');
    const hers = bench.console.join(new FakeViewer('anna'), WRITE);
    const his = bench.console.join(ben, READ);
    hers.leave();
    assert.equal(ben.notices.at(-1)?.type, 'writer');
    assert.equal(ben.notices.at(-1)?.writer, undefined);
    his.write(false);
    assert.equal(his.mayWrite, true);
  });

  test('that is lost is opened again by itself, and the place of the gap is told to readers and to the recording', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    const recording = new FakeRecording();
    bench.console.record(recording);
    const seat = bench.console.join(anna, WRITE);
    await bench.pass(0);
    bench.bmc.say('before ');
    bench.bmc.fails = 'no-answer';
    bench.bmc.listener?.ended('lost');
    seat.type(Buffer.from('x'));
    assert.match(anna.notices.at(-1)?.text ?? '', /nothing was typed/);
    await bench.pass(40_000);
    assert.ok(bench.bmc.opened.length >= 5 && bench.bmc.opened.length <= 8, `${bench.bmc.opened.length} tries`);
    bench.bmc.fails = undefined;
    await bench.pass(30_000);
    bench.bmc.say('after');
    assert.equal(anna.text, 'before after');
    assert.equal(recording.text, 'before after');
    assert.equal(anna.types.filter((type) => type === 'lost').length, 1);
    assert.ok(recording.marks.some((mark) => /lost/.test(mark)));
    assert.ok(recording.marks.length < 8, recording.marks.join('\n'));
    // The BMC may still think that the dead session has it: it is ours.
    assert.equal(bench.bmc.opened.at(-1)?.takeOver, true);
    seat.type(Buffer.from('y'));
    assert.equal(bench.bmc.typed, 'y');
  });

  test('tells where the BMC lost characters', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    bench.console.join(anna, READ);
    await bench.pass(0);
    bench.bmc.listener?.lost();
    assert.equal(anna.notices.at(-1)?.type, 'lost');
  });

  test('that somebody has elsewhere is refused with what to do, and taken over when that is asked for', async () => {
    const bench = new ConsoleBench();
    bench.bmc.fails = 'refused';
    const anna = new FakeViewer('anna');
    bench.console.join(anna, READ);
    await bench.pass(60_000);
    assert.equal(anna.notices.at(-1)?.type, 'ended');
    assert.equal(bench.bmc.opened.length, 1);
    bench.bmc.fails = undefined;
    bench.console.join(new FakeViewer('ben'), { mode: 'write', takeOver: true });
    await bench.pass(0);
    assert.equal(bench.bmc.opened.at(-1)?.takeOver, true);
  });

  test('that another console took is not fought for: it waits, and does not take over', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    bench.console.join(anna, READ);
    await bench.pass(0);
    bench.bmc.fails = 'refused';
    bench.bmc.listener?.ended('taken');
    await bench.pass(29_000);
    assert.equal(bench.bmc.opened.length, 1);
    await bench.pass(2_000);
    assert.equal(bench.bmc.opened.at(-1)?.takeOver, false);
    bench.bmc.fails = undefined;
    await bench.pass(31_000);
    assert.equal(anna.notices.at(-1)?.type, 'opened');
  });

  test('with a wrong password is tried once, and not again by itself: accounts lock', async () => {
    const bench = new ConsoleBench();
    bench.bmc.fails = 'credentials';
    bench.console.record(new FakeRecording());
    const anna = new FakeViewer('anna');
    bench.console.join(anna, READ);
    await bench.pass(600_000);
    assert.ok(bench.bmc.opened.length <= 2);
    assert.deepEqual(anna.notices.at(-1), {
      type: 'ended',
      text: 'it is credentials',
      mend: 'mend of credentials',
    });
  });

  test('is given back to the BMC when nobody reads and nothing is recorded, not before', async () => {
    const bench = new ConsoleBench();
    const recording = new FakeRecording();
    bench.console.record(recording);
    const seat = bench.console.join(new FakeViewer('anna'), READ);
    await bench.pass(0);
    seat.leave();
    await bench.pass(600_000);
    assert.equal(bench.bmc.closed, 0);
    bench.console.record(undefined);
    await bench.pass(11_000);
    assert.deepEqual([bench.bmc.closed, bench.idle], [1, 1]);
    assert.equal(bench.clock.pendingTimers, 0);
  });

  test('is not opened anew for a page that is loaded again', async () => {
    const bench = new ConsoleBench();
    const seat = bench.console.join(new FakeViewer('anna'), READ);
    await bench.pass(0);
    seat.leave();
    await bench.pass(2_000);
    bench.console.join(new FakeViewer('anna'), READ);
    await bench.pass(60_000);
    assert.deepEqual([bench.bmc.opened.length, bench.bmc.closed], [1, 0]);
  });

  test('takes so many readers and no more', () => {
    const bench = new ConsoleBench();
    for (let count = 0; count < 16; count += 1) bench.console.join(new FakeViewer(`${count}`), READ);
    assert.throws(() => bench.console.join(new FakeViewer('17'), READ), Conflict);
  });

  test('says what it could not type', async () => {
    const bench = new ConsoleBench();
    const anna = new FakeViewer('anna');
    const seat = bench.console.join(anna, WRITE);
    await bench.pass(0);
    seat.type(Buffer.alloc(2_000, 65));
    assert.match(anna.notices.at(-1)?.text ?? '', /nothing more was typed/);
    seat.sendBreak();
    assert.equal(bench.bmc.breaks, 1);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { ConsoleNotice } from '../../../src/power/console/ports.ts';
import { SlowReader } from '../../../src/power/console/slow-reader.ts';
import { Transcript } from '../../../src/power/console/transcript.ts';
import { listTranscripts, pruneTranscripts, readTranscript } from '../../../src/power/console/transcript-shelf.ts';
import { transcriptText } from '../../../src/power/console/transcript-text.ts';
import { FakeClock } from '../../harness/clock.ts';

const root = mkdtempSync(join(tmpdir(), 'podboot-consoles-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const folderOf = () => join(root, `node${count++}`);
const LIMITS = { headBytes: 1_000, tailBytes: 400 };
const refuse = (error: unknown) => assert.fail(String(error));

async function read(folder: string, id: string, withTimes = false): Promise<string> {
  const parts = await readTranscript(folder, id);
  assert.ok(parts !== undefined);
  return transcriptText(parts, withTimes).toString('latin1');
}

describe('a recorded console', () => {
  test('is what the machine said, byte for byte, and nobody else’s to read', async () => {
    const folder = folderOf();
    const clock = new FakeClock();
    const transcript = new Transcript({ folder, clock, failed: refuse });
    const said = Buffer.from([0, 27, 91, 51, 49, 109, 255, 13, 10, 65]);
    transcript.output(said);
    clock.advance(500);
    await transcript.flush();
    const [part] = (await readTranscript(folder, transcript.id)) ?? [];
    assert.deepEqual(part?.bytes, said);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  test('keeps its beginning and its end, in bounds, whatever is said in whatever pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 }), async (sizes) => {
        const folder = folderOf();
        const clock = new FakeClock();
        const transcript = new Transcript({ folder, clock, limits: LIMITS, failed: refuse });
        let said = '';
        for (const [index, size] of sizes.entries()) {
          const piece = Array.from({ length: size }, (_, at) =>
            String.fromCharCode(97 + ((said.length + at) % 26)),
          ).join('');
          said += piece;
          transcript.output(Buffer.from(piece));
          if (index % 3 === 0) await transcript.flush();
          clock.advance(700);
        }
        await transcript.flush();
        if (said === '') return;
        const text = await read(folder, transcript.id);
        const [head = '', missing, tail = ''] = text.split(/\r\n\[podboot: (\d+) bytes were left out here\]\r\n/);
        if (missing === undefined) assert.equal(text, said);
        else {
          assert.equal(head, said.slice(0, LIMITS.headBytes));
          assert.ok(tail.length >= Math.min(LIMITS.tailBytes, said.length - head.length));
          assert.equal(tail, said.slice(-tail.length));
          assert.equal(Number(missing), said.length - head.length - tail.length);
        }
        const entries = await listTranscripts(folder);
        assert.ok(entries[0]!.sizeBytes <= LIMITS.headBytes + 2 * LIMITS.tailBytes);
      }),
      { numRuns: 40 },
    );
  });

  test('knows when each line was said, to the second', async () => {
    const folder = folderOf();
    const clock = new FakeClock(Date.UTC(2026, 4, 1, 12));
    const transcript = new Transcript({ folder, clock, failed: refuse });
    for (const line of ['one', 'two', 'three']) {
      transcript.output(Buffer.from(`${line}\r\n`));
      clock.advance(1_500);
    }
    await transcript.flush();
    assert.equal(
      await read(folder, transcript.id, true),
      '[2026-05-01T12:00:00Z] one\r\n[2026-05-01T12:00:01Z] two\r\n[2026-05-01T12:00:03Z] three\r\n',
    );
  });

  test('of the last boots is kept, and no other', async () => {
    const folder = folderOf();
    const clock = new FakeClock();
    for (let boot = 0; boot < 15; boot += 1) {
      await pruneTranscripts(folder, 9);
      const transcript = new Transcript({ folder, clock, limits: LIMITS, failed: refuse });
      transcript.output(Buffer.from(`boot ${boot}\n${'x'.repeat(2_000)}`));
      await transcript.flush();
      clock.advance(60_000);
    }
    const entries = await listTranscripts(folder);
    assert.equal(entries.length, 10);
    assert.match(await read(folder, entries[0]!.id), /^boot 14\n/);
    assert.match(await read(folder, entries[9]!.id), /^boot 5\n/);
    assert.equal(readdirSync(folder).filter((name) => name.endsWith('.log')).length, 10);
  });

  test('ends where the disk refuses, with one word', async () => {
    const errors: unknown[] = [];
    const clock = new FakeClock();
    const transcript = new Transcript({ folder: '/dev/null/none', clock, failed: (error) => void errors.push(error) });
    for (let piece = 0; piece < 5; piece += 1) {
      transcript.output(Buffer.from('x'));
      await transcript.flush();
    }
    assert.equal(errors.length, 1);
  });

  test('says what a slow disk made it drop', async () => {
    const folder = folderOf();
    const clock = new FakeClock();
    const transcript = new Transcript({ folder, clock, failed: refuse });
    for (let piece = 0; piece < 40; piece += 1) transcript.output(Buffer.alloc(64 * 1024, 65));
    await transcript.flush();
    await transcript.flush();
    assert.match(await read(folder, transcript.id), /1572864 bytes are missing here/);
  });
});

describe('a slow reader', () => {
  test('is given what it can take, and told in its place what it missed', () => {
    const got: (string | ConsoleNotice)[] = [];
    let bufferedBytes = 0;
    const reader = new SlowReader({
      get bufferedBytes() {
        return bufferedBytes;
      },
      characters: (bytes) => {
        bufferedBytes += bytes.length;
        got.push(Buffer.from(bytes).toString());
      },
      notice: (notice) => void got.push(notice),
    });
    for (let piece = 0; piece < 1_000; piece += 1) reader.output(Buffer.alloc(1_024, 65));
    assert.equal(bufferedBytes, 256 * 1024);
    bufferedBytes = 0;
    reader.output(Buffer.from('again'));
    const [dropped, again] = got.slice(-2);
    assert.equal(typeof dropped === 'object' ? dropped.sizeBytes : 0, (1_000 - 256) * 1_024);
    assert.equal(again, 'again');
  });

  test('is told also where the machine says nothing more', () => {
    const notices: ConsoleNotice[] = [];
    let bufferedBytes = 1_000_000;
    const reader = new SlowReader({
      get bufferedBytes() {
        return bufferedBytes;
      },
      characters: () => {},
      notice: (notice) => void notices.push(notice),
    });
    reader.output(Buffer.from('gone'));
    bufferedBytes = 0;
    reader.catchUp();
    reader.catchUp();
    assert.deepEqual(
      notices.map(({ type, sizeBytes }) => [type, sizeBytes]),
      [['dropped', 4]],
    );
  });
});

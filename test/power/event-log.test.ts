import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NetFn } from '../../src/codecs/ipmi/message.ts';
import { logPositionOf, logPositionText } from '../../src/power/log-reading.ts';
import { PowerPod } from './power-pod.ts';

const ADDED_SECONDS = 0x65f5e100;

/** A BMC with an event log: ids count from 1, and begin anew when it is cleared. */
async function withLog({ tellsErasure = true } = {}) {
  let entries = 0;
  let erasedSeconds = 0xffffffff;
  const pod = await PowerPod.open({
    nodes: 1,
    bmc: () => ({
      answer: ({ netFn, command, data }) => {
        if (netFn !== NetFn.STORAGE) return undefined;
        const body = Buffer.alloc(command === 0x40 ? 14 : 18);
        if (command === 0x40) {
          if (!tellsErasure) return { code: 0xc1, data: new Uint8Array() };
          body.writeUInt8(0x51, 0);
          body.writeUInt16LE(entries, 1);
          body.writeUInt32LE(ADDED_SECONDS, 5);
          body.writeUInt32LE(erasedSeconds, 9);
          return { code: 0, data: body };
        }
        const id = Buffer.from(data).readUInt16LE(2) || 1;
        if (command !== 0x43 || id > entries) return { code: 0xcb, data: new Uint8Array() };
        body.writeUInt16LE(id === entries ? 0xffff : id + 1, 0);
        body.writeUInt16LE(id, 2);
        body.writeUInt8(0x02, 4);
        body.writeUInt32LE(ADDED_SECONDS, 5);
        return { code: 0, data: body };
      },
    }),
  });
  const read = async (since: string) => {
    const reading = await pod.bmcs.until(pod.service.log(pod.node('dgx01'), logPositionOf(since), 100));
    const { entries: found, ...log } = reading;
    return found.map(({ id }) => logPositionText({ id, ...log }));
  };
  return {
    read,
    add: (count: number) => {
      entries += count;
    },
    clear: (atSeconds: number) => {
      entries = 0;
      erasedSeconds = atSeconds;
    },
  };
}

describe('the event log of a BMC', () => {
  test('is read from where its reader stands', async () => {
    const log = await withLog();
    log.add(3);
    assert.deepEqual(await log.read('0'), ['1@0', '2@0', '3@0']);
    assert.deepEqual(await log.read('2@0'), ['3@0']);
    assert.deepEqual(await log.read('3@0'), []);
  });

  test('that was cleared, and has grown past where its reader stood, is read from its start', async () => {
    const log = await withLog();
    log.add(2);
    assert.equal((await log.read('0')).at(-1), '2@0');
    log.clear(1_710_612_000);
    log.add(3);
    const whole = ['1@1710612000', '2@1710612000', '3@1710612000'];
    assert.deepEqual(await log.read('2@0'), whole);
    assert.deepEqual(await log.read('2@1710612000'), whole.slice(2));
    log.clear(1_710_699_999);
    log.add(4);
    assert.equal((await log.read('3@1710612000')).length, 4);
  });

  test('goes by ids alone where its reader, or the BMC, does not say when it was cleared', async () => {
    const told = await withLog();
    told.clear(1_710_612_000);
    told.add(3);
    assert.deepEqual(await told.read('2'), ['3@1710612000']);
    const untold = await withLog({ tellsErasure: false });
    untold.add(3);
    assert.deepEqual(await untold.read('2'), ['3']);
    assert.deepEqual(await untold.read('2@0'), ['3']);
    assert.deepEqual(await untold.read('9'), ['1', '2', '3']);
  });
});

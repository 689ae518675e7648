import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { NotFound } from '../../../src/domain/errors.ts';
import type { NodeBmc } from '../../../src/domain/node.ts';
import { ConsoleHub } from '../../../src/power/console/console-hub.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { nodeNumber } from '../../lifecycle/life/house.ts';
import { FixedNodes } from '../../services/boot/fixtures.ts';
import { FakeConsole, FakeViewer } from './bench.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-hub-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

class Bench {
  readonly clock = new FakeClock();
  readonly bmc = new FakeConsole();
  readonly node;
  isBooting = false;
  record: 'boots' | 'always' | 'off' = 'boots';
  readonly hub;

  constructor(bmc: NodeBmc = { driver: 'auto', host: 'bmc1' }) {
    this.node = nodeNumber(1, { bmc });
    this.hub = this.#hub();
  }

  #hub(): ConsoleHub {
    return new ConsoleHub({
      use: (_node, _isPerson, act) => act(this.bmc.driver),
      nodes: new FixedNodes(this.node),
      clock: this.clock,
      random: () => 0.5,
      events: { wantsDebug: false, emit: () => {} },
      settings: () => ({ record: this.record, keep: 3 }),
      folder: join(folder, String(count++)),
      isBooting: () => this.isBooting,
      bootDeadlineMs: () => 1_200_000,
    });
  }

  async becomes(isBooting: boolean): Promise<void> {
    this.isBooting = isBooting;
    this.emit('life.state');
    await this.pass(0);
  }

  emit(type: string): void {
    this.hub.emit({ type, level: 'info', subject: { nodeId: this.node.id }, text: '' });
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms, 1_000);
    await this.diskIsIdle();
  }

  /** Files are written in the disk's own time: what was asked of it before is done when it has answered this often. */
  async diskIsIdle(): Promise<void> {
    for (let asked = 0; asked < 60; asked += 1) {
      await stat(folder);
      await settle(2);
    }
  }

  async texts(): Promise<string[]> {
    await this.diskIsIdle();
    const found = await this.hub.transcripts(this.node);
    return Promise.all(found.map(async ({ id }) => (await this.hub.transcript(this.node, id, false)).toString()));
  }
}

describe('recordings', () => {
  test('begin with a boot, with nobody reading, and end a while after it', async () => {
    const bench = new Bench();
    bench.hub.start();
    await bench.pass(1_000);
    assert.equal(bench.bmc.opened.length, 0);
    await bench.becomes(true);
    bench.bmc.say('Loading Linux\r\n');
    await bench.becomes(false);
    bench.bmc.say('Kernel panic\r\n');
    await bench.pass(140_000);
    assert.equal(bench.bmc.closed, 1);
    const [text] = await bench.texts();
    assert.match(text ?? '', /Loading Linux\r\nKernel panic\r\n/);
    assert.equal(bench.clock.pendingTimers, 0);
  });

  test('begin with a power cycle that no life knows of, and last as long as its kind may take to boot', async () => {
    const bench = new Bench();
    bench.hub.start();
    bench.isBooting = true;
    bench.emit('power.begun');
    await bench.pass(1_000);
    bench.isBooting = false;
    bench.emit('power.done');
    await bench.pass(1_000_000);
    bench.bmc.say('Welcome\r\n');
    assert.equal(bench.bmc.closed, 0);
    await bench.pass(340_000);
    assert.equal(bench.bmc.closed, 1);
    assert.match((await bench.texts())[0] ?? '', /Welcome/);
    assert.equal(bench.clock.pendingTimers, 0);
  });

  test('are one for each boot, the last three', async () => {
    const bench = new Bench();
    for (let boot = 1; boot <= 5; boot += 1) {
      await bench.becomes(true);
      bench.bmc.say(`boot ${boot}\r\n`);
      await bench.becomes(false);
      await bench.pass(200_000);
    }
    assert.deepEqual(
      (await bench.texts()).map((text) => /^boot \d/m.exec(text)?.[0]),
      ['boot 5', 'boot 4', 'boot 3'],
    );
  });

  test('are taken up after a restart, and go on while a person reads too', async () => {
    const bench = new Bench();
    bench.isBooting = true;
    bench.hub.start();
    await bench.pass(0);
    const anna = new FakeViewer('anna');
    const seat = bench.hub.join(bench.node, anna, { mode: 'write', takeOver: false });
    bench.bmc.say('both\r\n');
    seat.leave();
    bench.bmc.say('recorded\r\n');
    assert.equal(anna.text, 'both\r\n');
    assert.match((await bench.texts())[0] ?? '', /both\r\nrecorded/);
    assert.equal(bench.bmc.opened.length, 1);
    await bench.hub.stop();
    assert.equal(bench.bmc.closed, 1);
  });

  test('are not made where they are switched off, and end where that happens meanwhile', async () => {
    const bench = new Bench();
    await bench.becomes(true);
    bench.record = 'off';
    bench.hub.start();
    await bench.pass(20_000);
    assert.equal(bench.bmc.closed, 1);
    assert.deepEqual(bench.hub.statistics(), { consoles: 0, recorded: 0 });
  });

  test('are made of whatever may have Serial over LAN, and of nothing else', async () => {
    const fingerprint = 'ab'.repeat(32);
    for (const [bmc, isRecorded] of [
      [{ driver: 'auto' }, true],
      [{ driver: 'ipmi' }, true],
      [{ driver: 'auto', fingerprint }, true],
      [{ driver: 'redfish', fingerprint }, true],
      [{ driver: 'command' }, false],
      [{ driver: 'none' }, false],
    ] as const) {
      const bench = new Bench(bmc);
      await bench.becomes(true);
      assert.equal(bench.hub.standing(bench.node).isRecorded, isRecorded, JSON.stringify(bmc));
    }
  });

  test('go with their node', async () => {
    const bench = new Bench();
    await bench.becomes(true);
    bench.bmc.say('x');
    await bench.texts();
    bench.emit('node.removed');
    await bench.pass(1_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(await bench.hub.transcripts(bench.node), []);
    await assert.rejects(bench.hub.transcript(bench.node, '../../etc/passwd', false), NotFound);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IpmiError } from '../../../src/bmc/ipmi/errors.ts';
import { SolConsole } from '../../../src/bmc/ipmi/sol-console.ts';
import type { LineFaults } from '../../../src/rehearsal/bmc/faulty-line.ts';
import type { SerialQuirks } from '../../../src/rehearsal/bmc/serial-over-lan.ts';
import type { SimulatedBmc } from '../../../src/rehearsal/bmc/simulated-bmc.ts';
import { settle } from '../../harness/clock.ts';
import { BmcPod } from './pod.ts';

class Line {
  readonly pod: BmcPod;
  readonly bmc: SimulatedBmc;
  readonly heard: Buffer[] = [];
  readonly lost: string[] = [];
  readonly ends: string[] = [];
  readonly typed: Buffer[] = [];
  breaks = 0;

  constructor(faults: LineFaults = {}, serial: SerialQuirks = {}, seed = 1) {
    this.pod = new BmcPod(faults, seed);
    this.bmc = this.pod.bmc('bmc', { serial }).bmc;
    this.bmc.serial.typed = (characters) => void this.typed.push(Buffer.from(characters));
    this.bmc.serial.broken = () => {
      this.breaks += 1;
    };
  }

  async open(options: { takeOver?: boolean } = {}): Promise<SolConsole> {
    const client = this.pod.client('bmc');
    const listener = {
      output: (characters: Uint8Array) => void this.heard.push(Buffer.from(characters)),
      lost: (why: string) => void this.lost.push(why),
      ended: (why: string) => void this.ends.push(why),
    };
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.pod.until(SolConsole.open(client, this.pod.clock, listener, options));
      } catch (error) {
        // On a bad line a handshake may fail as a whole: whoever opens consoles tries again.
        if (!(error instanceof IpmiError) || error.failure === 'refused' || attempts > 5) throw error;
      }
    }
  }

  async pass(ms: number): Promise<void> {
    await this.pod.clock.advanceSettling(ms, 20);
    await settle();
  }

  get output(): string {
    return Buffer.concat(this.heard).toString('latin1');
  }

  get input(): string {
    return Buffer.concat(this.typed).toString('latin1');
  }
}

const text = (length: number, seed: number) =>
  Array.from({ length }, (_, at) => String.fromCharCode(33 + ((at * 7 + seed) % 90))).join('');

describe('a console by Serial over LAN', () => {
  test('is byte for byte both ways where a fifth of all packets is lost, some are doubled, and they overtake each other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 60 }), async (seed, delayMs) => {
        const line = new Line({ loss: 0.2, duplication: 0.1, delayMs }, { maxSendings: 60, bufferBytes: 1e6 }, seed);
        const console_ = await line.open();
        const said = text(6_000, seed);
        const typed = text(1_500, seed + 1);
        for (let at = 0; at < said.length; at += 150) {
          line.bmc.serial.say(Buffer.from(said.slice(at, at + 150), 'latin1'));
          console_.type(Buffer.from(typed.slice(at / 4, (at + 150) / 4), 'latin1'));
          await line.pass(40);
        }
        for (let waits = 0; waits < 3_000 && (line.output !== said || line.input.length < typed.length); waits += 1)
          await line.pass(100);
        assert.equal(line.output, said);
        assert.equal(line.input, typed);
        assert.deepEqual([line.lost, line.ends], [[], []]);
        await line.pod.until(console_.close());
      }),
      { numRuns: 8 },
    );
  });

  test('says that characters are gone where the BMC gives a packet up', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
        const line = new Line({ loss: 0.2 }, { maxSendings: 1 }, seed);
        await line.open();
        let said = '';
        for (let at = 0; at < 60; at += 1) {
          const piece = text(20, at);
          said += piece;
          line.bmc.serial.say(Buffer.from(piece, 'latin1'));
          await line.pass(300);
        }
        assert.ok(line.output.length <= said.length);
        // What was lost after the last packet that came nobody can know yet.
        if (!said.startsWith(line.output)) assert.ok(line.lost.includes('gap'));
      }),
      { numRuns: 6 },
    );
  });

  test('says that the BMC’s buffer ran over', async () => {
    const line = new Line({}, { bufferBytes: 300 });
    await line.open();
    line.bmc.serial.say(Buffer.alloc(1_000, 65));
    line.bmc.serial.say(Buffer.alloc(1_000, 66));
    await line.pass(2_000);
    assert.equal(line.lost[0], 'overrun');
  });

  test('types what the BMC takes in small pieces, in order', async () => {
    const line = new Line({}, { acceptsBytes: 3 });
    const console_ = await line.open();
    console_.type(Buffer.from('systemctl reboot\r'));
    await line.pass(5_000);
    assert.equal(line.input, 'systemctl reboot\r');
  });

  test('sends each break, also while characters are under way', async () => {
    const line = new Line({ delayMs: 50 });
    const console_ = await line.open();
    console_.type(Buffer.from('a'));
    console_.sendBreak();
    console_.sendBreak();
    await line.pass(3_000);
    assert.equal(line.breaks, 2);
    assert.equal(line.input, 'a');
  });

  test('is lost where the BMC restarts, although its session is replaced by another at once', async () => {
    const line = new Line();
    await line.open();
    line.bmc.restart(3_000);
    await line.pass(60_000);
    assert.deepEqual(line.ends, ['lost']);
  });

  test('is refused while another has it, and taken over on request; the other one is told', async () => {
    const line = new Line();
    await line.open();
    await assert.rejects(line.open(), { completionCode: 0x80 });
    const second = await line.open({ takeOver: true });
    await line.pass(1_000);
    assert.deepEqual(line.ends, ['taken']);
    await line.pod.until(second.close());
    assert.equal(line.bmc.serial.sessionId, 0);
  });

  test('leaves no session and no timer behind', async () => {
    const line = new Line();
    const console_ = await line.open();
    await line.pass(45_000);
    await line.pod.until(console_.close());
    await line.pass(30_000);
    assert.equal(line.bmc.sessions, 0);
    assert.equal(line.pod.clock.pendingTimers, 0);
  });
});

import { type BmcDriver, BmcError, type BmcFailure, type ConsoleListener } from '../../../src/bmc/driver.ts';
import { NodeConsole } from '../../../src/power/console/node-console.ts';
import type { ConsoleNotice, ConsoleRecording, ConsoleViewer } from '../../../src/power/console/ports.ts';
import { FakeClock, settle } from '../../harness/clock.ts';

/** A BMC's console without a BMC. */
export class FakeConsole {
  listener: ConsoleListener | undefined;
  readonly opened: { takeOver: boolean }[] = [];
  typed = '';
  breaks = 0;
  closed = 0;
  fails: BmcFailure | undefined;

  readonly driver: BmcDriver = {
    name: 'ipmi',
    console: { open: async (listener, options) => this.open(listener, options) },
    close: async () => {},
  };

  open(listener: ConsoleListener, options: { takeOver: boolean }) {
    this.opened.push(options);
    if (this.fails !== undefined) throw new BmcError(this.fails, `it is ${this.fails}`);
    this.listener = listener;
    return {
      type: (characters: Uint8Array) => {
        if (characters.length > 1_000) throw new RangeError('too much waits');
        this.typed += Buffer.from(characters).toString();
      },
      sendBreak: () => {
        this.breaks += 1;
      },
      close: async () => {
        this.closed += 1;
        listener.ended('closed');
      },
    };
  }

  say(text: string): void {
    this.listener?.output(Buffer.from(text));
  }
}

export class FakeViewer implements ConsoleViewer {
  readonly name: string;
  text = '';
  readonly notices: ConsoleNotice[] = [];

  constructor(name: string) {
    this.name = name;
  }

  output(characters: Uint8Array): void {
    this.text += Buffer.from(characters).toString();
  }

  notice(notice: ConsoleNotice): void {
    this.notices.push(notice);
  }

  get types(): string[] {
    return this.notices.map(({ type }) => type);
  }
}

export class FakeRecording implements ConsoleRecording {
  text = '';
  readonly marks: string[] = [];

  output(characters: Uint8Array): void {
    this.text += Buffer.from(characters).toString();
  }

  mark(text: string): void {
    this.marks.push(text);
  }
}

export class ConsoleBench {
  readonly clock = new FakeClock();
  readonly bmc = new FakeConsole();
  idle = 0;
  readonly console = new NodeConsole({
    name: 'dgx01',
    clock: this.clock,
    random: () => 0.5,
    open: async (listener, { takeOver }) => this.bmc.open(listener, { takeOver }),
    mendOf: ({ failure }) => `mend of ${failure}`,
    idle: () => {
      this.idle += 1;
    },
  });

  async pass(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms, 100);
    await settle();
  }
}

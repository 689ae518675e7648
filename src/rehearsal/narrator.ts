import type { MachineStep } from './machine.ts';

/** Up to here each step of each machine is a line; beyond it a person reads sums and troubles. */
const MOST_MACHINES_IN_FULL = 16;
const PROGRESS_EVERY_MS = 1_000;

export interface NarratorOptions {
  readonly machines: number;
  readonly colours: boolean;
  readonly write: (text: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const CODES = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Writes what happens for a person who watches: the machines' view and the daemon's, in the order of time. */
export class Narrator {
  readonly #options: NarratorOptions;
  readonly #startedAt: number;
  #lastProgressAt = Number.NEGATIVE_INFINITY;
  #on = 0;
  #ended = 0;

  constructor(options: NarratorOptions) {
    this.#options = options;
    this.#startedAt = options.now();
  }

  get #inFull(): boolean {
    return this.#options.machines <= MOST_MACHINES_IN_FULL;
  }

  say(text: string): void {
    this.#options.write(`${text}\n`);
  }

  paint(text: string, colour: keyof typeof CODES): string {
    return this.#options.colours ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }

  step(step: MachineStep): void {
    if (!this.#inFull && step.level !== 'trouble') return;
    const text = step.level === 'trouble' ? this.paint(step.text, 'red') : step.text;
    if (step.level === 'detail') this.#line(step.machine, this.paint(text, 'dim'));
    else this.#line(this.paint(step.machine.padEnd(11), 'cyan'), text);
  }

  /** What the daemon logs about a boot. */
  daemon(line: DaemonLine): void {
    if (!this.#inFull && line.level !== 'error') return;
    const colour = line.level === 'error' ? 'red' : line.level === 'warn' ? 'yellow' : 'dim';
    this.#line(this.paint('podboot'.padEnd(11), colour), this.paint(line.text, colour));
  }

  machineOn(): void {
    this.#on += 1;
    this.#progress();
  }

  machineEnded(): void {
    this.#ended += 1;
    this.#progress();
  }

  #progress(): void {
    const now = this.#options.now();
    const complete = this.#ended === this.#options.machines;
    if (this.#inFull || (!complete && now - this.#lastProgressAt < PROGRESS_EVERY_MS)) return;
    this.#lastProgressAt = now;
    this.#line('', `${this.#on} of ${this.#options.machines} nodes are on, ${this.#ended} are through`);
  }

  #line(who: string, text: string): void {
    const seconds = ((this.#options.now() - this.#startedAt) / 1_000).toFixed(2).padStart(7);
    this.say(`${this.paint(seconds, 'dim')}  ${who.padEnd(11)}  ${text}`);
  }
}

export interface DaemonLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
  /** `dhcp.ack`; absent for lines that are no step of a boot. */
  readonly type?: string;
}

/** pino's numbers, or names. */
function levelOf(value: unknown): DaemonLine['level'] {
  if (value === 'debug' || value === 'warn' || value === 'error' || value === 'info') return value;
  const number = typeof value === 'number' ? value : 30;
  return number >= 50 ? 'error' : number >= 40 ? 'warn' : number >= 30 ? 'info' : 'debug';
}

/** A line of the daemon's JSON log; undefined for anything else, such as the token that it prints once. */
export function parseDaemonLine(line: string): DaemonLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line) as Record<string, unknown>;
    const text = value.msg ?? value.text ?? value.message;
    if (typeof text !== 'string') return undefined;
    const type = typeof value.type === 'string' ? value.type : undefined;
    return { level: levelOf(value.level), text, ...(type === undefined ? {} : { type }) };
  } catch {
    return undefined;
  }
}

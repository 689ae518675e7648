import { BmcError, ConsoleAbsent, type ConsoleListener, type OpenConsole } from '../../bmc/driver.ts';
import { Conflict, PodbootError } from '../../domain/errors.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { ConsoleNotice, ConsoleRecording, ConsoleSeat, ConsoleStanding, ConsoleViewer } from './ports.ts';

export interface NodeConsoleOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** @throws BmcError */
  readonly open: (listener: ConsoleListener, how: { takeOver: boolean; isPerson: boolean }) => Promise<OpenConsole>;
  readonly mendOf: (error: BmcError) => string;
  /** Nobody needs it any more. */
  readonly idle: () => void;
}

export interface JoinOptions {
  readonly mode: 'read' | 'write';
  /** From whoever writes, and from whoever has the BMC's console. */
  readonly takeOver: boolean;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** A page that is loaded again, a terminal that is opened again: they find it open. */
const IDLE_MS = 10_000;
const MAX_VIEWERS = 16;

/** Trying again by itself would lock the account, or change nothing. */
const FINAL: ReadonlySet<BmcError['failure']> = new Set(['credentials', 'privilege', 'not-trusted']);

/** The one console of a node's BMC: read by several and the recording, written to by one. */
export class NodeConsole {
  readonly #options: NodeConsoleOptions;
  readonly #viewers = new Set<ConsoleViewer>();
  #writer: ConsoleViewer | undefined;
  #recording: ConsoleRecording | undefined;
  #state: 'closed' | 'opening' | 'open' | 'waiting' | 'given-up' = 'closed';
  #link: OpenConsole | undefined;
  /** Of an opening: what an older one says counts no more. */
  #round = 0;
  #timer: Timer | undefined;
  #failures = 0;
  /** The BMC may still think that it is open for us: then it is ours to take over. */
  #wasOurs = false;
  #hasBeenOpen = false;
  #takesOver = false;
  #trouble: string | undefined;

  constructor(options: NodeConsoleOptions) {
    this.#options = options;
  }

  get standing(): ConsoleStanding {
    return {
      isOpen: this.#state === 'open',
      readers: this.#viewers.size,
      isRecorded: this.#recording !== undefined,
      ...(this.#writer === undefined ? {} : { writer: this.#writer.name }),
      ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  /** @throws Conflict where somebody else writes, or too many read */
  mayJoin({ mode, takeOver }: JoinOptions): void {
    if (this.#viewers.size >= MAX_VIEWERS)
      throw new Conflict(`${MAX_VIEWERS} read the console of ${this.#options.name} already`, [], 'End one of them.');
    if (mode === 'write') this.#mayWrite(takeOver, undefined);
  }

  /** @throws Conflict as `mayJoin` */
  join(viewer: ConsoleViewer, options: JoinOptions): ConsoleSeat {
    this.mayJoin(options);
    this.#viewers.add(viewer);
    if (options.takeOver && this.#state !== 'open') this.#takesOver = true;
    if (options.mode === 'write') this.#hand(viewer);
    else if (this.#writer !== undefined) viewer.notice(writerNotice(this.#writer));
    if (this.#state === 'open') viewer.notice(this.#opened());
    else this.#openNow();
    return this.#seat(viewer);
  }

  /** @param recording undefined ends it */
  record(recording: ConsoleRecording | undefined): void {
    this.#recording = recording;
    if (recording === undefined) this.#restIfIdle();
    else if (this.#state === 'open') recording.mark('the console is open');
    else if (this.#state === 'closed' || this.#state === 'given-up') this.#open();
  }

  /** For all, with a last word: the node is gone, podboot stops. */
  async end(text: string): Promise<void> {
    this.#round += 1;
    this.#timer?.cancel();
    this.#recording?.mark(text);
    this.#recording = undefined;
    this.#dismiss({ type: 'ended', text });
    const link = this.#link;
    this.#link = undefined;
    this.#state = 'closed';
    await link?.close();
  }

  #seat(viewer: ConsoleViewer): ConsoleSeat {
    const isWriter = () => this.#writer === viewer;
    return {
      get mayWrite() {
        return isWriter();
      },
      type: (characters) => this.#asWriter(viewer, (link) => link.type(characters)),
      sendBreak: () => this.#asWriter(viewer, (link) => link.sendBreak()),
      write: (takeOver) => {
        this.#mayWrite(takeOver, viewer);
        if (this.#viewers.has(viewer)) this.#hand(viewer);
      },
      leave: () => this.#leave(viewer),
    };
  }

  #asWriter(viewer: ConsoleViewer, act: (link: OpenConsole) => void): void {
    const refuse = (text: string) => viewer.notice({ type: 'refused', text });
    if (this.#writer !== viewer) {
      const whose = this.#writer === undefined ? 'nobody writes' : `${this.#writer.name} writes`;
      refuse(`you only read; ${whose} to this console`);
      return;
    }
    try {
      if (this.#link === undefined) refuse('the console is not open; nothing was typed');
      else act(this.#link);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refuse(`nothing more was typed: ${error.message}`);
    }
  }

  #mayWrite(takeOver: boolean, viewer: ConsoleViewer | undefined): void {
    if (this.#writer === undefined || this.#writer === viewer || takeOver) return;
    const { name } = this.#options;
    const mend = `Read only (podboot console ${name} --read-only), or take it over (--take-over).`;
    throw new Conflict(`${this.#writer.name} writes to the console of ${name}`, [], mend);
  }

  #hand(viewer: ConsoleViewer | undefined): void {
    if (this.#writer === viewer) return;
    this.#writer = viewer;
    for (const each of this.#viewers) each.notice(writerNotice(viewer));
  }

  #leave(viewer: ConsoleViewer): void {
    if (!this.#viewers.delete(viewer)) return;
    if (this.#writer === viewer) this.#hand(undefined);
    this.#restIfIdle();
  }

  get #isNeeded(): boolean {
    return this.#viewers.size > 0 || this.#recording !== undefined;
  }

  #restIfIdle(): void {
    if (this.#isNeeded || this.#state === 'opening') return;
    this.#timer?.cancel();
    if (this.#state === 'open') this.#timer = this.#options.clock.setTimeout(() => this.#rest(), IDLE_MS);
    else this.#rest();
  }

  #rest(): void {
    if (this.#isNeeded) return;
    this.#round += 1;
    const link = this.#link;
    this.#link = undefined;
    this.#state = 'closed';
    this.#wasOurs = false;
    link?.close().catch(() => undefined);
    this.#options.idle();
  }

  /** A person waits: not for the end of a pause. */
  #openNow(): void {
    if (this.#state === 'opening') return;
    this.#open();
  }

  #open(): void {
    this.#timer?.cancel();
    this.#state = 'opening';
    this.#round += 1;
    const round = this.#round;
    const takeOver = this.#takesOver || this.#wasOurs;
    this.#options.open(this.#listener(round), { takeOver, isPerson: this.#viewers.size > 0 }).then(
      (link) => {
        if (round === this.#round) this.#isOpen(link);
        else link.close().catch(() => undefined);
      },
      (error: unknown) => {
        if (round === this.#round) this.#failed(error);
      },
    );
  }

  #isOpen(link: OpenConsole): void {
    this.#link = link;
    this.#state = 'open';
    this.#failures = 0;
    this.#takesOver = false;
    this.#wasOurs = true;
    this.#hasBeenOpen = true;
    this.#trouble = undefined;
    this.#tell(this.#opened(), 'the console is open');
    this.#restIfIdle();
  }

  #opened(): ConsoleNotice {
    return { type: 'opened', text: `the console of ${this.#options.name} is open` };
  }

  #failed(error: unknown): void {
    if (!(error instanceof BmcError)) {
      const text = error instanceof Error ? error.message : String(error);
      const mend = error instanceof PodbootError ? error.mend : undefined;
      this.#giveUp({ type: 'ended', text, ...(mend === undefined ? {} : { mend }) });
      return;
    }
    if (error instanceof ConsoleAbsent) {
      this.#trouble = error.message;
      this.#giveUp({ type: 'ended', text: error.message, mend: this.#options.mendOf(error) });
      return;
    }
    const mend = this.#options.mendOf(error);
    const isTaken = error.failure === 'refused';
    this.#trouble = error.message;
    if (FINAL.has(error.failure) || (isTaken && !this.#hasBeenOpen && this.#recording === undefined)) {
      this.#giveUp({ type: 'ended', text: error.message, mend });
      return;
    }
    // Who opens it hears at once that another has it; who had it, and the recording, wait.
    if (isTaken && !this.#hasBeenOpen) this.#dismiss({ type: 'ended', text: error.message, mend });
    this.#wait(isTaken ? MAX_RETRY_MS : this.#retryMs(), error.message);
  }

  #giveUp(notice: ConsoleNotice): void {
    this.#state = 'given-up';
    this.#takesOver = false;
    this.#recording?.mark(`the console can’t be opened: ${notice.text}`);
    this.#dismiss(notice);
    this.#restIfIdle();
  }

  #wait(retryMs: number, why: string): void {
    this.#state = 'waiting';
    if (!this.#isNeeded) {
      this.#rest();
      return;
    }
    const text = `the console of ${this.#options.name} is not open: ${why}; next try in ${Math.ceil(retryMs / 1_000)} s`;
    // The first time: a BMC that is dead all night has one line in the recording, not a thousand.
    this.#tell({ type: 'waiting', text, retryMs }, this.#failures <= 1 ? text : undefined);
    this.#timer = this.#options.clock.setTimeout(() => this.#open(), retryMs);
  }

  /** 1 to 30 s, doubling, give or take a fifth: the BMCs of a rack come back at the same moment. */
  #retryMs(): number {
    const baseMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 8));
    this.#failures += 1;
    return Math.min(MAX_RETRY_MS, Math.round(baseMs * (0.8 + 0.4 * this.#options.random())));
  }

  #listener(round: number): ConsoleListener {
    const isCurrent = () => round === this.#round;
    return {
      output: (characters) => {
        if (!isCurrent()) return;
        this.#recording?.output(characters);
        for (const viewer of this.#viewers) viewer.output(characters);
      },
      lost: () => {
        if (isCurrent())
          this.#tell({ type: 'lost', text: 'the BMC lost characters here' }, 'the BMC lost characters here');
      },
      ended: (why) => {
        if (isCurrent() && why !== 'closed') this.#ended(why);
      },
    };
  }

  #ended(why: 'lost' | 'taken'): void {
    this.#round += 1;
    this.#link = undefined;
    this.#wasOurs = why === 'lost';
    const text =
      why === 'lost'
        ? 'the console was lost; what the machine says until it is open again is gone'
        : 'another console took it; what the machine says meanwhile is gone';
    this.#trouble = text;
    this.#tell({ type: 'lost', text }, text);
    this.#wait(
      why === 'lost' ? this.#retryMs() : MAX_RETRY_MS,
      why === 'lost' ? 'its session was lost' : 'it is taken',
    );
  }

  #tell(notice: ConsoleNotice, mark: string | undefined): void {
    if (mark !== undefined) this.#recording?.mark(mark);
    for (const viewer of this.#viewers) viewer.notice(notice);
  }

  #dismiss(notice: ConsoleNotice): void {
    const viewers = [...this.#viewers];
    this.#viewers.clear();
    this.#writer = undefined;
    for (const viewer of viewers) viewer.notice(notice);
  }
}

function writerNotice(writer: ConsoleViewer | undefined): ConsoleNotice {
  if (writer === undefined) return { type: 'writer', text: 'nobody writes to this console now' };
  return { type: 'writer', text: `${writer.name} writes to this console`, writer: writer.name };
}

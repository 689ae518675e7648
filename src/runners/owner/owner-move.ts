import { PodbootError } from '../../domain/errors.ts';
import type { Clock, EventSink, StoreChange, Timer } from '../../domain/ports.ts';
import type { OwnerChange, OwnerStage } from '../../domain/schedulers.ts';
import { isOver, type OwnerWorld, type StepOutcome, takeStep } from './owner-step.ts';
import { STAGE_LEVEL, stageText } from './owner-words.ts';
import type { TurnGate } from './turn-gate.ts';

const LOOK_MS = 5_000;
const STOP_MS = 3_000;
const FIRST_RETRY_MS = 5_000;
const MAX_RETRY_MS = 60_000;
/** With the pauses between them some four minutes: an API server that is upgraded is back by then. */
const MAX_TRIES = 8;
/** What the new owner gave in between may take so long to end; then a person has to look. */
const WITHDRAW_MS = 15 * 60_000;
const MAX_SHOWN = 20;

/** What trying again does not change. */
const FINAL: ReadonlySet<string> = new Set(['slurm-held', 'not-found', 'owner-both']);

export interface OwnerMoveParts {
  readonly world: () => OwnerWorld;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly gate: TurnGate;
  readonly ended: (change: OwnerChange) => void;
}

/** One node's hand-over on its way: a stage is on disk before it is acted on. */
export class OwnerMove {
  readonly #parts: OwnerMoveParts;
  #change: OwnerChange;
  #tries = 0;
  #turnBackBy: string | undefined;
  #isStopped = false;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;
  #run: Promise<void> = Promise.resolve();

  constructor(change: OwnerChange, parts: OwnerMoveParts) {
    this.#change = change;
    this.#parts = parts;
  }

  get change(): OwnerChange {
    return this.#change;
  }

  /** @param isNew else a restart cut it off */
  start(isNew: boolean): void {
    if (isNew) this.#tell();
    else this.#emit('owner.taken-up', 'info', `its hand-over goes on where it was: ${this.#change.stage}`);
    this.#run = this.#go();
  }

  /** An act that is under way gets a moment: it is done again after a start, as after a crash. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#hurry();
    let timer: Timer | undefined;
    const moment = new Promise<void>((resolve) => {
      timer = this.#parts.clock.setTimeout(resolve, STOP_MS);
    });
    await Promise.race([this.#run, moment]);
    timer?.cancel();
  }

  /** False where it is on its way back already, or there. */
  turnBack(by: string): boolean {
    if (!canTurnBack(this.#change.stage)) return false;
    this.#turnBackBy ??= by;
    this.#hurry();
    return true;
  }

  force(): void {
    this.#change = { ...this.#change, force: true };
    this.#hurry();
  }

  async #go(): Promise<void> {
    while (!this.#isStopped && !isOver(this.#change)) {
      if (this.#turnBackBy !== undefined) {
        const trouble = `${this.#turnBackBy} asked for it back`;
        this.#turnBackBy = undefined;
        if (canTurnBack(this.#change.stage)) await this.#enter('withdrawing', { trouble });
        continue;
      }
      await this.#step();
    }
    if (isOver(this.#change)) this.#parts.ended(this.#change);
  }

  async #step(): Promise<void> {
    let outcome: StepOutcome;
    try {
      outcome = await this.#parts.gate.run(() => takeStep(this.#change, this.#parts.world()));
    } catch (error) {
      await this.#failed(error);
      return;
    }
    this.#tries = 0;
    if (this.#isStopped || this.#turnBackBy !== undefined) return;
    if (outcome.kind === 'next') {
      await this.#enter(outcome.stage);
      return;
    }
    const waitsFor = outcome.for.slice(0, MAX_SHOWN);
    this.#change = { ...this.#change, waitsFor };
    const shown =
      waitsFor.slice(0, 3).join(', ') + (outcome.for.length > 3 ? `, and ${outcome.for.length - 3} more` : '');
    if (this.#change.stage === 'withdrawing') {
      if (this.#parts.clock.now() < this.#change.since + WITHDRAW_MS) return this.#pause(LOOK_MS);
      const { trouble = '' } = this.#change;
      return this.#enter('stuck', {
        trouble: `${trouble}; and ${shown} still runs there, so nobody gets it`,
        mend: 'End what runs there, and give it to whom you like.',
      });
    }
    if (this.#parts.clock.now() < this.#change.deadlineAt) return this.#pause(LOOK_MS);
    return this.#enter('withdrawing', {
      trouble: `the time was over, and ${shown} still ran there`,
      mend: 'Wait longer (--wait), or end what runs there with --force.',
    });
  }

  async #failed(error: unknown): Promise<void> {
    this.#tries += 1;
    const { code, message, mend } = inWords(error);
    const { stage, deadlineAt } = this.#change;
    // While it waits for jobs of days a scheduler may be away for hours.
    const hasTime = stage === 'clearing' && this.#parts.clock.now() < deadlineAt;
    if (!FINAL.has(code) && (this.#tries < MAX_TRIES || hasTime)) {
      this.#change = { ...this.#change, waitsFor: [message] };
      return this.#pause(Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#tries - 1, 10), MAX_RETRY_MS));
    }
    this.#tries = 0;
    const said = { trouble: message, ...(mend === undefined ? {} : { mend }) };
    if (stage === 'labelling')
      return this.#enter('done', { ...said, trouble: `the label does not say so: ${message}` });
    if (stage === 'withdrawing' || stage === 'returning') {
      const { trouble } = this.#change;
      const first = trouble === undefined ? '' : `${trouble}; and then `;
      return this.#enter('stuck', { ...said, trouble: `${first}${message}` });
    }
    return this.#enter('withdrawing', said);
  }

  async #enter(stage: OwnerStage, said: Pick<OwnerChange, 'trouble' | 'mend'> = {}): Promise<void> {
    const now = this.#parts.clock.now();
    const { waitsFor: _, ...rest } = this.#change;
    const entered: OwnerChange = { ...rest, ...said, stage, since: now };
    const change = isOver(entered) ? { ...entered, endedAt: now } : entered;
    for (let pauseMs = FIRST_RETRY_MS; !this.#isStopped; pauseMs = Math.min(pauseMs * 2, MAX_RETRY_MS)) {
      try {
        await this.#parts.commit([{ put: 'document', kind: 'owner', id: change.nodeId, document: change }]);
        // Forced meanwhile: that stays.
        this.#change = { ...change, force: this.#change.force };
        this.#tell();
        return;
      } catch (error) {
        // Not on disk, not done: after a restart nobody would know how far it was.
        const text = `its hand-over waits for the disk: ${inWords(error).message}`;
        this.#emit('owner.not-stored', 'error', text);
        await this.#pause(pauseMs);
      }
    }
  }

  #tell(): void {
    const { stage, mend } = this.#change;
    this.#emit(`owner.${stage}`, STAGE_LEVEL[stage], stageText(this.#change), mend);
  }

  #emit(type: string, level: (typeof STAGE_LEVEL)[OwnerStage], text: string, mend?: string): void {
    const { nodeId, name, from, to } = this.#change;
    this.#parts.events.emit({
      ...{ type, level, subject: { nodeId, nodeName: name }, text, data: { from, to } },
      ...(mend === undefined ? {} : { mend }),
    });
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#parts.clock.setTimeout(resolve, delayMs);
    });
    this.#timer = undefined;
    this.#wake = undefined;
  }

  #hurry(): void {
    this.#timer?.cancel();
    this.#wake?.();
  }
}

function canTurnBack(stage: OwnerStage): boolean {
  return stage === 'taking' || stage === 'clearing' || stage === 'giving' || stage === 'labelling';
}

function inWords(error: unknown): { code: string; message: string; mend?: string } {
  if (error instanceof PodbootError) {
    return { code: error.code, message: error.message, ...(error.mend === undefined ? {} : { mend: error.mend }) };
  }
  return { code: 'unexpected', message: error instanceof Error ? error.message : String(error) };
}

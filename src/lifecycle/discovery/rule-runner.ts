import { Conflict, InvalidInput, PodbootError } from '../../domain/errors.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { Node } from '../../domain/node.ts';
import type { Clock, EventSink } from '../../domain/ports.ts';
import type { DiscoveryRule } from '../../domain/settings.ts';
import type { NodeRegistry } from '../registry-port.ts';
import type { Adoption } from './adoption.ts';
import type { MachineFacts } from './rule-match.ts';
import { type PlannedAdoption, planAdoptions } from './rule-plan.ts';

/** A stranger can make up addresses that a rule fits: a row of racks comes in so many minutes, a flood in a second. */
const MAX_AUTOMATIC = 500;
const AUTOMATIC_WINDOW_MS = 10 * 60_000;

/** What became of one machine that a rule fits. */
export interface RuleOutcome {
  readonly key: InterfaceKey;
  readonly rule: string;
  /** Of the node, where a name could be made. */
  readonly name?: string;
  /** Absent in a dry run, and where there is a problem. */
  readonly node?: Node;
  readonly problem?: string;
  readonly mend?: string;
}

export interface RunnerParts {
  readonly registry: NodeRegistry;
  readonly adoption: Adoption;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly rules: () => readonly DiscoveryRule[];
  /** What the profile boots can write to a disk, or nobody knows. */
  readonly isDestructive: (profile: string) => boolean;
}

/** Does what the operator's rules say. */
export class RuleRunner {
  readonly #parts: RunnerParts;
  #windowStart = Number.NEGATIVE_INFINITY;
  #inWindow = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** What would be done, and nothing of it is. */
  dryRun(machines: readonly MachineFacts[]): RuleOutcome[] {
    return this.#plan(machines, this.#parts.rules()).map(outcomeOf);
  }

  /** One after another: what one of them can't be keeps no other from it. */
  async apply(machines: readonly MachineFacts[]): Promise<RuleOutcome[]> {
    return this.#run(this.#plan(machines, this.#parts.rules()));
  }

  /** Of rules that say so. What can't be done is told as an event. Never rejects. */
  async applyAutomatic(machines: readonly MachineFacts[]): Promise<void> {
    // The first rule that fits a machine counts, also where it waits for an operator.
    const planned = this.#plan(machines, this.#parts.rules()).filter(({ rule }) => rule.automatic);
    const allowed = planned.slice(0, this.#allowance());
    this.#inWindow += allowed.length;
    for (const { key, rule, problem, mend } of await this.#run(allowed)) {
      if (problem === undefined) continue;
      this.#parts.events.emit({
        type: 'discovery.not-adopted',
        level: 'warn',
        subject: { key },
        text: `the rule ${rule} fits ${key}, which is not adopted: ${problem}`,
        ...(mend === undefined ? {} : { mend }),
        throttle: rule,
      });
    }
    if (allowed.length < planned.length) this.#tellLimit(planned.length - allowed.length);
  }

  #plan(machines: readonly MachineFacts[], rules: readonly DiscoveryRule[]): PlannedAdoption[] {
    return planAdoptions(machines, rules, this.#parts.registry).map((planned) => {
      const profile = planned.input?.profile;
      if (profile === undefined || !this.#parts.isDestructive(profile)) return planned;
      const problem = `its profile ${profile} can write to disks, which no rule gives`;
      return { ...planned, problem, mend: 'Name another profile in the rule; arm the node once it is enrolled.' };
    });
  }

  async #run(planned: readonly PlannedAdoption[]): Promise<RuleOutcome[]> {
    const outcomes: RuleOutcome[] = [];
    for (const each of planned) outcomes.push(await this.#adopt(each));
    return outcomes;
  }

  async #adopt(planned: PlannedAdoption): Promise<RuleOutcome> {
    const outcome = outcomeOf(planned);
    if (planned.input === undefined || planned.problem !== undefined) return outcome;
    try {
      const by = `rule ${planned.rule.name}`;
      return { ...outcome, node: await this.#parts.adoption.adopt(planned.machine.key, planned.input, by) };
    } catch (error) {
      return { ...outcome, ...inWords(error) };
    }
  }

  #allowance(): number {
    const now = this.#parts.clock.monotonic();
    if (now - this.#windowStart >= AUTOMATIC_WINDOW_MS) {
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    return MAX_AUTOMATIC - this.#inWindow;
  }

  #tellLimit(left: number): void {
    this.#parts.events.emit({
      type: 'discovery.rules-halted',
      level: 'warn',
      subject: {},
      text: `${MAX_AUTOMATIC} machines were adopted by rules within ten minutes; ${left} more that rules fit are left in the list of discovered ones`,
      mend: 'Look whether they are yours: podboot discovered rules --dry-run, then podboot discovered rules --apply.',
      throttle: 'rules',
    });
  }
}

function outcomeOf({ machine, rule, input, problem, mend }: PlannedAdoption): RuleOutcome {
  return {
    key: machine.key,
    rule: rule.name,
    ...(input === undefined ? {} : { name: input.name }),
    ...(problem === undefined ? {} : { problem }),
    ...(mend === undefined ? {} : { mend }),
  };
}

function inWords(error: unknown): { readonly problem: string; readonly mend?: string } {
  if (!(error instanceof PodbootError)) return { problem: error instanceof Error ? error.message : String(error) };
  const [first] = error instanceof InvalidInput || error instanceof Conflict ? error.problems : [];
  const mend = first?.mend ?? error.mend;
  return { problem: first?.message ?? error.message, ...(mend === undefined ? {} : { mend }) };
}

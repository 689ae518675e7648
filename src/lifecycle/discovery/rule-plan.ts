import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import type { DiscoveryAdoption, DiscoveryRule } from '../../domain/settings.ts';
import { fillIn } from '../../domain/text-pattern.ts';
import type { NodeRegistry } from '../registry-port.ts';
import type { AdoptionInput } from './adoption-input.ts';
import { type MachineFacts, matchRule, type RuleWords } from './rule-match.ts';
import { portNumber } from './switch-port-text.ts';

/** What a rule would make of one machine. */
export interface PlannedAdoption {
  readonly machine: DiscoveredMachine;
  readonly rule: DiscoveryRule;
  /** Absent where a word of it has no value. */
  readonly input?: AdoptionInput;
  /** Why it would not be done. */
  readonly problem?: string;
  readonly mend?: string;
}

/** Of the registry, what tells whether a name or a UUID is free. */
export type Taken = Pick<NodeRegistry, 'byName' | 'byUuid'>;

const MAX_COUNTER = 99_999;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * What the rules would make of these machines, each by the first rule that fits it; the same for the same machines and nodes,
 * in whatever order they came. Pure. Names that two machines would have go to neither: which of them is right, no rule knows.
 */
export function planAdoptions(
  machines: readonly MachineFacts[],
  rules: readonly DiscoveryRule[],
  taken: Taken,
): PlannedAdoption[] {
  const counters = new Counters(taken);
  const planned = [...machines]
    .sort((one, other) => compare(sortKey(one.machine), sortKey(other.machine)))
    .flatMap((facts) => {
      // A BMC is an interface of a node, and none of its own.
      if (facts.machine.kind === 'bmc') return [];
      for (const rule of rules) {
        const words = matchRule(rule, facts);
        if (words !== undefined) return [plan(facts.machine, rule, words, counters)];
      }
      return [];
    });
  return refuseCollisions(planned, taken);
}

/** By switch, port and address: neighbours in the rack get neighbouring numbers. */
function sortKey({ switchPort, key }: DiscoveredMachine): string {
  const port = switchPort === undefined ? '' : (portNumber(switchPort) ?? '');
  const { remoteId = '', circuitId = '' } = switchPort ?? {};
  return `${remoteId} ${port.padStart(6, '0')} ${circuitId} ${key}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function plan(machine: DiscoveredMachine, rule: DiscoveryRule, words: RuleWords, counters: Counters): PlannedAdoption {
  const { adopt } = rule;
  const look = (word: string) => words.get(word) ?? builtInWord(word, machine);
  const missing: string[] = [];
  const fill = (text: string) => {
    const filled = fillIn(text, look);
    if (typeof filled === 'string') return filled;
    missing.push(filled.missing);
    return '';
  };
  const name = counters.name(adopt.namePattern, (word) => {
    const value = look(word);
    return value === undefined ? undefined : hostNamePart(value);
  });
  if (typeof name !== 'string') return { machine, rule, problem: name.problem, mend: name.mend };
  const input = filledInput(name, adopt, fill);
  const [first] = missing;
  if (first === undefined) return { machine, rule, input };
  return { machine, rule, ...wordMissing(first) };
}

function filledInput(name: string, adopt: DiscoveryAdoption, fill: (text: string) => string): AdoptionInput {
  const { rack, position, roles, group, profile, labels, interfaceName } = adopt;
  return {
    name,
    interfaceName,
    roles,
    ...(rack === undefined ? {} : { rack: fill(rack) }),
    ...(position === undefined ? {} : { position: fill(position) }),
    ...(group === undefined ? {} : { group }),
    ...(profile === undefined ? {} : { profile }),
    labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, fill(value)])),
  };
}

function builtInWord(word: string, { mac, switchPort, serialNumber, uuid }: DiscoveredMachine): string | undefined {
  switch (word) {
    case 'mac':
      return mac?.replaceAll(':', '');
    case 'port':
      return switchPort === undefined ? undefined : portNumber(switchPort);
    case 'serial':
      return serialNumber;
    case 'uuid':
      return uuid;
    default:
      return undefined;
  }
}

function hostNamePart(value: string): string {
  return value
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

function wordMissing(word: string): { problem: string; mend: string } {
  return {
    problem: `nothing tells {${word}} of it`,
    mend: 'Adopt it by hand, or write a rule that needs less.',
  };
}

/** Names with `{n}`: the lowest number that no node has. */
class Counters {
  readonly #taken: Taken;
  /** Where to go on, by the pattern with everything else filled in. */
  readonly #next = new Map<string, number>();

  constructor(taken: Taken) {
    this.#taken = taken;
  }

  name(
    pattern: string,
    look: (word: string) => string | undefined,
  ): string | { readonly problem: string; readonly mend: string } {
    const counts = /\{n(?::[0-9]+)?\}/.test(pattern);
    const fill = (n: number) => fillIn(pattern, (word) => (word === 'n' ? String(n) : look(word)));
    const first = fill(0);
    if (typeof first !== 'string') return wordMissing(first.missing);
    if (!counts) return sound(first);
    let n = this.#next.get(first) ?? 1;
    for (; n <= MAX_COUNTER; n += 1) {
      const name = fill(n) as string;
      if (this.#taken.byName(name) !== undefined) continue;
      this.#next.set(first, n + 1);
      return sound(name);
    }
    return { problem: `every name of ${pattern} is taken`, mend: 'Write another namePattern.' };
  }
}

function sound(name: string): string | { readonly problem: string; readonly mend: string } {
  if (LABEL.test(name)) return name;
  return { problem: `“${name}” is no host name (RFC 1123 label)`, mend: 'Write another namePattern.' };
}

function refuseCollisions(planned: readonly PlannedAdoption[], taken: Taken): PlannedAdoption[] {
  const byName = Map.groupBy(planned, ({ input }) => input?.name);
  const byUuid = Map.groupBy(planned, ({ machine }) => machine.uuid);
  return planned.map((each) => {
    const { machine, input } = each;
    if (input === undefined) return each;
    const others = (byName.get(input.name) ?? []).filter((other) => other !== each);
    if (others.length > 0) {
      const problem = `${input.name} would be ${others.map((other) => other.machine.key).join(' and ')} too`;
      return { ...each, problem, mend: 'Write a namePattern that tells them apart, as with {mac}.' };
    }
    if (taken.byName(input.name) !== undefined) {
      const problem = `there is a node ${input.name} already`;
      return { ...each, problem, mend: 'Look which machine it is: podboot nodes show NAME.' };
    }
    if (machine.uuid === undefined) return each;
    const owner = taken.byUuid(machine.uuid)?.node.name;
    const first = byUuid.get(machine.uuid)?.[0];
    const same = owner ?? (first === each ? undefined : first?.input?.name);
    if (same === undefined) return each;
    return {
      ...each,
      problem: `it has the UUID of ${same}: another interface of the same machine`,
      mend: `Add it there: podboot discovered adopt MAC --node ${same} --interface NAME.`,
    };
  });
}

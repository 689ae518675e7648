import type { ArmRule, DiscoveryRule } from '../domain/settings.ts';
import { wordsIn } from '../domain/text-pattern.ts';
import { LOCAL_PROFILE } from '../profiles/local.ts';
import { profileKind } from '../profiles/registry.ts';
import { type Finding, fault, type Sited, warning } from './config-path.ts';
import type { Draft } from './draft.ts';
import { didYouMean } from './suggest.ts';

/** Words that need no pattern. */
const OWN_WORDS = ['mac', 'port', 'serial', 'uuid'];
/** Everything that tells one machine from the next: a name without any of it would be one machine's. */
const COUNTER = 'n';
/** What a switch or a relay says; all else is the machine's own word. */
const BY_OTHERS: readonly (keyof DiscoveryRule['match'])[] = ['circuitId', 'remoteId', 'subnet'];

export function* rulesNamesDiffer(draft: Draft): Iterable<Finding> {
  const seen = new Set<string>();
  for (const { path, value } of draft.discoveryRules) {
    if (seen.has(value.name)) yield fault([...path, 'name'], `another rule is called ${value.name}`, 'Rename one.');
    seen.add(value.name);
  }
}

export function* rulesMatchSomething(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.discoveryRules) {
    if (Object.keys(value.match).length > 0) continue;
    yield fault([...path, 'match'], 'it fits every machine that asks', 'Name at least one thing, such as vendor.');
  }
}

export function* rulesWordsAreKnown(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.discoveryRules) {
    const { namePattern, rack, position, labels } = value.adopt;
    const known = [...OWN_WORDS, ...Object.values(value.match).flatMap((each) => wordsOf(each))];
    const texts: [string[], string][] = [
      [['namePattern'], namePattern],
      [['rack'], rack ?? ''],
      [['position'], position ?? ''],
      ...Object.entries(labels).map(([key, text]): [string[], string] => [['labels', key], text]),
    ];
    for (const [at, text] of texts) {
      const all = at[0] === 'namePattern' ? [...known, COUNTER] : known;
      for (const word of wordsIn(text)) {
        if (all.includes(word)) continue;
        const mend = didYouMean(word, all) ?? `There are ${all.map((each) => `{${each}}`).join(', ')}.`;
        yield fault([...path, 'adopt', ...at], `nothing tells {${word}}`, mend);
      }
    }
    if (wordsIn(namePattern).length === 0) {
      const mend = `Write a word into it, such as ${namePattern}{n:2} or ${namePattern}{port}.`;
      yield fault([...path, 'adopt', 'namePattern'], 'every machine would get the same name', mend);
    }
  }
}

function wordsOf(value: unknown): string[] {
  return typeof value === 'string' ? wordsIn(value) : [];
}

export function* rulesGroupAndProfileExist(draft: Draft): Iterable<Finding> {
  const { groups, isUnclear } = draft.written;
  for (const { path, value } of draft.discoveryRules) {
    const { group } = value.adopt;
    if (group !== undefined && !isUnclear && !groups.has(group)) {
      const mend = didYouMean(group, groups) ?? `Add it: \`groups: { ${group}: { options: {} } }\`.`;
      yield fault([...path, 'adopt', 'group'], `there is no group ${group}`, mend);
    }
    yield* profileProblem({ path, value }, draft);
  }
}

function* profileProblem({ path, value }: Sited<DiscoveryRule>, draft: Draft): Iterable<Finding> {
  const name = value.adopt.profile;
  if (name === undefined || name === LOCAL_PROFILE) return;
  const at = [...path, 'adopt', 'profile'];
  const profile = draft.profiles.find((each) => each.value.name === name)?.value;
  if (profile === undefined) {
    const { profiles, isUnclear } = draft.written;
    // One that could not be read was told at its own place.
    if (isUnclear || profiles.has(name)) return;
    const names = [LOCAL_PROFILE, ...profiles];
    yield fault(at, `there is no profile ${name}`, didYouMean(name, names) ?? `There are ${names.join(', ')}.`);
  } else if (profileKind(profile.kind)?.destructive(profile) === true) {
    const mend = 'Leave it out, or name one that writes to no disk; arm the node once it is enrolled.';
    yield fault(at, `${name} installs, and no rule about strangers gives that`, mend);
  }
}

export function* automaticRulesTrustSwitches(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.discoveryRules) {
    if (!value.automatic || BY_OTHERS.some((key) => value.match[key] !== undefined)) continue;
    yield warning(
      [...path, 'automatic'],
      'whoever is on the network can say all that this rule looks at, and becomes a node by it',
      'Add circuitId, remoteId or subnet, which switches and relays tell; or leave automatic out.',
    );
  }
}

/** Rules of `install` arm what is enrolled: by way of a role, a stranger would get an installation that nobody granted. */
export function* rulesArmNobody(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.discoveryRules) {
    const armed = draft.settings.lifecycle.rules.find((rule) => armsWhatIsAdopted(rule, value.adopt));
    if (armed === undefined) continue;
    const message = `what this rule adopts would be armed with ${armed.profile} by the rule ${armed.name} of install`;
    const mend = 'Give it other roles, another rack or another group; change the nodes once you have looked at them.';
    yield fault([...path, 'adopt'], message, mend);
  }
}

/** All that the rule names must fit; a rack with a word in it may be any. */
function armsWhatIsAdopted(rule: ArmRule, { roles, rack, group }: DiscoveryRule['adopt']): boolean {
  const fits = (wanted: readonly string[], has: readonly string[]) =>
    wanted.length === 0 || wanted.some((each) => has.includes(each));
  const anyRack = rack !== undefined && wordsIn(rack).length > 0;
  return (
    fits(rule.roles, roles) &&
    (anyRack || fits(rule.racks, rack === undefined ? [] : [rack])) &&
    fits(rule.groups, group === undefined ? [] : [group])
  );
}

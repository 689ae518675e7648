import type { DiscoveredView, RuleOutcomeView, RuleView } from '../api/schemas/discovered.ts';
import { fields, table } from './table.ts';

/** The last one that asked first: that is the one somebody has just plugged in. */
export function discoveredTable(machines: readonly DiscoveredView[]): string {
  const newestFirst = [...machines].sort((one, other) => (one.lastSeenAt < other.lastSeenAt ? 1 : -1));
  return table(
    ['mac', 'vendor', 'firmware', 'uuid', 'port', 'address', 'first seen', 'last seen', 'suggestion'],
    newestFirst.map((machine) => [
      shortKey(machine),
      machine.kind === 'bmc' ? `${machine.vendor ?? ''} (BMC)`.trim() : machine.vendor,
      machine.firmware ?? machine.stage,
      machine.uuid,
      portText(machine),
      machine.address,
      minute(machine.firstSeenAt),
      minute(machine.lastSeenAt),
      suggestionText(machine),
    ]),
  );
}

export function discoveredFields(machine: DiscoveredView): string {
  const { rule } = machine;
  return fields([
    ['machine', shortKey(machine)],
    ['kind', machine.kind],
    ['vendor', machine.vendor],
    ['client id', machine.clientId],
    ['asked as', [machine.stage, machine.vendorClass].filter((part) => part !== undefined).join(', ')],
    ['firmware', machine.firmware],
    ['uuid', machine.uuid],
    ['serial', machine.serialNumber],
    ['product', [machine.manufacturer, machine.product].filter((part) => part !== undefined).join(' ')],
    ['host name', machine.hostname],
    ['port', portText(machine)],
    ['interface', machine.relay === undefined ? machine.interface : `${machine.interface}, relay ${machine.relay}`],
    ['address', machine.address],
    ['first seen', machine.firstSeenAt],
    ['last seen', machine.lastSeenAt],
    ['requests', String(machine.requests)],
    ...machine.suggestions.map(({ node, reason }) => ['perhaps', `${node}: ${reason}`] as const),
    ['rule', rule === undefined ? undefined : `${rule.rule}: ${rule.problem ?? `would make it ${rule.name}`}`],
  ]);
}

export function outcomeTable(outcomes: readonly RuleOutcomeView[], heading: string): string {
  return table(
    ['machine', 'rule', heading, 'problem'],
    outcomes.map(({ key, rule, name, problem, mend }) => [
      key.replace(/^mac:/, ''),
      rule,
      problem === undefined ? name : undefined,
      problem === undefined ? undefined : [problem, mend].filter((part) => part !== undefined).join('; '),
    ]),
  );
}

export function ruleTable(rules: readonly RuleView[]): string {
  return table(
    ['rule', 'match', 'name', 'automatic'],
    rules.map(({ name, match, namePattern, automatic }) => [
      name,
      Object.entries(match)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
      namePattern,
      automatic ? 'yes' : 'no',
    ]),
  );
}

function shortKey({ mac, key }: DiscoveredView): string {
  return mac ?? key;
}

function portText({ switchPort }: DiscoveredView): string | undefined {
  return (
    switchPort?.text ??
    (switchPort === undefined ? undefined : `${switchPort.remoteId ?? ''}/${switchPort.circuitId ?? ''}`)
  );
}

function suggestionText({ suggestions }: DiscoveredView): string | undefined {
  const [first] = suggestions;
  return first === undefined ? undefined : `${first.node}? ${first.reason}`;
}

/** `2026-01-01 12:34`. */
function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}

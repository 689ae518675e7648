import { formatIpv4, formatSubnet } from '../domain/ipv4.ts';
import type { SwitchPort } from '../domain/node.ts';
import type { DiscoveryRule } from '../domain/settings.ts';
import type { MachineReport } from '../lifecycle/discovery/discovery.ts';
import type { RuleOutcome } from '../lifecycle/discovery/rule-runner.ts';
import { subOptionText } from '../lifecycle/discovery/switch-port-text.ts';
import type { DiscoveredView, RuleOutcomeView, RuleView } from './schemas/discovered.ts';

/** @param rule what the rules would make of it */
export function discoveredView({ machine, vendor, suggestions }: MachineReport, rule?: RuleOutcome): DiscoveredView {
  const { interfaceName, relay, address, switchPort, firstSeenAt, lastSeenAt, ...rest } = machine;
  const { askedAt: _asked, identifiedAt: _identified, ...fields } = rest;
  return {
    ...fields,
    ...(vendor === undefined ? {} : { vendor }),
    ...(switchPort === undefined ? {} : { switchPort: switchPortView(switchPort) }),
    interface: interfaceName,
    ...(relay === undefined ? {} : { relay: formatIpv4(relay) }),
    ...(address === undefined ? {} : { address: formatIpv4(address) }),
    firstSeenAt: new Date(firstSeenAt).toISOString(),
    lastSeenAt: new Date(lastSeenAt).toISOString(),
    suggestions: suggestions.map(({ node, reason }) => ({ node: node.name, reason })),
    ...(rule === undefined ? {} : { rule: withoutKey(rule) }),
  };
}

function switchPortView(port: SwitchPort) {
  const words = [port.remoteId, port.circuitId].map((hex) => (hex === undefined ? undefined : subOptionText(hex)));
  const text = words.filter((each) => each !== undefined).join(' ');
  return { ...port, ...(text === '' ? {} : { text }) };
}

function withoutKey({ rule, name, problem, mend }: RuleOutcome) {
  return {
    rule,
    ...(name === undefined ? {} : { name }),
    ...(problem === undefined ? {} : { problem }),
    ...(mend === undefined ? {} : { mend }),
  };
}

export function ruleOutcomeView(outcome: RuleOutcome): RuleOutcomeView {
  const { key, node } = outcome;
  return { key, ...withoutKey(outcome), ...(node === undefined ? {} : { node: node.id }) };
}

export function ruleView({ name, automatic, match, adopt }: DiscoveryRule): RuleView {
  const { subnet, ...rest } = match;
  return {
    name,
    automatic,
    match: { ...rest, ...(subnet === undefined ? {} : { subnet: formatSubnet(subnet) }) },
    namePattern: adopt.namePattern,
  };
}

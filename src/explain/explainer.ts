import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Because, ExplainedOption, ExplainedStep, Explainer, Explanation, Origin } from '../domain/explanation.ts';
import { parseIpv4 } from '../domain/ipv4.ts';
import { macKey } from '../domain/lease.ts';
import { type MacAddress, parseMac } from '../domain/mac.ts';
import type { Node, NodeInterface } from '../domain/node.ts';
import type { LeaseDirectory, NodeDirectory } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { BootService } from '../services/boot/boot-service.ts';
import type { DhcpService } from '../services/dhcp/dhcp-service.ts';
import { explain } from './explain.ts';
import { machineWith } from './machines.ts';
import { choosePlace } from './place.ts';

export interface ExplainerParts {
  readonly settings: () => Settings;
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly dhcp: Pick<DhcpService, 'preview'>;
  readonly boot: Pick<BootService, 'preview' | 'lastSeen'>;
  readonly configFile: string;
  /** Asked once for each explanation. */
  readonly locator: () => (path: readonly (string | number)[]) => number | undefined;
}

interface Machine {
  readonly mac: MacAddress;
  readonly node?: Node;
  readonly interface?: NodeInterface;
}

export function createExplainer(parts: ExplainerParts): Explainer {
  return {
    async explain(question) {
      const machine = machineOf(question.machine, parts.nodes, parts.leases);
      const { mac, node } = machine;
      const relay = question.relay === undefined ? undefined : readRelay(question.relay);
      const place = choosePlace(
        { ...(question.interfaceName === undefined ? {} : { interfaceName: question.interfaceName }), relay },
        machine.interface?.address ?? parts.leases.byKey(macKey(mac))?.address,
        parts.settings(),
      );
      const boot = parts.boot.preview();
      const uuid = node?.uuid;
      const switchPort = machine.interface?.switchPort;
      const explanation = await explain(
        {
          mac,
          ...(uuid === undefined ? {} : { uuid }),
          firmware: question.firmware ?? machineWith(parts.boot.lastSeen(macKey(mac))?.firmware),
          ...place,
          ...(switchPort === undefined ? {} : { switchPort }),
        },
        { dhcp: parts.dhcp.preview(place.interfaceName, boot.policy), boot },
      );
      return located(explanation, parts.configFile, parts.locator());
    },
  };
}

/** @throws NotFound, InvalidInput */
function machineOf(named: string, nodes: NodeDirectory, leases: LeaseDirectory): Machine {
  const mac = parseMac(named);
  const port = mac === undefined ? undefined : nodes.byMac(mac);
  if (mac !== undefined) return port === undefined ? { mac } : { mac, ...port };
  const node = nodes.byId(named) ?? nodes.byName(named);
  if (node === undefined) {
    throw new NotFound(
      'There is no such node.',
      '`podboot nodes` lists those that there are; a MAC address will do too.',
    );
  }
  const boots = node.interfaces.filter(({ role }) => role === 'boot');
  const chosen = boots.find((each) => each.mac !== undefined) ?? boots[0] ?? node.interfaces[0];
  // Known by its UUID, its serial number or its switch port alone: any address of nobody's stands for its own.
  return {
    mac: chosen?.mac ?? nobodysMac(nodes, leases),
    node,
    ...(chosen === undefined ? {} : { interface: chosen }),
  };
}

/** Simulated machines are numbered from 02:00:00:00:00:01 too. */
function nobodysMac(nodes: NodeDirectory, leases: LeaseDirectory): MacAddress {
  for (let number = 1; ; number += 1) {
    const mac = `02:00:${(number.toString(16).padStart(8, '0').match(/../g) ?? []).join(':')}` as MacAddress;
    if (nodes.byMac(mac) === undefined && leases.byKey(macKey(mac)) === undefined) return mac;
  }
}

function readRelay(text: string): number {
  const relay = parseIpv4(text);
  if (relay !== undefined) return relay;
  const problem = { path: '?relay', message: 'It is no IPv4 address.', mend: 'Write the giaddr as 10.78.0.1.' };
  throw new InvalidInput('The request was refused.', [problem]);
}

/** Where a value stands that is not written at its own place. */
function inheritedFrom(path: readonly (string | number)[], interfaceName: string): readonly (readonly string[])[] {
  const [section, , key, option] = path;
  // `dns: true` has DHCP tell of the server.
  if (section === 'subnets' && option === 'domainNameServers') return [['interfaces', interfaceName, 'dns']];
  if (section === 'subnets' && path.length === 3) return [['dhcp', String(key)]];
  if (formatted(path) === 'dhcp.options.domainName') return [['site', 'domain']];
  return [];
}

function formatted(path: readonly (string | number)[]): string {
  return path.join('.');
}

function located(
  explanation: Explanation,
  file: string,
  lineOf: (path: readonly (string | number)[]) => number | undefined,
): Explanation {
  const placed = (origin: Origin): Origin => {
    if (origin.in !== 'configuration') return origin;
    for (const path of [origin.path, ...inheritedFrom(origin.path, explanation.interfaceName)]) {
      const line = lineOf(path);
      if (line !== undefined) return { in: 'configuration', path, file, line };
    }
    return origin;
  };
  const because = (each: Because): Because =>
    each.origin === undefined ? each : { ...each, origin: placed(each.origin) };
  const option = (each: ExplainedOption): ExplainedOption => ({ ...each, origin: placed(each.origin) });
  const step = (each: ExplainedStep): ExplainedStep => ({
    ...each,
    because: each.because.map(because),
    ...(each.dhcp === undefined ? {} : { dhcp: { ...each.dhcp, options: each.dhcp.options.map(option) } }),
  });
  return { ...explanation, steps: explanation.steps.map(step) };
}

import type { Problem } from '../domain/errors.ts';
import { broadcastAddress, formatIpv4, formatSubnet, type Ipv4, subnetContains } from '../domain/ipv4.ts';
import type { Node, NodeInterface } from '../domain/node.ts';
import type { ReservationSettings, Settings } from '../domain/settings.ts';
import { switchPortKey } from './node-claims.ts';
import { shown } from './node-input.ts';

/** What the configuration has against a node, which may be unsound by itself. Asked when it changes, and at every reload. */
export function checkNode(node: Node, settings: Settings): Problem[] {
  return [
    ...node.interfaces.flatMap((candidate, index) => [
      ...addressProblems(node, candidate, `interfaces[${index}].address`, settings),
      ...reservationProblems(node, candidate, `interfaces[${index}]`, settings.dhcp.reservations),
    ]),
    ...uuidProblems(node, settings.dhcp.reservations),
    ...nameProblems(node, settings),
  ];
}

function addressProblems(node: Node, candidate: NodeInterface, path: string, settings: Settings): Problem[] {
  const { address } = candidate;
  if (address === undefined) return [];
  const shownAddress = `${formatIpv4(address)} of ${shown(node.name)}’s interface ${shown(candidate.name)}`;
  const { subnets, reservations } = settings.dhcp;
  const subnet = subnets.find((each) => subnetContains(each, address));
  if (subnet === undefined) {
    const known = subnets.map(formatSubnet).join(', ') || 'none';
    const mend = `Use an address in one of them (${known}), or add the subnet to podboot.yaml.`;
    return [{ path, message: `${shownAddress} is in no subnet of the configuration.`, mend }];
  }
  if (isReservedBySubnet(address, subnet)) {
    const message = `${shownAddress} is the network’s own or the broadcast address of ${formatSubnet(subnet)}.`;
    return [{ path, message, mend: 'Use another address of that subnet.' }];
  }
  const ours = settings.interfaces.find((each) => each.address === address);
  if (ours !== undefined) {
    const message = `${shownAddress} is podboot’s own on ${ours.name}.`;
    return [{ path, message, mend: 'Use another address of that subnet.' }];
  }
  // DHCP gives a relay's address to nobody: the node would get another one, from a pool.
  const relayed = subnets.find((each) => each.relays.includes(address));
  if (relayed !== undefined) {
    const message = `${shownAddress} is the relay’s that asks for ${formatSubnet(relayed)}.`;
    return [{ path, message, mend: 'Use another address of that subnet.' }];
  }
  const reservation = reservations.find((each) => each.address === address);
  if (reservation !== undefined) {
    const message = `${shownAddress} is reserved for ${reservation.name} in podboot.yaml.`;
    return [{ path, message, mend: `Use another address, or take it from the reservation ${reservation.name}.` }];
  }
  return [];
}

/** RFC 3021: a /31 has neither a network nor a broadcast address; a /32 is one host. */
function isReservedBySubnet(address: Ipv4, subnet: { network: Ipv4; prefixLength: number }): boolean {
  return subnet.prefixLength < 31 && (address === subnet.network || address === broadcastAddress(subnet));
}

/** One machine by two records would get two addresses, depending on who is asked first. */
function reservationProblems(
  node: Node,
  candidate: NodeInterface,
  path: string,
  reservations: readonly ReservationSettings[],
): Problem[] {
  const { mac, clientId, switchPort } = candidate;
  const port = switchPort === undefined ? undefined : switchPortKey(switchPort);
  return reservations.flatMap(({ name, match }) => {
    const same =
      (mac !== undefined && match.mac === mac && 'mac') ||
      (clientId !== undefined && match.clientId === clientId && 'clientId') ||
      (port !== undefined &&
        match.switchPort !== undefined &&
        switchPortKey(match.switchPort) === port &&
        'switchPort');
    if (same === false) return [];
    const message = `The ${same} of ${shown(node.name)}’s interface ${shown(candidate.name)} is the reservation ${name}’s in podboot.yaml.`;
    return [{ path: `${path}.${same}`, message, mend: `Remove the reservation ${name}: the node takes its place.` }];
  });
}

function uuidProblems(node: Node, reservations: readonly ReservationSettings[]): Problem[] {
  const owner = reservations.find(({ match }) => node.uuid !== undefined && match.uuid === node.uuid);
  if (owner === undefined) return [];
  const message = `The UUID of ${shown(node.name)} is the reservation ${owner.name}’s in podboot.yaml.`;
  return [{ path: 'uuid', message, mend: `Remove the reservation ${owner.name}: the node takes its place.` }];
}

function nameProblems(node: Node, settings: Settings): Problem[] {
  const problems: Problem[] = [];
  const owner = settings.dhcp.reservations.find(({ name }) => name.toLowerCase() === node.name);
  if (owner !== undefined) {
    const mend = 'Use another name, or remove the reservation: the node takes its place.';
    problems.push({ path: 'name', message: `${node.name} is the name of a reservation in podboot.yaml.`, mend });
  }
  problems.push(...dnsProblems(node.name, settings));
  if (node.group !== undefined && !settings.dhcp.groups.has(node.group)) {
    const message = `${shown(node.name)} is in the group ${shown(node.group)}, which podboot.yaml does not have.`;
    problems.push({
      path: 'group',
      message,
      mend: `Use ${choice(settings.dhcp.groups.keys())}, or add it under groups.`,
    });
  }
  const { profile } = node.boot;
  if (profile !== 'local' && !settings.boot.profiles.has(profile)) {
    const message = `${shown(node.name)} boots the profile ${shown(profile)}, which podboot.yaml does not have.`;
    const profiles = choice(['local', ...settings.boot.profiles.keys()]);
    problems.push({ path: 'boot.profile', message, mend: `Use ${profiles}, or add it under profiles.` });
  }
  return problems;
}

/** DNS would lead its name to another machine. */
function dnsProblems(name: string, { dns, interfaces }: Settings): Problem[] {
  if (!interfaces.some((each) => each.dns)) return [];
  if (name === dns.serverName) {
    const mend = 'Use another name, or change dns.serverName.';
    return [{ path: 'name', message: `${name} is podboot’s own name in DNS.`, mend }];
  }
  const record = dns.records.find(
    (each) => each.name === `${name}.${dns.domain}` && (each.type === 'A' || each.type === 'CNAME'),
  );
  if (record === undefined) return [];
  const mend = 'Use another name, or remove the record: the node has its address by itself.';
  return [{ path: 'name', message: `${name} has another address by dns.records in podboot.yaml.`, mend }];
}

const MAX_CHOICES = 12;

function choice(names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return 'none';
  const more = all.length > MAX_CHOICES ? ` or one of ${all.length - MAX_CHOICES} more` : '';
  return `one of ${all.slice(0, MAX_CHOICES).join(', ')}${more}`;
}

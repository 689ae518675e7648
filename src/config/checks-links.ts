import { broadcastAddress, formatIpv4, formatSubnet, subnetContains } from '../domain/ipv4.ts';
import { atKey, type Finding, fault, warning } from './config-path.ts';
import { type Draft, knowsAllSubnets, type SitedSubnet } from './draft.ts';
import { didYouMean } from './suggest.ts';

export function* somethingIsServed(draft: Draft): Iterable<Finding> {
  if (draft.written.interfaces.size > 0 || draft.written.isUnclear) return;
  yield fault(
    ['interfaces'],
    'names no interface, so podboot would answer nowhere',
    'Name the interface that the machines are on: `interfaces: { eno2: { address: 10.77.0.1, dhcp: authoritative } }`.',
  );
}

export function* interfaceAddressesDiffer(draft: Draft): Iterable<Finding> {
  const owners = new Map<number, string>();
  for (const { path, value } of draft.interfaces) {
    const owner = owners.get(value.address);
    if (owner === undefined) owners.set(value.address, value.name);
    else
      yield fault(
        [...path, 'address'],
        `${formatIpv4(value.address)} is the address of ${owner} too`,
        'Each interface has an address of its own.',
      );
  }
}

export function* interfaceAddressIsAHosts(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.interfaces) {
    for (const { value: subnet } of draft.subnets) {
      if (subnet.prefixLength >= 31 || subnet.interfaceName !== value.name) continue;
      const what =
        value.address === subnet.network
          ? 'network address'
          : value.address === broadcastAddress(subnet)
            ? 'broadcast address'
            : undefined;
      if (what === undefined) continue;
      yield fault(
        [...path, 'address'],
        `${formatIpv4(value.address)} is the ${what} of ${formatSubnet(subnet)}`,
        `Write the address that ${value.name} has: \`ip -4 addr show dev ${value.name}\` tells it.`,
      );
    }
  }
}

export function* subnetsDoNotOverlap(draft: Draft): Iterable<Finding> {
  const sorted = [...draft.subnets].sort(
    (a, b) => a.value.network - b.value.network || a.value.prefixLength - b.value.prefixLength,
  );
  let farthest: SitedSubnet | undefined;
  for (const subnet of sorted) {
    // Two subnets overlap only where one contains the other.
    if (farthest !== undefined && subnetContains(farthest.value, subnet.value.network)) {
      const relation = farthest.value.prefixLength === subnet.value.prefixLength ? 'is the same as' : 'lies inside';
      yield atKey(
        fault(
          subnet.path,
          `${relation} ${formatSubnet(farthest.value)}`,
          'A machine is in one subnet: make them disjoint, or remove one.',
        ),
      );
    } else farthest = subnet;
  }
}

export function* subnetsInterfaceIsNamed(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.subnets) {
    if (draft.written.interfaces.has(value.interfaceName) || draft.written.isUnclear) continue;
    const names = [...draft.written.interfaces];
    yield fault(
      [...path, 'interface'],
      `${value.interfaceName} is not under interfaces`,
      didYouMean(value.interfaceName, names) ??
        `Name it there with its address, or write one of ${names.join(', ') || 'those'}.`,
    );
  }
}

/** Without a subnet of its link, an interface that gives addresses would have none to give. */
export function* authoritativeInterfaceHasItsSubnet(draft: Draft): Iterable<Finding> {
  // A subnet that could not be read may be the one.
  if (!knowsAllSubnets(draft)) return;
  for (const { path, value } of draft.interfaces) {
    if (value.dhcp !== 'authoritative') continue;
    const its = draft.subnets.filter((subnet) => subnet.value.interfaceName === value.name);
    if (its.some((subnet) => subnetContains(subnet.value, value.address))) continue;
    const relayed = its.length > 0 && its.every((subnet) => subnet.relays.length > 0);
    if (relayed) {
      yield warning(
        path,
        `no subnet contains ${formatIpv4(value.address)}: machines on the link itself get no address, only those behind relays`,
      );
      continue;
    }
    const holder = draft.subnets.find((subnet) => subnetContains(subnet.value, value.address));
    yield fault(
      [...path, 'address'],
      `no subnet of ${value.name} contains ${formatIpv4(value.address)}`,
      holder === undefined
        ? `Add the subnet under subnets with \`interface: ${value.name}\`, or write \`dhcp: proxy\` beside another DHCP server.`
        : `${formatSubnet(holder.value)} does: write \`interface: ${value.name}\` there.`,
    );
  }
}

/** A subnet that no packet can be matched to: not on the link, no relay, no neighbour on the same wire. */
export function* subnetCanBeReached(draft: Draft): Iterable<Finding> {
  for (const { path, value, relays } of draft.subnets) {
    const its = draft.interfaces.find((entry) => entry.value.name === value.interfaceName);
    if (its === undefined || relays.length > 0) continue;
    if (value.sharedNetwork !== undefined || subnetContains(value, its.value.address)) continue;
    yield fault(
      path,
      `no machine can ask for it: ${formatIpv4(its.value.address)} of ${value.interfaceName} is not inside, and no relay is named`,
      "Write the relay under `relays` by its address on the machines' side, or a `sharedNetwork` if it is on the same wire.",
    );
  }
}

export function* sharedNetworkIsOneLink(draft: Draft): Iterable<Finding> {
  const links = new Map<string, SitedSubnet[]>();
  for (const subnet of draft.subnets) {
    const name = subnet.value.sharedNetwork;
    if (name !== undefined) links.set(name, [...(links.get(name) ?? []), subnet]);
  }
  for (const [name, subnets] of links) {
    const [first, ...others] = subnets;
    if (first === undefined) continue;
    for (const other of others) {
      if (other.value.interfaceName === first.value.interfaceName) continue;
      yield fault(
        [...other.path, 'sharedNetwork'],
        `${name} is a link behind ${first.value.interfaceName}, and this subnet is behind ${other.value.interfaceName}`,
        'Give the two links different names.',
      );
    }
  }
}

/** A relay's address tells the link; on two links it tells nothing, and the relay has to say which it means (RFC 3527). */
export function* relayIsOnOneLink(draft: Draft): Iterable<Finding> {
  const seen = new Map<number, SitedSubnet>();
  for (const subnet of draft.subnets) {
    for (const relay of subnet.relays) {
      const other = seen.get(relay.value);
      seen.set(relay.value, other ?? subnet);
      if (other === undefined) continue;
      if (other === subnet) {
        yield fault(relay.path, `${formatIpv4(relay.value)} stands here twice`, 'Remove one.');
        continue;
      }
      const shared = subnet.value.sharedNetwork;
      if (shared !== undefined && shared === other.value.sharedNetwork) continue;
      const both = `${formatIpv4(relay.value)} is a relay of ${formatSubnet(other.value)} too`;
      if (other.value.interfaceName !== subnet.value.interfaceName) {
        yield fault(
          relay.path,
          both,
          'Packets of a relay come through one interface: name it in one of the two alone.',
        );
        continue;
      }
      yield warning(
        relay.path,
        `${both}: only link selection (RFC 3527) tells in which of the two a machine is`,
        'Turn it on at the relay, or write a relay address of its own in each, or the same `sharedNetwork` if they are one link.',
      );
    }
  }
}

export function* relayIsNotOurs(draft: Draft): Iterable<Finding> {
  for (const subnet of draft.subnets) {
    for (const relay of subnet.relays) {
      const ours = draft.interfaces.find((entry) => entry.value.address === relay.value);
      if (ours === undefined) continue;
      yield fault(
        relay.path,
        `${formatIpv4(relay.value)} is podboot's own address on ${ours.value.name}`,
        "Write the relay's address on the machines' side.",
      );
    }
  }
}

export function* relayKnowsItsSubnet(draft: Draft): Iterable<Finding> {
  for (const { value, relays } of draft.subnets) {
    if (value.sharedNetwork !== undefined) continue;
    for (const relay of relays) {
      if (subnetContains(value, relay.value)) continue;
      yield warning(
        relay.path,
        `${formatIpv4(relay.value)} is not inside ${formatSubnet(value)}; a relay usually asks with its address on the machines' side`,
        'Check giaddr in a capture, or the address of the switch in that VLAN.',
      );
    }
  }
}

export function* relayedMachinesHaveARouter(draft: Draft): Iterable<Finding> {
  for (const { path, value, relays, routers } of draft.subnets) {
    if (relays.length === 0 || routers.length > 0) continue;
    // The relay usually is the router, with its address on the machines' side.
    const router = relays.find((relay) => subnetContains(value, relay.value))?.value ?? value.network + 1;
    yield warning(
      path,
      'machines behind a relay get no router, so they reach neither TFTP nor HTTP here',
      `Write the router of their side, as in \`options: { routers: [${formatIpv4(router)}] }\`.`,
    );
  }
}

export function* routerIsOnTheLink(draft: Draft): Iterable<Finding> {
  for (const { path, value, routers } of draft.subnets) {
    for (const router of routers) {
      if (subnetContains(value, router) || value.sharedNetwork !== undefined) continue;
      yield warning(
        path,
        `its machines are sent to the router ${formatIpv4(router)}, which is not inside ${formatSubnet(value)}`,
        'Set `routers` under the options of the subnet.',
      );
    }
  }
}

export function* modeUsesItsSubnets(draft: Draft): Iterable<Finding> {
  for (const { path, value, pools } of draft.subnets) {
    const its = draft.interfaces.find((entry) => entry.value.name === value.interfaceName);
    if (its?.value.dhcp === 'off') {
      yield warning(path, `is never served: ${value.interfaceName} has \`dhcp: off\``);
    } else if (pools.length > 0 && (its?.value.dhcp === 'proxy' || its?.value.dhcp === 'reservations')) {
      const { dhcp } = its.value;
      const who = dhcp === 'proxy' ? 'the other DHCP server gives the addresses' : 'only known machines get an address';
      yield warning([...path, 'pools'], `are not used: ${value.interfaceName} has \`dhcp: ${dhcp}\`, so ${who}`);
    }
  }
}

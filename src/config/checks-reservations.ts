import { broadcastAddress, formatIpv4, formatSubnet, subnetContains } from '../domain/ipv4.ts';
import type { ReservationMatch } from '../domain/settings.ts';
import { type Finding, fault } from './config-path.ts';
import { type Draft, knowsAllSubnets, type SitedReservation } from './draft.ts';
import { didYouMean } from './suggest.ts';

/** What may be no other reservation's, with the key it was written under. */
const UNIQUE: readonly {
  readonly key: string;
  readonly what: string;
  readonly of: (reservation: SitedReservation) => string | undefined;
}[] = [
  { key: 'name', what: 'name', of: ({ value }) => value.name },
  { key: 'address', what: 'address', of: ({ value }) => formatIpv4(value.address) },
  { key: 'mac', what: 'MAC address', of: ({ value }) => value.match.mac },
  { key: 'clientId', what: 'client identifier', of: ({ value }) => value.match.clientId },
  { key: 'uuid', what: 'UUID', of: ({ value }) => value.match.uuid },
  { key: 'circuitId', what: 'switch port', of: ({ value }) => switchPort(value.match) },
];

function switchPort(match: ReservationMatch): string | undefined {
  const port = match.switchPort;
  return port === undefined ? undefined : `${port.circuitId ?? 'any'} at ${port.remoteId ?? 'any'}`;
}

export function* reservationsAreUnique(draft: Draft): Iterable<Finding> {
  for (const { key, what, of } of UNIQUE) {
    const seen = new Map<string, SitedReservation>();
    for (const reservation of draft.reservations) {
      const value = of(reservation);
      if (value === undefined) continue;
      const other = seen.get(value);
      if (other === undefined) seen.set(value, reservation);
      else yield duplicate(reservation, other, key, `${value} is the ${what} of`);
    }
  }
}

function duplicate(reservation: SitedReservation, other: SitedReservation, key: string, message: string): Finding {
  const named = key === 'name' ? `the reservation for ${formatIpv4(other.value.address)}` : other.value.name;
  const at = key === 'circuitId' && reservation.value.match.switchPort?.circuitId === undefined ? 'remoteId' : key;
  return fault([...reservation.path, at], `${message} ${named} too`, 'Change it in one of the two, or remove one.');
}

export function* reservedAddressIsServed(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.reservations) {
    const at = [...path, 'address'];
    const address = formatIpv4(value.address);
    const ours = draft.interfaces.find((entry) => entry.value.address === value.address);
    if (ours !== undefined) {
      yield fault(at, `${address} is podboot's own address on ${ours.value.name}`, 'Reserve another address.');
      continue;
    }
    const subnet = draft.subnets.find((entry) => subnetContains(entry.value, value.address))?.value;
    if (subnet === undefined) {
      // One that could not be read may contain it.
      if (!knowsAllSubnets(draft)) continue;
      const known = draft.subnets.map((entry) => formatSubnet(entry.value));
      const mend =
        known.length === 0
          ? 'Add the subnet under subnets.'
          : `The subnets are ${known.slice(0, 5).join(', ')}${known.length > 5 ? ', …' : ''}.`;
      yield fault(at, `${address} is in none of the subnets`, mend);
    } else if (subnet.prefixLength < 31 && value.address === subnet.network) {
      yield fault(at, `${address} is the network's own address in ${formatSubnet(subnet)}`, 'Reserve another address.');
    } else if (subnet.prefixLength < 31 && value.address === broadcastAddress(subnet)) {
      yield fault(at, `${address} is the broadcast address of ${formatSubnet(subnet)}`, 'Reserve another address.');
    }
  }
}

export function* groupExists(draft: Draft): Iterable<Finding> {
  const { groups, isUnclear } = draft.written;
  if (isUnclear) return;
  for (const { path, group } of draft.reservations) {
    if (group === undefined || groups.has(group)) continue;
    const mend = didYouMean(group, groups) ?? `Add it: \`groups: { ${group}: { options: {} } }\`.`;
    yield fault([...path, 'group'], `there is no group ${group}`, mend);
  }
}

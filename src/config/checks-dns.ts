import { formatIpv4, type Ipv4, parseIpv4, subnetContains } from '../domain/ipv4.ts';
import type { DnsRecordSettings } from '../domain/settings.ts';
import { type Finding, fault, type Sited, warning } from './config-path.ts';
import { type Draft, knowsAllSubnets } from './draft.ts';
import { formatUpstream } from './notations-dns.ts';

type SitedRecord = Sited<DnsRecordSettings>;

/** Names need a zone; and nobody would find what is served on no interface. */
export function* dnsHasADomain(draft: Draft): Iterable<Finding> {
  const { domain } = draft.settings.dns;
  if (domain !== undefined || draft.written.isUnclear) return;
  const [served] = draft.interfaces.filter(({ value }) => value.dns);
  if (served === undefined) return;
  yield fault(
    [...served.path, 'dns'],
    'DNS has no zone for the names of nodes: site.domain is missing',
    'Add `site: { domain: pod1.example.com }`.',
  );
}

export function* dnsIsServed(draft: Draft): Iterable<Finding> {
  const { written, interfaces, dnsRecords, upstreams } = draft;
  if (written.isUnclear || interfaces.some(({ value }) => value.dns)) return;
  const [first] = [...dnsRecords, ...upstreams];
  if (first === undefined || interfaces.length < written.interfaces.size) return;
  yield warning(['dns'], 'DNS is off on every interface', 'Write `dns: true` at an interface, or remove the section.');
}

export function* upstreamIsNotUs(draft: Draft): Iterable<Finding> {
  const { port } = draft.settings.dns;
  const seen = new Set<string>();
  for (const { path, value } of draft.upstreams) {
    const text = formatUpstream(value);
    const ours = draft.interfaces.find((each) => each.value.dns && each.value.address === value.address);
    if (ours !== undefined && value.port === port) {
      yield fault(
        path,
        `${text} is podboot itself on ${ours.value.name}: it would ask itself`,
        'Write the DNS server of the site, or [] for none.',
      );
    } else if (seen.has(text)) {
      yield fault(path, `${text} stands here twice`, 'Remove one.');
    }
    seen.add(text);
  }
}

/** Two records that can't both be true, or that say the same twice. */
export function* recordsAgree(draft: Draft): Iterable<Finding> {
  const byName = new Map<string, SitedRecord[]>();
  for (const record of draft.dnsRecords) {
    const others = byName.get(record.value.name) ?? [];
    const clash = others.find((other) => clashes(other.value, record.value));
    if (clash !== undefined) yield disagreement(record, clash);
    else byName.set(record.value.name, [...others, record]);
  }
}

function clashes(one: DnsRecordSettings, other: DnsRecordSettings): boolean {
  if (one.type === 'CNAME' || other.type === 'CNAME') return true;
  if (one.type !== other.type) return false;
  return one.type === 'PTR' || JSON.stringify(one) === JSON.stringify(other);
}

function disagreement(record: SitedRecord, other: SitedRecord): Finding {
  const at = [...record.path, 'name'];
  const { name, type } = record.value;
  const line = `dns.records[${other.path[2]}]`;
  if (JSON.stringify(record.value) === JSON.stringify(other.value)) {
    return fault(at, `${line} says the same`, 'Remove one of the two.');
  }
  if (type === 'PTR' && other.value.type === 'PTR') {
    return fault(at, `${line} has a PTR record of ${name} too`, 'An address has one name: remove one of the two.');
  }
  return fault(
    at,
    `${name} has a CNAME and another record (${line})`,
    'A name with a CNAME has nothing else (RFC 1034 section 3.6.2): remove one of the two, or write the addresses.',
  );
}

/** A reservation's name, and our own, have their address from there. */
export function* recordsLeaveOtherNamesAlone(draft: Draft): Iterable<Finding> {
  const { domain, serverName } = draft.settings.dns;
  if (domain === undefined) return;
  const reserved = new Map(draft.reservations.map(({ value }) => [`${value.name}.${domain}`, value]));
  for (const { path, value } of draft.dnsRecords) {
    if (value.type !== 'A' && value.type !== 'CNAME') continue;
    const reservation = reserved.get(value.name);
    if (reservation !== undefined) {
      const address = formatIpv4(reservation.address);
      yield fault(
        [...path, 'name'],
        `${value.name} is the reservation ${reservation.name} with ${address}`,
        'Remove the record, or give it another name.',
      );
    } else if (value.name === `${serverName}.${domain}`) {
      yield fault([...path, 'name'], `${value.name} is podboot's own name`, 'Change dns.serverName, or this name.');
    }
  }
}

export function* recordsAreInOurZones(draft: Draft): Iterable<Finding> {
  const { domain } = draft.settings.dns;
  for (const { path, value } of draft.dnsRecords) {
    const { name } = value;
    if (domain !== undefined && (name === domain || name.endsWith(`.${domain}`))) continue;
    const address = reverseAddress(name);
    const isOurs = address !== undefined && draft.subnets.some((subnet) => subnetContains(subnet.value, address));
    if (isOurs || (address !== undefined && !knowsAllSubnets(draft))) continue;
    if (domain === undefined) continue;
    const mend =
      address === undefined
        ? `Write a name without a dot at the end for one in ${domain}.`
        : 'Reverse zones are those of the subnets: add the subnet, or remove the record.';
    yield fault([...path, 'name'], `${name} is in none of our zones`, mend);
  }
}

function reverseAddress(name: string): Ipv4 | undefined {
  const octets = /^([0-9.]+)\.in-addr\.arpa$/.exec(name)?.[1];
  return octets === undefined ? undefined : parseIpv4(octets.split('.').reverse().join('.'));
}

/** A CNAME that comes back to itself has no answer. */
export function* aliasesEnd(draft: Draft): Iterable<Finding> {
  const aliases = new Map<string, string>();
  for (const { value } of draft.dnsRecords) if (value.type === 'CNAME') aliases.set(value.name, value.target);
  for (const { path, value } of draft.dnsRecords) {
    if (value.type !== 'CNAME') continue;
    const seen = new Set<string>();
    let name: string | undefined = value.target;
    while (name !== undefined && name !== value.name && !seen.has(name)) {
      seen.add(name);
      name = aliases.get(name);
    }
    if (name === value.name) {
      yield fault([...path, 'value'], `${value.name} is an alias of itself`, 'Let it end at a name with an address.');
    }
  }
}

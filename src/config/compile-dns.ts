import { formatIpv4, type Ipv4Subnet, parseIpv4 } from '../domain/ipv4.ts';
import type { DnsRecordSettings, DnsRecordValue, DnsSettings, UpstreamSettings } from '../domain/settings.ts';
import type { ConfigPath, Sited } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import type { Notation } from './notation.ts';
import { hostNameNotation } from './notations.ts';
import {
  ipv6Notation,
  recordNameNotation,
  serviceNotation,
  targetNotation,
  upstreamNotation,
  type WrittenName,
} from './notations-dns.ts';
import { ipv4Notation, subnetNotation } from './notations-network.ts';
import { entriesOf, type Report, read, readDuration } from './report.ts';
import type { PodbootYaml } from './schema.ts';

const TTL = { minSeconds: 1, maxSeconds: 86_400 };

type RecordYaml = NonNullable<NonNullable<PodbootYaml['dns']>['records']>[number];

export interface DnsDraft {
  readonly settings: DnsSettings;
  readonly upstreams: readonly Sited<UpstreamSettings>[];
  readonly records: readonly Sited<DnsRecordSettings>[];
}

/** @param domain site.domain; without it names that are not absolute have no zone, and a cross-check says so */
export function compileDns(yaml: PodbootYaml['dns'], domain: string | undefined, report: Report): DnsDraft {
  const list = <T>(key: 'upstreams' | 'clients', notation: Notation<T>): Sited<T>[] => {
    const found: Sited<T>[] = [];
    for (const [index, text] of entriesOf<string>(yaml?.[key])) {
      const path = ['dns', key, index];
      const value = read(notation, text, path, report);
      if (value !== undefined) found.push({ path, value });
    }
    return found;
  };
  const upstreams = list<UpstreamSettings>('upstreams', upstreamNotation);
  const clients = list<Ipv4Subnet>('clients', subnetNotation);
  const records = compileRecords(yaml?.records, domain, report);
  const settings: DnsSettings = {
    port: yaml?.port ?? DEFAULTS.dns.port,
    ...(domain === undefined ? {} : { domain }),
    serverName:
      read(hostNameNotation, yaml?.serverName ?? DEFAULTS.dns.serverName, ['dns', 'serverName'], report) ??
      DEFAULTS.dns.serverName,
    ttlSeconds: readDuration(yaml?.ttl ?? DEFAULTS.dns.ttl, ['dns', 'ttl'], TTL, report) ?? TTL.minSeconds,
    ...(yaml?.upstreams === undefined ? {} : { upstreams: upstreams.map(({ value }) => value) }),
    clients: clients.map(({ value }) => value),
    records: records.map(({ value }) => value),
  };
  return { settings, upstreams, records };
}

function compileRecords(
  yaml: readonly RecordYaml[] | undefined,
  domain: string | undefined,
  report: Report,
): Sited<DnsRecordSettings>[] {
  const records: Sited<DnsRecordSettings>[] = [];
  for (const [index, entry] of entriesOf(yaml)) {
    const path = ['dns', 'records', index];
    const name = recordName(entry, [...path, 'name'], domain, report);
    const value = recordValue(entry, [...path, 'value'], domain, report);
    if (name !== undefined && value !== undefined) records.push({ path, value: { name, ...value } });
  }
  return records;
}

function recordName(
  entry: RecordYaml,
  path: ConfigPath,
  domain: string | undefined,
  report: Report,
): string | undefined {
  const address = entry.type === 'PTR' ? parseIpv4(entry.name.trim()) : undefined;
  if (address !== undefined) return `${formatIpv4(address).split('.').reverse().join('.')}.in-addr.arpa`;
  return absolute(read(recordNameNotation, entry.name, path, report), domain);
}

function recordValue(
  entry: RecordYaml,
  path: ConfigPath,
  domain: string | undefined,
  report: Report,
): DnsRecordValue | undefined {
  const { type, value } = entry;
  switch (type) {
    case 'A': {
      const address = read(ipv4Notation, value, path, report);
      return address === undefined ? undefined : { type, address: formatIpv4(address) };
    }
    case 'AAAA': {
      const address = read(ipv6Notation, value, path, report);
      return address === undefined ? undefined : { type, address };
    }
    case 'CNAME':
    case 'PTR': {
      const target = absolute(read(targetNotation, value, path, report), domain);
      return target === undefined ? undefined : { type, target };
    }
    case 'SRV': {
      const service = read(serviceNotation, value, path, report);
      const target = absolute(service?.target, domain);
      return service === undefined || target === undefined ? undefined : { type, ...service, target };
    }
    case 'TXT':
      return { type, text: value };
  }
}

function absolute(written: WrittenName | undefined, domain: string | undefined): string | undefined {
  if (written === undefined || written.isAbsolute) return written?.name;
  if (domain === undefined) return undefined;
  return written.name === '' ? domain : `${written.name}.${domain}`;
}

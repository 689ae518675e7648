import { encodeData, type RecordValue, typeCode } from '../../codecs/dns/encode-data.ts';
import type { DnsRecord } from '../../codecs/dns/message.ts';
import { lowerCased, type WireName, wireName } from '../../codecs/dns/name.ts';
import type { Question } from '../../codecs/dns/query.ts';
import { CLASS_IN, Rcode, RecordType } from '../../codecs/dns/wire-format.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import type { NameEntry, Zone } from './zone.ts';
import type { OwnName, Zones } from './zones.ts';

/** A chain of aliases that is longer was never meant. */
const MAX_ALIASES = 8;
const SOA_TIMES = { refresh: 3_600, retry: 600, expire: 604_800 };
/** RFC 8482 section 4.2: who asks for everything gets something that is not worth asking for. */
const RFC8482 = Uint8Array.of(7, ...new TextEncoder().encode('RFC8482'), 0);

export interface ZoneContext {
  readonly zones: Zones;
  readonly ttlSeconds: number;
  readonly serial: number;
  /** Of our name server: `podboot.pod1.example.com`. */
  readonly serverName: string;
  /** Our address on the interface through which the question came. */
  readonly via: Ipv4;
}

export interface ZoneAnswer {
  readonly rcode: number;
  readonly answer: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  /** An alias leads out of our zones: the rest is for others to say. */
  readonly continueAt?: WireName;
  /** It says something that ends without telling: seconds that it may be kept. */
  readonly keepSeconds?: number;
  /** Another answer on each of our interfaces. */
  readonly varies: boolean;
}

/**
 * What our zones say. Pure.
 * @returns undefined where the name is in none of them
 */
export function answerFromZones(question: Question, context: ZoneContext): ZoneAnswer | undefined {
  let name = lowerCased(question.name);
  const answer: DnsRecord[] = [];
  let keepSeconds = Number.POSITIVE_INFINITY;
  let varies = false;
  const done = (rcode: number, rest: Partial<ZoneAnswer> = {}): ZoneAnswer => ({
    rcode,
    answer,
    authority: [],
    varies,
    ...(keepSeconds === Number.POSITIVE_INFINITY ? {} : { keepSeconds }),
    ...rest,
  });
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases += 1) {
    const own = context.zones.find(name);
    const entry = own === undefined ? 'elsewhere' : own.zone.lookup(own.labels, context.via);
    if (own === undefined || entry === 'elsewhere') {
      return answer.length === 0 ? undefined : done(Rcode.NOERROR, { continueAt: name });
    }
    if (entry === undefined) return done(Rcode.NXDOMAIN, { authority: [soaRecord(own.zone, context)] });
    keepSeconds = Math.min(keepSeconds, entry.ttlSeconds ?? Number.POSITIVE_INFINITY);
    varies ||= entry.varies === true;
    answer.push(...recordsOf(name, question.type, own, entry, context));
    const alias = aliasOf(entry, question.type);
    if (alias === undefined) {
      const hasAnswer = answer.at(-1)?.type === question.type || question.type === RecordType.ANY;
      return done(Rcode.NOERROR, hasAnswer ? {} : { authority: [soaRecord(own.zone, context)] });
    }
    name = wireName(alias);
  }
  return done(Rcode.SERVFAIL, { answer: [] });
}

function aliasOf({ values }: NameEntry, asked: number): string | undefined {
  if (asked === RecordType.CNAME || asked === RecordType.ANY) return undefined;
  const [value] = values;
  return value?.type === 'CNAME' ? value.target : undefined;
}

function recordsOf(
  name: WireName,
  asked: number,
  own: OwnName,
  entry: NameEntry,
  context: ZoneContext,
): readonly DnsRecord[] {
  const ttlSeconds = Math.min(context.ttlSeconds, entry.ttlSeconds ?? Number.POSITIVE_INFINITY);
  if (asked === RecordType.ANY) return [{ name, type: RecordType.HINFO, class: CLASS_IN, ttlSeconds, data: RFC8482 }];
  if (own.labels.length === 0 && asked === RecordType.SOA) return [soaRecord(own.zone, context)];
  if (own.labels.length === 0 && asked === RecordType.NS) {
    return [recordOf(name, { type: 'NS', target: context.serverName }, ttlSeconds)];
  }
  return entry.values
    .filter(({ type }) => typeCode(type) === asked || type === 'CNAME')
    .map((value) => recordOf(name, value, ttlSeconds));
}

function soaRecord(zone: Zone, { ttlSeconds, serial, serverName }: ZoneContext): DnsRecord {
  const dot = serverName.indexOf('.');
  const mailbox = `hostmaster${dot === -1 ? '' : serverName.slice(dot)}`;
  // Both its own time to live and its minimum bound a negative answer (RFC 2308 section 5).
  const soa = { type: 'SOA', primary: serverName, mailbox, serial, ...SOA_TIMES, minimum: ttlSeconds } as const;
  return recordOf(zone.apexName, soa, ttlSeconds);
}

function recordOf(name: WireName, value: RecordValue, ttlSeconds: number): DnsRecord {
  return { name, type: typeCode(value.type), class: CLASS_IN, ttlSeconds, data: encodeData(value) };
}

import { Packet } from 'dns2';
import { utf8Bytes } from '../text.ts';
import { CLASS_IN, RecordType } from './wire-format.ts';

/** Data of a record of ours. Names are text without a dot at the end: `dgx01.pod1.example.com`. */
export type RecordValue =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR' | 'NS'; readonly target: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'TXT'; readonly text: string }
  | ({ readonly type: 'SOA' } & StartOfAuthority);

/** RFC 1035 section 3.3.13; times in seconds. */
export interface StartOfAuthority {
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  /** Of negative answers (RFC 2308 section 4). */
  readonly minimum: number;
}

export function typeCode(type: RecordValue['type']): number {
  return RecordType[type];
}

/** A character string has a length byte (RFC 1035 section 3.3). */
const MAX_STRING_BYTES = 255;
/** Of a record that belongs to the root: its name, type, class, time to live and length. */
const HEAD_BYTES = 11;

/**
 * The record's data without compression: in SRV it is forbidden (RFC 2782), elsewhere it would save a few bytes.
 * @throws Error for what the type does not take
 */
export function encodeData(value: RecordValue): Uint8Array {
  // Without a table of names in its writer, dns2 writes every name out.
  const record = new Packet.Resource({
    name: '',
    type: typeCode(value.type),
    class: CLASS_IN,
    ttl: 0,
    ...fields(value),
  });
  return Uint8Array.from(Packet.Resource.encode(record, new Packet.Writer()).subarray(HEAD_BYTES));
}

/** In dns2's words. */
function fields(value: RecordValue): Partial<Omit<InstanceType<typeof Packet.Resource>, 'type'>> {
  switch (value.type) {
    case 'A':
    case 'AAAA':
      return { address: value.address };
    case 'CNAME':
    case 'PTR':
      return { domain: value.target };
    case 'NS':
      return { ns: value.target };
    case 'SRV': {
      const { priority, weight, port, target } = value;
      return { priority, weight, port, target };
    }
    case 'TXT':
      return { data: characterStrings(value.text) };
    case 'SOA': {
      const { primary, mailbox, serial, refresh, retry, expire, minimum } = value;
      return { primary, admin: mailbox, serial, refresh, retry, expiration: expire, minimum };
    }
  }
}

/** Readers join them again (RFC 7208 section 3.3); dns2 would write the length of a longer one modulo 256. */
function characterStrings(text: string): string[] {
  const strings: string[] = [];
  let string = '';
  let sizeBytes = 0;
  for (const char of text) {
    const charBytes = utf8Bytes(char).length;
    if (sizeBytes + charBytes > MAX_STRING_BYTES) {
      strings.push(string);
      string = '';
      sizeBytes = 0;
    }
    string += char;
    sizeBytes += charBytes;
  }
  strings.push(string);
  return strings;
}

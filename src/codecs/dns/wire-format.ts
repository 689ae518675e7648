/** Numbers of the DNS parameters registry (IANA), as far as they are used here. */
export const RecordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

export const Opcode = { QUERY: 0 } as const;

export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  /** Twelve bits: the upper eight are in the OPT record (RFC 6891 section 6.1.3). */
  BADVERS: 16,
} as const;

/** Bits of the header's second 16-bit word. */
export const Flag = {
  QR: 0x8000,
  OPCODE: 0x7800,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
  RCODE: 0x000f,
} as const;

export const HEADER_BYTES = 12;
/** Without EDNS (RFC 1035 section 4.2.1). */
export const PLAIN_UDP_BYTES = 512;
/** What every path carries unfragmented (DNS flag day 2020). */
export const SAFE_UDP_BYTES = 1232;
export const MAX_MESSAGE_BYTES = 65_535;

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(RecordType).map(([name, code]) => [code, name] as const),
);

/** `A`, or `TYPE65` (RFC 3597 section 5). */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

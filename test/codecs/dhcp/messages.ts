import fc from 'fast-check';
import { BootOp, type DhcpMessage, HardwareType } from '../../../src/codecs/dhcp/message.ts';

/** A message of zeros with an Ethernet address, for what a test has to say about it. */
export function message(changes: Partial<DhcpMessage> = {}): DhcpMessage {
  return {
    op: BootOp.BOOTREPLY,
    htype: HardwareType.ETHERNET,
    hlen: 6,
    hops: 0,
    xid: 0x12345678,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: Uint8Array.of(0x52, 0x54, 0, 0x77, 0, 1),
    sname: '',
    file: '',
    options: new Map(),
    ...changes,
  };
}

/** The header, the cookie and these bytes of options. */
export function rawMessage(options: readonly number[], { cookie = true } = {}): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set([1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
  if (cookie) bytes.set([99, 130, 83, 99], 236);
  bytes.set(options, 240);
  return bytes;
}

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
export const uint32 = fc.integer({ min: 0, max: 0xffffffff });
export const bytesUpTo = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });

/** Latin-1 without NUL, as a field of this many bytes holds it. */
export const fieldText = (maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.integer({ min: 1, max: 0xff }).map((code) => String.fromCharCode(code)), minLength, maxLength });

/** Labels of host names, up to a whole name of 253 characters. */
export const domainName = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-]{1,63}$/), { minLength: 1, maxLength: 6 })
  .map((labels) => labels.join('.'))
  .filter((name) => name.length <= 253);

export const uuid = fc.uuid();

/** What 0, 52 and 255 leave. */
const optionCode = fc.integer({ min: 1, max: 254 }).filter((code) => code !== 52);

export const dhcpMessage: fc.Arbitrary<DhcpMessage> = fc
  .record({
    op: fc.constantFrom(BootOp.BOOTREQUEST, BootOp.BOOTREPLY),
    htype: uint8,
    hops: uint8,
    xid: uint32,
    secs: uint16,
    flags: uint16,
    ciaddr: uint32,
    yiaddr: uint32,
    siaddr: uint32,
    giaddr: uint32,
    chaddr: bytesUpTo(16),
    sname: fc.oneof(fc.constant(''), fieldText(63)),
    file: fc.oneof(fc.constant(''), fieldText(127)),
    options: fc
      .array(fc.tuple(optionCode, fc.oneof(bytesUpTo(16), bytesUpTo(600))), { maxLength: 24 })
      .map((options) => new Map(options)),
  })
  .map((fields) => ({ ...fields, hlen: fields.chaddr.length }));

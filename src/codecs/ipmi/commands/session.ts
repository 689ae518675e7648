import { ByteReader } from '../../byte-reader.ts';
import { acknowledged, type IpmiCommand } from '../command.ts';
import { little32 } from '../little-endian.ts';
import { NetFn } from '../message.ts';

export const Privilege = { USER: 2, OPERATOR: 3, ADMINISTRATOR: 4 } as const;
export type Privilege = (typeof Privilege)[keyof typeof Privilege];

/** The channel that the request comes through (IPMI 2.0 table 6-2). */
const THIS_CHANNEL = 0x0e;
const V20_DATA = 0x80;

export interface ChannelAuthentication {
  readonly supportsV20: boolean;
  /** Two-key login: sessions need the BMC key beside the password. */
  readonly needsBmcKey: boolean;
}

/**
 * IPMI 2.0 table 22-16. Before any session. Some BMCs want the bit that asks for v2.0 data clear and answer cc to it.
 */
export function getChannelAuthenticationCapabilities(
  privilege: Privilege,
  withV20Data = true,
): IpmiCommand<ChannelAuthentication> {
  return {
    name: 'Get Channel Authentication Capabilities',
    netFn: NetFn.APP,
    command: 0x38,
    data: Uint8Array.of(THIS_CHANNEL | (withV20Data ? V20_DATA : 0), privilege),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'channel authentication capabilities');
      reader.uint8('channel');
      reader.uint8('authentication types');
      const status = reader.uint8('authentication status');
      const extended = reader.remaining > 0 ? reader.uint8('extended capabilities') : 0;
      return { supportsV20: (extended & 0x02) !== 0, needsBmcKey: (status & 0x20) !== 0 };
    },
  };
}

/**
 * One page of sixteen bytes of the records of table 22-18; a shorter one is the last.
 *
 * @param index from 0
 */
export function getChannelCipherSuites(index: number): IpmiCommand<Uint8Array> {
  return {
    name: 'Get Channel Cipher Suites',
    netFn: NetFn.APP,
    command: 0x54,
    data: Uint8Array.of(THIS_CHANNEL, 0x00, 0x80 | (index & 0x3f)),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'channel cipher suites');
      reader.uint8('channel');
      return reader.rest().slice();
    },
  };
}

/** Ids of the standard suites in the records, as they stand. */
export function suiteIds(records: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 0; at < records.length; at += 1) {
    const start = records[at]!;
    if (start === 0xc0) ids.push(records[at + 1] ?? -1);
    // 0xc1 begins one of the maker's own: id and IANA number; everything else are tags of algorithms.
    if (start === 0xc0) at += 1;
    else if (start === 0xc1) at += 4;
  }
  return ids.filter((id) => id >= 0);
}

/** IPMI 2.0 table 22-23. @returns the privilege in force */
export function setSessionPrivilege(privilege: Privilege): IpmiCommand<number> {
  return {
    name: 'Set Session Privilege Level',
    netFn: NetFn.APP,
    command: 0x3b,
    data: Uint8Array.of(privilege),
    isRepeatable: true,
    codes: {
      128: 'the user does not have this privilege',
      129: 'the channel does not give this privilege',
      130: 'the session can’t have this privilege',
    },
    read: (data) => new ByteReader(data, 'session privilege').uint8('privilege') & 0x0f,
  };
}

/** IPMI 2.0 table 22-24. Sent once; whatever it says, the session is over for us. */
export function closeSession(bmcSessionId: number): IpmiCommand<void> {
  const numbers = { name: 'Close Session', netFn: NetFn.APP, command: 0x3c };
  return acknowledged(numbers, [...little32(bmcSessionId)], { isRepeatable: false });
}

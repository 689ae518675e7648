import { ByteReader } from '../../byte-reader.ts';
import { acknowledged, type IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';
import { MAX_PASSWORD_BYTES } from '../rakp.ts';

const TWENTY_BYTES = 0x80;
const SET_PASSWORD = 0x02;
const TEST_PASSWORD = 0x03;
const CODES = { 128: 'the password is wrong', 129: 'the password is right, but was set with another length' };
/** Of a test: the BMC does not keep this password, or not all of it. */
export const WRONG_PASSWORD_CODES: readonly (number | undefined)[] = [0x80, 0x81];

/** IPMI 2.0 table 22-29: the name of a user by its number, 1 to 63. */
export function getUserName(userId: number): IpmiCommand<string> {
  return {
    name: 'Get User Name',
    netFn: NetFn.APP,
    command: 0x46,
    data: Uint8Array.of(userId & 0x3f),
    isRepeatable: true,
    read: (data) => Buffer.from(new ByteReader(data, 'user name').rest()).toString('latin1').replace(/\0.*$/s, ''),
  };
}

/**
 * IPMI 2.0 table 22-30, in its form of twenty bytes.
 *
 * @throws RangeError for a password that is longer: a BMC that cut it would be locked to everybody who types it whole
 */
export function setUserPassword(userId: number, password: Uint8Array): IpmiCommand<void> {
  return passwordCommand(userId, SET_PASSWORD, password);
}

/** Sent once: some BMCs count wrong ones, and some end all sessions of a user whose password was changed. */
export function testUserPassword(userId: number, password: Uint8Array): IpmiCommand<void> {
  return { ...passwordCommand(userId, TEST_PASSWORD, password), isRepeatable: false };
}

function passwordCommand(userId: number, operation: number, password: Uint8Array): IpmiCommand<void> {
  if (password.length > MAX_PASSWORD_BYTES) {
    throw new RangeError(`a password of ${password.length} bytes: ${MAX_PASSWORD_BYTES} at most`);
  }
  if (password.includes(0)) throw new RangeError('a password with a NUL byte');
  const padded = new Uint8Array(MAX_PASSWORD_BYTES);
  padded.set(password);
  const numbers = { name: 'Set User Password', netFn: NetFn.APP, command: 0x47 };
  return acknowledged(numbers, [TWENTY_BYTES | (userId & 0x3f), operation, ...padded], { codes: CODES });
}

import { MAX_BMC_KEY_BYTES, MAX_PASSWORD_BYTES, MAX_USER_NAME_BYTES } from '../../codecs/ipmi/rakp.ts';

export interface IpmiCredentials {
  readonly userName: Uint8Array;
  readonly password: Uint8Array;
  /** Kg, for BMCs with two-key login. */
  readonly bmcKey?: Uint8Array;
}

/**
 * Checked in bytes, as a BMC counts them. Nothing is cut: a longer password would be another one.
 *
 * @param bmcKey in hexadecimal
 * @throws RangeError that names the field and never its value
 */
export function readCredentials(text: {
  readonly userName: string;
  readonly password: string;
  readonly bmcKey?: string;
}): IpmiCredentials {
  const userName = limited('user name', Buffer.from(text.userName, 'utf8'), MAX_USER_NAME_BYTES);
  const password = limited('password', Buffer.from(text.password, 'utf8'), MAX_PASSWORD_BYTES);
  if (text.bmcKey === undefined || text.bmcKey === '') return { userName, password };
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(text.bmcKey)) throw new RangeError('the BMC key is not in hexadecimal');
  return { userName, password, bmcKey: limited('BMC key', Buffer.from(text.bmcKey, 'hex'), MAX_BMC_KEY_BYTES, true) };
}

function limited(what: string, bytes: Uint8Array, maxBytes: number, mayHoldNul = false): Uint8Array {
  if (bytes.length > maxBytes)
    throw new RangeError(`the ${what} has ${bytes.length} bytes, IPMI 2.0 allows ${maxBytes}`);
  if (!mayHoldNul && bytes.includes(0)) throw new RangeError(`the ${what} holds a NUL byte`);
  return bytes;
}

import {
  getUserName,
  setUserPassword,
  testUserPassword,
  WRONG_PASSWORD_CODES,
} from '../../codecs/ipmi/commands/user.ts';
import { BmcError } from '../driver.ts';
import type { IpmiClient } from './client.ts';
import type { IpmiCredentials } from './credentials.ts';
import { optional, translated } from './driver-errors.ts';
import { IpmiError } from './errors.ts';

const MAX_USERS = 16;

/**
 * Of the client's own user. BMCs that keep sixteen bytes for IPMI 1.5 take longer ones and cut them: nobody could log in any
 * more, so that one is asked what it kept while the session stands, and gets the old one back.
 *
 * @throws RangeError, BmcError where the BMC does not say which user is ours, or does not keep all of it
 */
export async function changeOwnPassword(
  client: IpmiClient,
  credentials: IpmiCredentials,
  password: string,
  deadlineMs: number,
): Promise<void> {
  const userId = await ownUserId(client, credentials, deadlineMs);
  const bytes = Buffer.from(password, 'utf8');
  await translated(() => client.run(setUserPassword(userId, bytes), deadlineMs));
  if (await keeps(client, userId, bytes, deadlineMs)) return;
  await translated(() => client.run(setUserPassword(userId, credentials.password), deadlineMs));
  const message = `the BMC does not keep all of a password of ${bytes.length} bytes; the old one was set again`;
  throw new BmcError('refused', `${message}: use one of 16 at most`);
}

async function ownUserId(client: IpmiClient, { userName }: IpmiCredentials, deadlineMs: number): Promise<number> {
  const ours = Buffer.from(userName);
  for (let userId = 1; userId <= MAX_USERS; userId += 1)
    if ((await optional(client, getUserName(userId), deadlineMs)) === ours.toString('latin1')) return userId;
  throw new BmcError('refused', `the BMC does not say which of its users is ${ours.toString()}`);
}

/** False where it is known not to: one that can't be asked is tried by a session with the new one. */
async function keeps(client: IpmiClient, userId: number, password: Uint8Array, deadlineMs: number): Promise<boolean> {
  try {
    await client.run(testUserPassword(userId, password), deadlineMs);
    return true;
  } catch (error) {
    if (!(error instanceof IpmiError)) throw error;
    return !(error.failure === 'refused' && WRONG_PASSWORD_CODES.includes(error.completionCode));
  }
}

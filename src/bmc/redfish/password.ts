import { BmcError } from '../driver.ts';
import type { Resource } from './client.ts';
import { linkAt, numberAt, textAt } from './json.ts';
import type { Deadline } from './ports.ts';
import { RedfishRefused } from './refusal.ts';
import type { RedfishService } from './service.ts';

/**
 * Of our own account.
 *
 * @throws RangeError for one that the BMC can't keep; BmcError
 */
export async function changePassword(service: RedfishService, password: string, deadline: Deadline): Promise<void> {
  if (/\p{Cc}/u.test(password)) throw new RangeError('the password holds a control character');
  if (password === '') throw new RangeError('the password is empty');
  const account = await ownAccount(service, password, deadline);
  try {
    await service.patch(account, { Password: password }, deadline, [password]);
  } catch (error) {
    if (error instanceof RedfishRefused && error.status === 400) throw new RangeError(error.message, { cause: error });
    throw error;
  }
  await service.client.usePassword(password);
}

async function ownAccount(service: RedfishService, password: string, deadline: Deadline): Promise<Resource> {
  // A BMC that is new lets nothing be read before its password is changed, and says where that is.
  const forced = await service.client.accountToChange(deadline);
  if (forced !== undefined) return service.client.get(forced, deadline);
  try {
    return await listedAccount(service, password, deadline);
  } catch (error) {
    if (!(error instanceof RedfishRefused) || error.accountToChange === undefined) throw error;
    return service.client.get(error.accountToChange, deadline);
  }
}

async function listedAccount(service: RedfishService, password: string, deadline: Deadline): Promise<Resource> {
  const { userName } = service.client;
  const accounts = await service.client.getIfThere(
    linkAt((await service.root(deadline)).body, 'AccountService'),
    deadline,
  );
  checkLength(password, accounts);
  for await (const member of service.memberObjects(linkAt(accounts?.body, 'Accounts'), deadline)) {
    const account = await service.client.getIfThere(textAt(member, '@odata.id'), deadline);
    if (account !== undefined && textAt(account.body, 'UserName') === userName) return account;
  }
  throw new BmcError('refused', `the BMC does not say which of its accounts is ${userName}`);
}

function checkLength(password: string, accounts: Resource | undefined): void {
  const length = [...password].length;
  const least = numberAt(accounts?.body, 'MinPasswordLength');
  const most = numberAt(accounts?.body, 'MaxPasswordLength');
  if (least !== undefined && length < least) {
    throw new RangeError(`the password has ${length} characters, the BMC wants ${least}`);
  }
  if (most !== undefined && most > 0 && length > most) {
    throw new RangeError(`the password has ${length} characters, the BMC keeps ${most}`);
  }
}

import { BmcError } from '../driver.ts';
import { linkAt, objectAt, textAt } from './json.ts';
import { pathOf, pathOfLocation, SERVICE_ROOT } from './links.ts';
import type { Deadline } from './ports.ts';
import { messagesOf, RedfishRefused } from './refusal.ts';
import type { Answer, Transport } from './transport.ts';

export interface RedfishCredentials {
  readonly userName: string;
  readonly password: string;
}

/** How requests say who we are (DSP0266 section 13.3). */
export type Login =
  | {
      readonly kind: 'session';
      readonly token: string;
      readonly path: string | undefined;
      /** The account whose password has to be changed before anything else. */
      readonly accountToChange: string | undefined;
    }
  | { readonly kind: 'basic'; readonly authorization: string };

/** It has no sessions, or not there. */
const WITHOUT_SESSIONS: readonly number[] = [404, 405, 501];
/** Somebody else's session, or one of ours that was lost, ends within minutes. */
const FULL_PAUSE_MS = 5_000;

/**
 * A session where the BMC has them, else the password with each request. A refused password is not tried again, in
 * neither way: accounts lock.
 *
 * @throws BmcError `credentials`, `busy` where all sessions are taken until the deadline
 */
export async function logIn(
  transport: Transport,
  { userName, password }: RedfishCredentials,
  deadline: Deadline,
): Promise<Login> {
  const basic: Login = {
    kind: 'basic',
    authorization: `Basic ${Buffer.from(`${userName}:${password}`, 'utf8').toString('base64')}`,
  };
  const sessions = await sessionsPath(transport, deadline);
  if (sessions === undefined) return basic;
  for (let pauseMs = FULL_PAUSE_MS; ; pauseMs *= 2) {
    const answer = await transport.request({
      method: 'POST',
      path: sessions,
      headers: {},
      body: { UserName: userName, Password: password },
      timeoutMs: deadline.leftMs,
    });
    if (answer.status >= 200 && answer.status < 300) return sessionOf(answer, transport);
    if (WITHOUT_SESSIONS.includes(answer.status)) return basic;
    const refused = asLoginRefusal(new RedfishRefused({ method: 'POST', path: sessions, ...answer }, [password]));
    if (refused.failure !== 'busy' || !(await deadline.pause(pauseMs))) throw refused;
  }
}

/** Said by the service root, which needs no password; it must not be built (DSP0266 section 13.3.4.1). */
async function sessionsPath(transport: Transport, deadline: Deadline): Promise<string | undefined> {
  const root = await transport.request({
    method: 'GET',
    path: SERVICE_ROOT,
    headers: {},
    timeoutMs: deadline.leftMs,
  });
  if (root.status === 401) return undefined;
  if (root.status >= 300) throw new RedfishRefused({ method: 'GET', path: SERVICE_ROOT, ...root }, []);
  const sessions = linkAt(objectAt(root.body, 'Links'), 'Sessions');
  return sessions === undefined ? undefined : pathOf(sessions, transport.origin);
}

function sessionOf({ token, location, body }: Answer, transport: Transport): Login {
  if (token === undefined) throw new BmcError('refused', 'the BMC opened a session and did not give its token');
  const where = location ?? textAt(body, '@odata.id');
  return {
    kind: 'session',
    token,
    path: where === undefined ? undefined : pathOfLocation(where, transport.origin),
    accountToChange: messagesOf(body).find(({ id }) => id === 'PasswordChangeRequired')?.arguments[0],
  };
}

/** At the login a refusal is one of the name or the password, also from those BMCs that answer 400 or 403 to it. */
function asLoginRefusal(refused: RedfishRefused): BmcError {
  if (refused.failure === 'busy' || refused.status >= 500 || refused.status === 404) return refused;
  return new BmcError('credentials', `the BMC does not let us in. ${refused.message}`, { cause: refused });
}

import { PodbootError } from '../../domain/errors.ts';
import type { CheckResult, SshSettings } from '../../domain/hand-off.ts';
import type { Ssh, SshHost } from '../ssh/ssh-client.ts';
import type { Check } from './check-list.ts';
import { expectedText, judgeCheck } from './judge-check.ts';
import type { Pauses } from './pauses.ts';

const MAX_OUTPUT_BYTES = 1024 * 1024;
/** A node that was just changed may be on its way up again. */
const CONNECT_TRIES = 6;
const CONNECT_PAUSE_MS = 10_000;
const PASSING: ReadonlySet<string> = new Set(['ssh-no-answer', 'ssh-refused', 'ssh-broken', 'ssh-failed']);

/** All checks of one node, one after another. Never throws: what can't be looked at has failed. */
export async function checkNode(
  checks: readonly Check[],
  host: SshHost,
  settings: SshSettings,
  { ssh, pauses }: { readonly ssh: Ssh; readonly pauses: Pauses },
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];
  let tries = CONNECT_TRIES;
  for (const check of checks) {
    for (;;) {
      tries -= 1;
      const result = await runCheck(check, host, settings, ssh, pauses.signal);
      if ('found' in result) {
        results.push(result);
        // It has been reached: from now on a connection that breaks is what was found.
        tries = 1;
        break;
      }
      if (tries > 0 && PASSING.has(result.code) && !pauses.isClosed) {
        await pauses.pause(CONNECT_PAUSE_MS);
        continue;
      }
      // The others would say the same.
      const { message: found, mend } = result;
      return [
        ...results,
        {
          check: check.name,
          ok: false,
          expected: expectedText(check.expect),
          found,
          ...(mend === undefined ? {} : { mend }),
        },
      ];
    }
  }
  return results;
}

async function runCheck(
  check: Check,
  host: SshHost,
  settings: SshSettings,
  ssh: Ssh,
  signal: AbortSignal,
): Promise<CheckResult | PodbootError> {
  // As in a login: nvidia-smi of some images is in /usr/local/nvidia/bin, and sbin is in no user's path.
  const env = [
    'env',
    'LC_ALL=C',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/nvidia/bin',
  ];
  const argv = [...(check.asRoot ? ['sudo', '-n'] : []), ...env, ...check.argv];
  try {
    const result = await ssh.run(host, settings, argv, {
      deadlineMs: check.timeoutMs,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
    });
    return judgeCheck(check, result);
  } catch (error) {
    if (!(error instanceof PodbootError)) return new PodbootError('check-failed', String(error));
    const { code, message, mend } = error;
    if (code !== 'ssh-late' && code !== 'ssh-too-much') return error;
    return {
      check: check.name,
      ok: false,
      expected: expectedText(check.expect),
      found: message,
      ...(mend === undefined ? {} : { mend }),
    };
  }
}

import { AccessDenied } from '../../domain/errors.ts';
import type { AnswerTickets, GrantDirectory } from '../../domain/install-ports.ts';
import type { BootScript } from './boot-scripts.ts';
import { type Entitlement, entitlementOf } from './entitlements.ts';
import type { Requester } from './requester.ts';

/**
 * The script of a machine that boots. One that is all that there is to fetch (the operator's own iPXE commands) claims the
 * grant itself, before it leaves.
 * @param claims false: only its headers are asked for
 */
export async function grantedScript(
  requester: Requester,
  origin: string,
  grants: GrantDirectory & AnswerTickets,
  render: (entitlement: Entitlement) => BootScript,
  claims: boolean,
): Promise<BootScript> {
  const entitlement = await entitlementOf(requester, origin, grants, grants);
  const script = render(entitlement);
  const { standing, answers } = entitlement;
  if (script.decision?.action !== 'script' || standing.kind !== 'armed' || answers === undefined || !claims) {
    return script;
  }
  try {
    await grants.claimByScript(standing.grant.nodeId, answers);
    return script;
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    return render({ standing: { kind: 'none', reason: error.message } });
  }
}

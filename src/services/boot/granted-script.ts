import { AccessDenied } from '../../domain/errors.ts';
import type { AnswerTickets, GrantDirectory } from '../../domain/install-ports.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { BootScript } from './boot-scripts.ts';
import { type Entitlement, entitlementOf, standingOf } from './entitlements.ts';
import { type Requester, subjectOf } from './requester.ts';

export interface GrantedScriptParts {
  readonly grants: GrantDirectory & AnswerTickets;
  readonly events: EventSink;
  readonly originOf: (serverAddress: Ipv4) => string;
  /** The machine asks from the address that it was given. */
  readonly isAtHome: (requester: Requester, serverAddress: Ipv4) => boolean;
}

/** Scripts of machines that boot, with what a boot grant allows. */
export class GrantedScripts {
  readonly #parts: GrantedScriptParts;

  constructor(parts: GrantedScriptParts) {
    this.#parts = parts;
  }

  /**
   * One that is all that there is to fetch (the operator's own iPXE commands) claims the grant itself, before it leaves.
   * @param claims false: only its headers are asked for
   */
  async script(
    requester: Requester,
    serverAddress: Ipv4,
    render: (entitlement: Entitlement) => BootScript,
    claims: boolean,
  ): Promise<BootScript> {
    const { grants, originOf } = this.#parts;
    const stranger = this.#strangerText(requester, serverAddress);
    if (stranger !== undefined) return render({ standing: { kind: 'none', reason: stranger } });
    const entitlement = await entitlementOf(requester, originOf(serverAddress), grants, grants);
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

  /** Whoever knows a node's MAC address can ask for its script; an armed node's is for the address that the node was given. */
  #strangerText(requester: Requester, serverAddress: Ipv4): string | undefined {
    const { grants, events, isAtHome } = this.#parts;
    const { port, address } = requester;
    if (port === undefined || standingOf(port, grants).kind !== 'armed' || isAtHome(requester, serverAddress)) {
      return undefined;
    }
    const text = `${formatIpv4(address)} is not the address that ${port.node.name} was given`;
    events.emit({
      type: 'install.refused',
      level: 'warn',
      subject: subjectOf(requester),
      text: `the way to the answer files of ${port.node.name} was refused: ${text}`,
      mend: 'Find out who asked: somebody may pretend to be the node.',
      throttle: formatIpv4(address),
      data: { reason: 'other-address' },
    });
    return text;
  }
}

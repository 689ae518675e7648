import type { BootGrant } from '../domain/boot-grant.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { NodeFault, NodeLife } from '../domain/node-life.ts';
import type { ActionOutcome, LifeControl } from '../lifecycle/node-actions.ts';
import type { ActionView, GrantView, LifeView } from './schemas/life.ts';

export function lifeView({
  nodeId: _,
  since,
  deadlineAt,
  fault,
  pending,
  hostKeys,
  resting: __,
  ...rest
}: NodeLife): LifeView {
  return {
    ...rest,
    since: time(since),
    ...(deadlineAt === null ? {} : { deadline: time(deadlineAt) }),
    ...(fault === undefined ? {} : { fault: faultView(fault) }),
    ...(pending === undefined ? {} : { pending: [...pending] }),
    ...(hostKeys === undefined ? {} : { hostKeys: [...hostKeys] }),
  };
}

export function faultView({ at, ...fault }: NodeFault) {
  return { ...fault, at: time(at) };
}

/** Without anything by which an answer file could be had. */
export function grantView(grant: BootGrant, nodeName: string): GrantView {
  const { id, profile, state, armedBy, armedAt, expiresAt, attempt, claim, endedAt, ended } = grant;
  return {
    id,
    node: nodeName,
    profile,
    state,
    armedBy,
    armedAt: time(armedAt),
    expiresAt: time(expiresAt),
    attempt,
    ...(claim === undefined
      ? {}
      : { session: claim.session, claimedAt: time(claim.claimedAt), address: formatIpv4(claim.address) }),
    ...(endedAt === undefined ? {} : { endedAt: time(endedAt) }),
    ...(ended === undefined ? {} : { ended }),
  };
}

export function actionView({ node, outcome, text, mend }: ActionOutcome, control: LifeControl): ActionView {
  return { node: node.name, outcome, text, ...(mend === undefined ? {} : { mend }), state: control.life(node).state };
}

function time(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}

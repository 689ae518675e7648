import type { DhcpMessage } from '../../codecs/dhcp/message.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { BootPolicy } from '../../domain/ports.ts';
import { buildReply } from './build-reply.ts';
import type { Inquiry } from './inquiry.ts';
import type { OptionPlan, OptionPlans } from './option-plans.ts';
import type { Reply } from './outcome.ts';

export interface Answer {
  readonly message: DhcpMessage;
  /** Undefined for an operating system: it is told nothing of booting. */
  readonly boot: BootInformation | undefined;
}

/** Undefined: beside another server, and nothing to boot to tell of. */
export function composeAnswer(
  inquiry: Inquiry,
  reply: Reply,
  plans: OptionPlans,
  policy: BootPolicy,
): Answer | undefined {
  const { client, identity, message, at } = inquiry;
  const boot =
    client.stage === 'os' ? undefined : policy.bootInformation(identity.port, client, identity.key, at.address);
  if (reply.proxy === true && boot?.file === undefined) return undefined;
  const list = message.options.get(OptionCode.parameterRequestList);
  const plan = reply.proxy === true ? bootOnlyPlan(list) : plans.plan(reply.subnet, identity, list);
  return { message: buildReply(inquiry, reply, plan, boot), boot };
}

function bootOnlyPlan(list: Uint8Array | undefined): OptionPlan {
  return { options: [], wanted: list === undefined ? undefined : new Set(list) };
}

import { MessageType } from '../../codecs/dhcp/message.ts';
import { bmcBySigns } from '../../domain/bmc-signs.ts';
import type { InterfaceSettings } from '../../domain/settings.ts';
import { type IdentitySources, identifyClient, type Testimony } from './client-identity.ts';
import type { Inquiry, Request } from './inquiry.ts';
import type { Door } from './interface-sockets.ts';
import { saidHostname } from './lease-policy.ts';
import type { SubnetIndex, SubnetSelection } from './subnet-index.ts';

/** Where a packet was heard. */
export interface Place {
  readonly settings: InterfaceSettings;
  readonly subnets: SubnetIndex;
}

export type Inquired =
  | { readonly kind: 'inquiry'; readonly inquiry: Inquiry }
  /** Nobody here may answer. */
  | { readonly kind: 'not-served'; readonly selection: Extract<SubnetSelection, { found: false }> }
  /** Neither a hardware address nor a client identifier. */
  | { readonly kind: 'nobody' };

/** Who asks, and which subnets serve the place where it asks. Pure. */
export function inquire(
  request: Request,
  { settings, subnets }: Place,
  door: Door,
  sources: IdentitySources,
): Inquired {
  const { message } = request;
  // A broadcast is heard on the client's own link, wherever its address is from. An INFORM is no question of address.
  const addressTells = door !== 'everyone' || request.type === MessageType.INFORM;
  const ciaddr = addressTells && request.type !== MessageType.DISCOVER ? message.ciaddr : 0;
  const selection = subnets.select({ ...request, giaddr: message.giaddr, ciaddr });
  // Beside another server, our interface may be in no subnet of the configuration: it need not know any.
  if (!selection.found && !(settings.dhcp === 'proxy' && selection.reason === 'no-subnet-here')) {
    return { kind: 'not-served', selection };
  }
  const identity = identifyClient(message, testimonyOf(request), sources);
  if (identity === undefined) return { kind: 'nobody' };
  const relayed = message.giaddr !== 0;
  return {
    kind: 'inquiry',
    inquiry: {
      ...request,
      at: settings,
      subnets: selection.found ? selection.subnets : [],
      relayed,
      broadcast: door === 'everyone',
      identity,
      ownServerId: (relayed ? request.serverIdOverride : undefined) ?? settings.address,
    },
  };
}

function testimonyOf(request: Request): Testimony {
  const { switchPort, client } = request;
  return {
    ...(switchPort !== undefined && { switchPort, isBmc: () => isBmc(request) }),
    ...(client.uuid !== undefined && { uuid: client.uuid }),
  };
}

function isBmc(request: Request): boolean {
  const { stage, vendorClass } = request.client;
  if (stage !== 'os') return false;
  const hostname = saidHostname(request);
  const words = { ...(vendorClass !== undefined && { vendorClass }), ...(hostname !== undefined && { hostname }) };
  return bmcBySigns(words) !== undefined;
}

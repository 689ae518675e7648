import { type DhcpMessage, MessageType } from '../../codecs/dhcp/message.ts';
import { uint16Option, uint32Option } from '../../codecs/dhcp/option-fields.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { decodeRelayAgentInformation } from '../../codecs/dhcp/relay-agent-information.ts';
import { hex } from '../../codecs/text.ts';
import type { BootClient } from '../../domain/client.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import type { SwitchPort } from '../../domain/node.ts';
import type { InterfaceSettings, SubnetSettings } from '../../domain/settings.ts';
import { classifyClient } from './classify-client.ts';
import type { ClientIdentity } from './client-identity.ts';

/** A message with everything that is read out of it once. */
export interface Request {
  readonly message: DhcpMessage;
  /** Undefined: BOOTP (RFC 951). */
  readonly type: MessageType | undefined;
  readonly client: BootClient;
  readonly switchPort?: SwitchPort;
  /** RFC 3527. */
  readonly linkSelection?: Ipv4;
  /** RFC 3011. */
  readonly subnetSelection?: Ipv4;
  /** RFC 5107. */
  readonly serverIdOverride?: Ipv4;
  /** Option 51, seconds. */
  readonly leaseWish?: number;
  /** Option 57. */
  readonly maxMessageBytes?: number;
  /** Option 54; 0 where it is absent. */
  readonly serverId: Ipv4;
  /** Option 50; 0 where it is absent. */
  readonly requestedAddress: Ipv4;
}

/** A request for which it is known who asks, and which subnets serve the place where it asks. */
export interface Inquiry extends Request {
  readonly at: InterfaceSettings;
  /** The client's link first. Empty only for proxyDHCP. */
  readonly subnets: readonly SubnetSettings[];
  readonly relayed: boolean;
  /** It came to everyone on the link, not to our address. */
  readonly broadcast: boolean;
  readonly identity: ClientIdentity;
  /** Whom our answers say that they are from: the interface's address, or what the relay wants there (RFC 5107). */
  readonly ownServerId: Ipv4;
}

const MESSAGE_TYPES: ReadonlySet<number> = new Set(Object.values(MessageType));

/**
 * @returns undefined for a message type that is not ours to answer (leasequery and later ones)
 * @throws MalformedPacket for an option that says where the answer belongs and can't be read
 */
export function readRequest(message: DhcpMessage): Request | undefined {
  const { options } = message;
  const typeValue = options.get(OptionCode.messageType);
  const type = typeValue?.[0];
  if (typeValue !== undefined && (type === undefined || !MESSAGE_TYPES.has(type))) return undefined;
  const relayOption = options.get(OptionCode.relayAgentInformation);
  const subnetSelection = uint32Option(options, OptionCode.subnetSelection);
  const maxMessageBytes = uint16Option(options, OptionCode.maxMessageSize);
  const leaseWish = uint32Option(options, OptionCode.leaseTime);
  return {
    message,
    type: type as MessageType | undefined,
    client: classifyClient(message),
    serverId: uint32Option(options, OptionCode.serverIdentifier) ?? 0,
    requestedAddress: uint32Option(options, OptionCode.requestedAddress) ?? 0,
    ...(maxMessageBytes !== undefined && { maxMessageBytes }),
    ...(leaseWish !== undefined && { leaseWish }),
    ...(subnetSelection !== undefined && { subnetSelection }),
    ...(relayOption !== undefined && readRelayOption(relayOption)),
  };
}

function readRelayOption(value: Uint8Array): Pick<Request, 'switchPort' | 'linkSelection' | 'serverIdOverride'> {
  const { circuitId, remoteId, linkSelection, serverIdentifierOverride } = decodeRelayAgentInformation(value);
  const switchPort = {
    ...(circuitId !== undefined && { circuitId: hex(circuitId) }),
    ...(remoteId !== undefined && { remoteId: hex(remoteId) }),
  };
  return {
    ...(circuitId !== undefined || remoteId !== undefined ? { switchPort } : {}),
    ...(linkSelection !== undefined && { linkSelection }),
    ...(serverIdentifierOverride !== undefined && { serverIdOverride: serverIdentifierOverride }),
  };
}

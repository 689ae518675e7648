import { encodeDhcp } from '../codecs/dhcp/encode.ts';
import type { DhcpMessage } from '../codecs/dhcp/message.ts';
import { OptionCode } from '../codecs/dhcp/option-table.ts';
import { encodeRelayAgentInformation } from '../codecs/dhcp/relay-agent-information.ts';
import { hex, hexBytes } from '../codecs/text.ts';
import type { ExplainedStep } from '../domain/explanation.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { InterfaceKey } from '../domain/lease.ts';
import type { NodePort } from '../domain/node.ts';
import { type DhcpAnswer, readAnswer } from '../rehearsal/dhcp-answer.ts';
import type { DhcpDialect, MachineIdentity } from '../rehearsal/dhcp-dialect.ts';
import { type ClientMessage, clientMessage } from '../rehearsal/dhcp-message.ts';
import type { DhcpVerdict } from '../services/dhcp/explain-dhcp.ts';

export interface ExchangeOptions {
  readonly dialect: DhcpDialect;
  readonly identity: MachineIdentity;
  readonly ask: (packet: Uint8Array) => DhcpVerdict;
  readonly relay?: Ipv4;
  readonly switchPort?: { readonly circuitId?: string; readonly remoteId?: string };
}

/** DISCOVER to ACK, as far as it goes. */
export interface Exchange {
  readonly steps: readonly ExplainedStep[];
  readonly address?: Ipv4;
  readonly port?: NodePort;
  readonly key?: InterfaceKey;
  /** Undefined: the program goes no further on the network; `ending` says so. */
  readonly bootFile?: string;
  readonly ending: string;
}

/** Any will do: nobody else listens. */
const XID = 0x70646274;

export function exchange(options: ExchangeOptions): Exchange {
  const { dialect } = options;
  const steps: ExplainedStep[] = [];
  const ask = (title: string, chosen?: ClientMessage['chosen']): DhcpVerdict => {
    const packet = packetOf(options, chosen);
    const { outcome, because, dhcp, ...verdict } = options.ask(packet);
    steps.push({ title, request: hex(packet), outcome, because, ...(dhcp === undefined ? {} : { dhcp }) });
    return { outcome, because, ...verdict };
  };
  const offer = ask(`${dialect.name} asks for an address (DHCPDISCOVER)`);
  const who = {
    ...(offer.port === undefined ? {} : { port: offer.port }),
    ...(offer.key === undefined ? {} : { key: offer.key }),
  };
  const read = offer.answer === undefined ? undefined : readAnswer(offer.answer);
  if (read === undefined) {
    return { steps, ...who, ending: `${dialect.name} gets no answer: its firmware goes on to its next boot entry` };
  }
  if (dialect.rank(read) === 0) {
    const ending = `${dialect.name} takes no offer without a boot file: its firmware goes on to its next boot entry`;
    return { steps, ...who, address: read.address, ending: withReason(ending, offer) };
  }
  // proxyDHCP: another server gives the address, and the boot file is in the offer.
  if (read.address === 0) return end(steps, who, read, offer, dialect);
  const ack = ask(`${dialect.name} takes the offer (DHCPREQUEST)`, { address: read.address, server: read.server });
  if (ack.answer === undefined) return { steps, ...who, ending: `${dialect.name} gets no acknowledgement` };
  return end(steps, who, readAnswer(ack.answer), ack, dialect);
}

function end(
  steps: readonly ExplainedStep[],
  who: Pick<Exchange, 'port' | 'key'>,
  read: DhcpAnswer,
  verdict: DhcpVerdict,
  dialect: DhcpDialect,
): Exchange {
  const ending = withReason(`${dialect.name} gets an address and no boot file`, verdict);
  const { address, bootFile } = read;
  return { steps, ...who, address, ...(bootFile === undefined ? {} : { bootFile }), ending };
}

function withReason(ending: string, { boot }: DhcpVerdict): string {
  return boot === undefined ? ending : `${ending}: ${boot.reason}`;
}

function packetOf({ dialect, identity, relay, switchPort }: ExchangeOptions, chosen: ClientMessage['chosen']) {
  const message = clientMessage({
    dialect,
    identity,
    xid: XID,
    seconds: 0,
    ...(chosen === undefined ? {} : { chosen }),
  });
  return encodeDhcp(relayed(message, relay, switchPort), { maxMessageBytes: 1_500 });
}

function relayed(
  message: DhcpMessage,
  relay: Ipv4 | undefined,
  switchPort: ExchangeOptions['switchPort'],
): DhcpMessage {
  const circuitId = hexBytes(switchPort?.circuitId ?? '');
  const remoteId = hexBytes(switchPort?.remoteId ?? '');
  const options = new Map(message.options);
  if (switchPort !== undefined) {
    const information = encodeRelayAgentInformation({
      ...(switchPort.circuitId === undefined || circuitId === undefined ? {} : { circuitId }),
      ...(switchPort.remoteId === undefined || remoteId === undefined ? {} : { remoteId }),
      others: new Map(),
    });
    options.set(OptionCode.relayAgentInformation, information);
  }
  return { ...message, options, ...(relay === undefined ? {} : { giaddr: relay, hops: 1 }) };
}

import { decodeDhcp } from '../../codecs/dhcp/decode.ts';
import { MessageType } from '../../codecs/dhcp/message.ts';
import { OptionCode, optionByCode } from '../../codecs/dhcp/option-table.ts';
import { decodeOptionValue } from '../../codecs/dhcp/option-values.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { hex } from '../../codecs/text.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { ExplainedOption, Origin } from '../../domain/explanation.ts';
import { formatSubnet } from '../../domain/ipv4.ts';
import type { DhcpSettings } from '../../domain/settings.ts';
import type { Inquiry } from './inquiry.ts';
import type { OptionOrigin } from './option-plans.ts';
import type { Reply } from './outcome.ts';

type Definition = Pick<NonNullable<ReturnType<typeof optionByCode>>, 'name' | 'type'>;

/** Options that no configuration sets: by which rule an answer has them. */
const RULES: ReadonlyMap<number, string> = new Map([
  [OptionCode.messageType, 'RFC 2131 table 3: the type of the answer'],
  [OptionCode.serverIdentifier, 'RFC 2131 table 3: our address on the interface, or what the relay wants (RFC 5107)'],
  [OptionCode.clientIdentifier, 'RFC 6842: as the client sent it'],
  [OptionCode.relayAgentInformation, 'RFC 3046: as the relay sent it'],
  [OptionCode.clientMachineId, 'PXE 2.1 table 2-3: as the client sent it'],
  [OptionCode.broadcastAddress, 'the last address of the subnet; asked for, and configured nowhere'],
  [OptionCode.vendorSpecific, 'PXE 2.1: a BIOS ROM is told to take the boot file and to look for no boot server'],
  [OptionCode.ipxeEncapsulated, 'iPXE is told not to wait for a proxyDHCP server'],
]);

const BOOT_OPTIONS: ReadonlySet<number> = new Set([
  OptionCode.vendorClass,
  OptionCode.tftpServerName,
  OptionCode.bootFileName,
]);
const TIMES: ReadonlyMap<number, string> = new Map([
  [OptionCode.leaseTime, 'leaseTime'],
  [OptionCode.renewalTime, 'renewTime'],
  [OptionCode.rebindingTime, 'rebindTime'],
]);

export interface OptionContext {
  readonly inquiry: Inquiry;
  readonly reply: Reply | undefined;
  readonly boot: BootInformation | undefined;
  readonly origins: ReadonlyMap<number, OptionOrigin>;
  readonly settings: DhcpSettings;
}

/** Every option of an answer as it is on the wire: its value in words, and where it comes from. */
export function explainOptions(bytes: Uint8Array, context: OptionContext): ExplainedOption[] {
  const custom = new Map(context.settings.customOptions.map((option) => [option.code, option]));
  return [...decodeDhcp(bytes).options].map(([code, value]) => {
    const definition = custom.get(code) ?? optionByCode(code);
    return {
      code,
      name: definition?.name ?? `option ${code}`,
      value: code === OptionCode.messageType ? typeText(value) : valueText(definition, value),
      hex: hex(value),
      origin: originOf(code, definition, context),
    };
  });
}

function typeText([type]: Uint8Array): string {
  const name = Object.entries(MessageType).find(([, value]) => value === type)?.[0];
  return name === undefined ? String(type) : `DHCP${name}`;
}

function valueText(definition: Definition | undefined, bytes: Uint8Array): string {
  if (definition === undefined) return hex(bytes);
  try {
    const value = decodeOptionValue(definition.type, bytes);
    return Array.isArray(value) ? value.map(itemText).join(', ') : String(value);
  } catch (error) {
    if (error instanceof MalformedPacket) return hex(bytes);
    throw error;
  }
}

function itemText(item: unknown): string {
  return typeof item === 'object' && item !== null ? Object.values(item).join(' via ') : String(item);
}

function originOf(code: number, definition: Definition | undefined, context: OptionContext): Origin {
  const { boot, reply, settings, inquiry } = context;
  if (BOOT_OPTIONS.has(code) && boot?.file !== undefined) return { in: 'rule', rule: boot.reason };
  const time = TIMES.get(code);
  if (time !== undefined) return timeOrigin(time, inquiry, reply);
  const rule = RULES.get(code);
  const origin = context.origins.get(code);
  if (origin === undefined) return { in: 'rule', rule: rule ?? 'set by podboot' };
  const name = definition?.name ?? String(code);
  switch (origin.of) {
    case 'site':
      return { in: 'configuration', path: ['dhcp', 'options', name] };
    case 'prefix':
      return { in: 'configuration', path: ['subnets', formatSubnet(origin.subnet)] };
    case 'subnet':
      return { in: 'configuration', path: ['subnets', formatSubnet(origin.subnet), 'options', name] };
    case 'group':
      return { in: 'configuration', path: ['groups', origin.name, 'options', name] };
    case 'node-name':
      return { in: 'node', node: origin.node.name, field: 'name' };
    case 'node':
      return { in: 'node', node: origin.node.name, field: `options.${name}` };
    case 'reservation':
      return {
        in: 'configuration',
        path: ['reservations', settings.reservations.indexOf(origin.reservation), 'options', name],
      };
  }
}

function timeOrigin(name: string, inquiry: Inquiry, reply: Reply | undefined): Origin {
  const { subnet, leaseSeconds } = reply ?? {};
  if (subnet === undefined) return { in: 'rule', rule: 'RFC 2131 section 4.4.5' };
  if (inquiry.leaseWish !== undefined && leaseSeconds !== subnet.times.leaseSeconds) {
    return {
      in: 'rule',
      rule: `the client wishes for ${inquiry.leaseWish} s (option 51), the subnet allows less or more`,
    };
  }
  return { in: 'configuration', path: ['subnets', formatSubnet(subnet), name] };
}

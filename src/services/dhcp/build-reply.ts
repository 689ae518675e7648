import { encodeIpxeOptions } from '../../codecs/dhcp/ipxe-options.ts';
import { BootOp, BROADCAST_FLAG, type DhcpMessage, type DhcpOptions, MessageType } from '../../codecs/dhcp/message.ts';
import { uint32Value } from '../../codecs/dhcp/option-fields.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { DiscoveryControl, encodePxeVendorOptions } from '../../codecs/dhcp/pxe-vendor-options.ts';
import { encodeVendorClass } from '../../codecs/dhcp/vendor-class.ts';
import { MAX_FILE_BYTES } from '../../codecs/dhcp/wire-format.ts';
import { utf8Bytes } from '../../codecs/text.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { BootClient } from '../../domain/client.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { LeaseTimes } from '../../domain/settings.ts';
import type { Inquiry } from './inquiry.ts';
import type { OptionPlan } from './option-plans.ts';
import { NAK_TEXT, type NakReason, type Reply } from './outcome.ts';

const TYPE_VALUE = {
  offer: Uint8Array.of(MessageType.OFFER),
  ack: Uint8Array.of(MessageType.ACK),
  nak: Uint8Array.of(MessageType.NAK),
} as const;
const VENDOR_CLASS = {
  PXEClient: encodeVendorClass('PXEClient'),
  HTTPClient: encodeVendorClass('HTTPClient'),
} as const;
/** A BIOS ROM that reads PXEClient looks for a boot menu and boot servers, unless it is told to take the file. */
const TAKE_THIS_FILE = encodePxeVendorOptions({ discoveryControl: DiscoveryControl.USE_BOOT_FILE, others: new Map() });
/** iPXE waits three seconds for a proxyDHCP server that may still answer, unless it is told that none will. */
const NO_PROXY = encodeIpxeOptions({ features: [], noProxyDhcp: true, others: new Map() });
const MAX_KEPT_NUMBERS = 4_096;
const keptNumbers = new Map<number, Uint8Array>();

/** The answer to a message (RFC 2131 section 4.3.1, table 3), or to a BOOTP request. */
export function buildReply(
  inquiry: Inquiry,
  reply: Reply,
  plan: OptionPlan,
  boot: BootInformation | undefined,
): DhcpMessage {
  const { message, at } = inquiry;
  const options: DhcpOptions = new Map();
  if (reply.type !== 'bootp') {
    options.set(OptionCode.messageType, TYPE_VALUE[reply.type]);
    options.set(OptionCode.serverIdentifier, numberValue(inquiry.ownServerId));
  }
  if (reply.leaseSeconds !== undefined && reply.subnet !== undefined) {
    setTimes(options, reply.leaseSeconds, reply.subnet.times);
  }
  for (const [code, value] of plan.options) if (!options.has(code)) options.set(code, value);
  const file = boot?.file === undefined ? '' : setBootOptions(options, boot, boot.file, inquiry, reply, plan);
  echo(options, inquiry);
  return {
    ...answerTo(message),
    ciaddr: reply.type === 'ack' ? message.ciaddr : 0,
    yiaddr: reply.address,
    siaddr: boot?.file === undefined ? 0 : (boot.nextServer ?? at.address),
    file,
    options,
  };
}

/** RFC 2131 section 4.3.2: no address, no times, and to everyone behind the relay. */
export function buildNak(inquiry: Inquiry, reason: NakReason): DhcpMessage {
  const { message } = inquiry;
  const options: DhcpOptions = new Map();
  options.set(OptionCode.messageType, TYPE_VALUE.nak);
  options.set(OptionCode.serverIdentifier, numberValue(inquiry.ownServerId));
  options.set(OptionCode.message, utf8Bytes(NAK_TEXT[reason]));
  echo(options, inquiry);
  const answer = answerTo(message);
  return { ...answer, flags: message.giaddr === 0 ? message.flags : message.flags | BROADCAST_FLAG, options };
}

function answerTo(message: DhcpMessage): DhcpMessage {
  return {
    op: BootOp.BOOTREPLY,
    htype: message.htype,
    hlen: message.hlen,
    hops: 0,
    xid: message.xid,
    secs: 0,
    flags: message.flags,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: message.giaddr,
    chaddr: message.chaddr,
    sname: '',
    file: '',
    options: message.options,
  };
}

/** T1 and T2 as configured, or in RFC 2131's proportions where the client wished for a shorter lease. */
function setTimes(options: DhcpOptions, leaseSeconds: number, times: LeaseTimes): void {
  const whole = leaseSeconds === times.leaseSeconds;
  options.set(OptionCode.leaseTime, numberValue(leaseSeconds));
  options.set(OptionCode.renewalTime, numberValue(whole ? times.renewSeconds : Math.floor(leaseSeconds / 2)));
  options.set(OptionCode.rebindingTime, numberValue(whole ? times.rebindSeconds : Math.floor(leaseSeconds * 0.875)));
}

/** Returns the `file` field. Boot options are sent whether they were asked for or not: boot ROMs forget to ask. */
function setBootOptions(
  options: DhcpOptions,
  boot: BootInformation,
  file: string,
  { message, client, at }: Inquiry,
  reply: Reply,
  plan: OptionPlan,
): string {
  const bytes = utf8Bytes(file);
  const fitsHeader = bytes.length <= MAX_FILE_BYTES && bytes.length === file.length;
  // UEFI HTTP boot reads the URL from option 67 alone.
  if (!fitsHeader || client.stage === 'http' || plan.wanted?.has(OptionCode.bootFileName) === true) {
    options.set(OptionCode.bootFileName, bytes);
  }
  if (boot.nextServer !== undefined && plan.wanted?.has(OptionCode.tftpServerName) === true) {
    options.set(OptionCode.tftpServerName, utf8Bytes(formatIpv4(boot.nextServer ?? at.address)));
  }
  if (reply.proxy === true && client.stage === 'ipxe') {
    // iPXE takes an offer without an address for a proxy's only if it says PXEClient (dhcp_discovery_rx).
    options.set(OptionCode.vendorClass, VENDOR_CLASS.PXEClient);
  } else if (boot.vendorClass !== undefined && !takesFileWithoutClass(client, reply, boot)) {
    options.set(OptionCode.vendorClass, VENDOR_CLASS[boot.vendorClass]);
  }
  if (boot.vendorClass === 'PXEClient' && client.stage === 'pxe') {
    // PXE 2.1 table 2-3: the machine's UUID comes back in the answer; some ROMs look for it.
    const machineId = message.options.get(OptionCode.clientMachineId);
    if (machineId !== undefined) options.set(OptionCode.clientMachineId, machineId);
    // Not to UEFI: some firmware ignores an answer that skips the discovery, and all takes one without option 43.
    if (client.firmware === 'bios' && !options.has(OptionCode.vendorSpecific)) {
      options.set(OptionCode.vendorSpecific, TAKE_THIS_FILE);
    }
  }
  if (client.stage === 'ipxe' && reply.proxy !== true && !options.has(OptionCode.ipxeEncapsulated)) {
    options.set(OptionCode.ipxeEncapsulated, NO_PROXY);
  }
  return fitsHeader ? file : '';
}

/**
 * EDK2 takes an address and a boot file as they stand. An answer that says PXEClient and has no discovery options is to
 * it a boot server discovery ("BINL"): it asks again at port 4011, where only a proxy answers, and gives up: PXE-E16.
 */
function takesFileWithoutClass(client: BootClient, reply: Reply, boot: BootInformation): boolean {
  return boot.vendorClass === 'PXEClient' && client.firmware !== 'bios' && reply.proxy !== true;
}

/** RFC 6842: the client knows its answer by its identifier; RFC 3046: the relay its port by option 82. */
function echo(options: DhcpOptions, { message }: Inquiry): void {
  const clientId = message.options.get(OptionCode.clientIdentifier);
  if (clientId !== undefined) options.set(OptionCode.clientIdentifier, clientId);
  const relay = message.options.get(OptionCode.relayAgentInformation);
  if (relay !== undefined) options.set(OptionCode.relayAgentInformation, relay);
}

/** Lease times and server identifiers are few, and the same in every answer. */
function numberValue(value: number): Uint8Array {
  let bytes = keptNumbers.get(value);
  if (bytes === undefined) {
    bytes = uint32Value(value);
    if (keptNumbers.size < MAX_KEPT_NUMBERS) keptNumbers.set(value, bytes);
  }
  return bytes;
}

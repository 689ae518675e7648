import { ByteWriter } from '../byte-writer.ts';
import { decodeSubOptions, encodeSubOptions, readSubOption, type SubOptions } from './sub-options.ts';

/**
 * Option 82 (RFC 3046): what the relay says about where the client is. The echo to the relay is the option as it came,
 * byte for byte; this is for those who look into it.
 */
export interface RelayAgentInformation {
  /** The port of the relay or switch, in its vendor's own form. */
  readonly circuitId?: Uint8Array;
  /** The relay or switch itself. */
  readonly remoteId?: Uint8Array;
  /** RFC 3527: an address of the client's link, where giaddr is not on it. Unsigned 32-bit. */
  readonly linkSelection?: number;
  /** RFC 5107: what clients are to take for the server, so that they renew through the relay. Unsigned 32-bit. */
  readonly serverIdentifierOverride?: number;
  /** All others by code. */
  readonly others: ReadonlyMap<number, Uint8Array>;
}

const FORMAT = { reading: 'DHCP option 82', padAndEnd: false };
const SubOption = { CIRCUIT_ID: 1, REMOTE_ID: 2, LINK_SELECTION: 5, SERVER_IDENTIFIER_OVERRIDE: 11 } as const;

/** Byte strings are views. @throws MalformedPacket */
export function decodeRelayAgentInformation(bytes: Uint8Array): RelayAgentInformation {
  const others = decodeSubOptions(bytes, FORMAT);
  const circuitId = take(others, SubOption.CIRCUIT_ID);
  const remoteId = take(others, SubOption.REMOTE_ID);
  const linkSelection = takeAddress(others, SubOption.LINK_SELECTION, 'link selection');
  const serverIdentifierOverride = takeAddress(
    others,
    SubOption.SERVER_IDENTIFIER_OVERRIDE,
    'server identifier override',
  );
  return {
    ...(circuitId !== undefined && { circuitId }),
    ...(remoteId !== undefined && { remoteId }),
    ...(linkSelection !== undefined && { linkSelection }),
    ...(serverIdentifierOverride !== undefined && { serverIdentifierOverride }),
    others,
  };
}

/** @throws RangeError for a sub-option over 255 bytes */
export function encodeRelayAgentInformation(information: RelayAgentInformation): Uint8Array {
  const { circuitId, remoteId, linkSelection, serverIdentifierOverride } = information;
  const all = new Map(information.others);
  if (circuitId !== undefined) all.set(SubOption.CIRCUIT_ID, circuitId);
  if (remoteId !== undefined) all.set(SubOption.REMOTE_ID, remoteId);
  if (linkSelection !== undefined) all.set(SubOption.LINK_SELECTION, addressBytes(linkSelection));
  if (serverIdentifierOverride !== undefined) {
    all.set(SubOption.SERVER_IDENTIFIER_OVERRIDE, addressBytes(serverIdentifierOverride));
  }
  return encodeSubOptions(all, FORMAT);
}

function take(from: SubOptions, code: number): Uint8Array | undefined {
  const value = from.get(code);
  from.delete(code);
  return value;
}

function takeAddress(from: SubOptions, code: number, what: string): number | undefined {
  const value = take(from, code);
  return value && readSubOption(value, `${what} of DHCP option 82`, (reader) => reader.uint32('address'));
}

function addressBytes(address: number): Uint8Array {
  return new ByteWriter(4).uint32(address, 'address').finish();
}

import type { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { latin1, latin1Bytes } from '../text.ts';
import { decodeSubOptions, encodeSubOptions, readSubOption, type SubOptions } from './sub-options.ts';

/** Bits of sub-option 6. */
export const DiscoveryControl = {
  NO_BROADCAST: 1,
  NO_MULTICAST: 2,
  ONLY_LISTED_SERVERS: 4,
  /** Boot the file of this very offer: no menu, no prompt, no discovery of boot servers. */
  USE_BOOT_FILE: 8,
} as const;

export interface PxeBootServers {
  readonly type: number;
  /** Unsigned 32-bit. */
  readonly addresses: readonly number[];
}

export interface PxeMenuEntry {
  /** 0 boots from the local disk. */
  readonly type: number;
  /** Latin-1. */
  readonly description: string;
}

/** Option 43 of a PXE client or server (PXE 2.1, section 2.2.3, table 2-1). */
export interface PxeVendorOptions {
  readonly discoveryControl?: number;
  /** Unsigned 32-bit. */
  readonly discoveryMulticast?: number;
  readonly bootServers?: readonly PxeBootServers[];
  readonly bootMenu?: readonly PxeMenuEntry[];
  readonly menuPrompt?: {
    /** 0 boots the first entry at once, 255 waits for ever. */
    readonly timeoutSeconds: number;
    readonly prompt: string;
  };
  readonly bootItem?: { readonly type: number; readonly layer: number };
  /** All others by code. */
  readonly others: ReadonlyMap<number, Uint8Array>;
}

const READING = 'PXE vendor options';
const FORMAT = { reading: READING, padAndEnd: true };
const SubOption = {
  DISCOVERY_CONTROL: 6,
  DISCOVERY_MULTICAST: 7,
  BOOT_SERVERS: 8,
  BOOT_MENU: 9,
  MENU_PROMPT: 10,
  BOOT_ITEM: 71,
} as const;

/** @throws MalformedPacket */
export function decodePxeVendorOptions(bytes: Uint8Array): PxeVendorOptions {
  const others = decodeSubOptions(bytes, FORMAT);
  const discoveryControl = take(others, SubOption.DISCOVERY_CONTROL, (reader) => reader.uint8('bits'));
  const discoveryMulticast = take(others, SubOption.DISCOVERY_MULTICAST, (reader) => reader.uint32('address'));
  const bootServers = take(others, SubOption.BOOT_SERVERS, (reader) => readAll(reader, readBootServers));
  const bootMenu = take(others, SubOption.BOOT_MENU, (reader) => readAll(reader, readMenuEntry));
  const menuPrompt = take(others, SubOption.MENU_PROMPT, (reader) => ({
    timeoutSeconds: reader.uint8('timeout'),
    prompt: latin1(reader.rest()),
  }));
  const bootItem = take(others, SubOption.BOOT_ITEM, (reader) => ({
    type: reader.uint16('type'),
    layer: reader.uint16('layer'),
  }));
  return {
    ...(discoveryControl !== undefined && { discoveryControl }),
    ...(discoveryMulticast !== undefined && { discoveryMulticast }),
    ...(bootServers !== undefined && { bootServers }),
    ...(bootMenu !== undefined && { bootMenu }),
    ...(menuPrompt !== undefined && { menuPrompt }),
    ...(bootItem !== undefined && { bootItem }),
    others,
  };
}

/** Ends with an END (255), as the table of PXE 2.1 does. @throws RangeError for what has no room */
export function encodePxeVendorOptions(options: PxeVendorOptions): Uint8Array {
  const { discoveryControl, discoveryMulticast, bootServers, bootMenu, menuPrompt, bootItem } = options;
  const all = new Map(options.others);
  const put = (code: number, write: (writer: ByteWriter) => void): void => {
    const writer = new ByteWriter(255);
    write(writer);
    all.set(code, writer.finish());
  };
  if (discoveryControl !== undefined) {
    put(SubOption.DISCOVERY_CONTROL, (writer) => writer.uint8(discoveryControl, 'discovery control'));
  }
  if (discoveryMulticast !== undefined) {
    put(SubOption.DISCOVERY_MULTICAST, (writer) => writer.uint32(discoveryMulticast, 'multicast address'));
  }
  if (bootServers !== undefined) {
    put(SubOption.BOOT_SERVERS, (writer) => {
      for (const servers of bootServers) writeBootServers(writer, servers);
    });
  }
  if (bootMenu !== undefined) {
    put(SubOption.BOOT_MENU, (writer) => {
      for (const entry of bootMenu) writeMenuEntry(writer, entry);
    });
  }
  if (menuPrompt !== undefined) {
    put(SubOption.MENU_PROMPT, (writer) => {
      const prompt = latin1Bytes(menuPrompt.prompt, 'menu prompt');
      writer.uint8(menuPrompt.timeoutSeconds, 'menu timeout').copy(prompt, 'menu prompt');
    });
  }
  if (bootItem !== undefined) {
    put(SubOption.BOOT_ITEM, (writer) => writer.uint16(bootItem.type, 'boot item').uint16(bootItem.layer, 'layer'));
  }
  return encodeSubOptions(all, FORMAT);
}

function take<T>(from: SubOptions, code: number, read: (reader: ByteReader) => T): T | undefined {
  const value = from.get(code);
  if (value === undefined) return undefined;
  from.delete(code);
  return readSubOption(value, `sub-option ${code} of the ${READING}`, read);
}

function readAll<T>(reader: ByteReader, read: (reader: ByteReader) => T): T[] {
  const items: T[] = [];
  while (reader.remaining > 0) items.push(read(reader));
  return items;
}

function readBootServers(reader: ByteReader): PxeBootServers {
  const type = reader.uint16('boot server type');
  const count = reader.uint8('count of boot servers');
  return { type, addresses: Array.from({ length: count }, () => reader.uint32('boot server')) };
}

function writeBootServers(writer: ByteWriter, { type, addresses }: PxeBootServers): void {
  writer.uint16(type, 'boot server type').uint8(addresses.length, 'count of boot servers');
  for (const address of addresses) writer.uint32(address, 'boot server');
}

function readMenuEntry(reader: ByteReader): PxeMenuEntry {
  const type = reader.uint16('menu entry type');
  return { type, description: latin1(reader.view(reader.uint8('length of description'), 'description')) };
}

function writeMenuEntry(writer: ByteWriter, { type, description }: PxeMenuEntry): void {
  const bytes = latin1Bytes(description, 'description');
  writer.uint16(type, 'menu entry type').uint8(bytes.length, 'length of description').copy(bytes, 'description');
}

import type { Problem } from '../../domain/errors.ts';
import type { InterfaceRole } from '../../domain/node.ts';
import type { NodePatch } from '../node-input.ts';

/**
 * - `json`     our own export
 * - `csv`      a table with our column names, or with others and a map
 * - `machines` DGXie's machines.json
 * - `dnsmasq`  a dhcp-hostsfile, or the dhcp-host lines of a dnsmasq.conf
 */
export const IMPORT_FORMATS = ['json', 'csv', 'machines', 'dnsmasq'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

/** Where in the file something is said. */
export interface Place {
  /** 1-based. */
  readonly line: number;
  /** Heading of its column, in a table. */
  readonly column?: string;
}

/** What a file says of an interface: what is absent is not said, null says that there is none. */
export interface ImportedInterface {
  readonly name: string;
  /** The file does not name its interfaces: one that the node has is known by what it is, not by this name. */
  readonly nameIsMadeUp?: boolean;
  readonly role?: InterfaceRole;
  readonly mac?: string | null;
  readonly clientId?: string | null;
  readonly circuitId?: string | null;
  readonly remoteId?: string | null;
  readonly address?: string | null;
  /** Something was said that can't be read: that was told already. */
  readonly unreadable?: boolean;
}

/** What a file says of a node. */
export interface ImportedNode {
  readonly place: Place;
  /** Absent: the node is known by its serial number, else by its MAC addresses. */
  readonly name?: string;
  /** Which node it is could not be read: that was told already. */
  readonly isUnreadable?: boolean;
  readonly fields: Omit<NodePatch, 'name' | 'interfaces'>;
  readonly interfaces: readonly ImportedInterface[];
  /** The interfaces are all that the node is to have, in this order. */
  readonly interfacesAreAll?: boolean;
  /** Where `serialNumber` or `interfaces.eno1.mac` is said. */
  placeOf(path: string): Place | undefined;
}

/** A file as far as it could be read. */
export interface ImportReading {
  readonly format: ImportFormat;
  readonly nodes: readonly ImportedNode[];
  readonly problems: readonly Problem[];
  /** What the file says and is not taken over; it hinders nothing. */
  readonly notes: readonly Problem[];
}

/** Nodes of one file. */
export const MAX_NODES = 5_000;
/** Of one node: more is refused by its rules anyhow, and would take long to compare. */
export const MAX_INTERFACES = 64;
/** Rows or lines of one file. */
export const MAX_ROWS = 100_000;
/** Columns of a table: one with more is none that anyone reads. */
export const MAX_COLUMNS = 500;
/** Problems that a reader collects: whoever has more mends these first. */
export const MAX_PROBLEMS = 1_000;

/** What an interface is for, where it is new and the file does not say. */
export function roleByName(name: string): InterfaceRole {
  if (/^(?:bmc|ipmi|idrac|ilo|ilom|xcc)[0-9]*$/i.test(name)) return 'bmc';
  return /^ib[0-9a-z]*$/i.test(name) ? 'infiniband' : 'boot';
}

export function placeInWords({ line }: Place): string {
  return `line ${line}`;
}

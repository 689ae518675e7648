import type { DiskMethod, InterfaceRole, LoaderChoice, OptionValue, SwitchPort } from '../domain/node.ts';

/** An interface as an operator enrols it; MAC and address in text, any notation of `parseMac`. */
export interface InterfaceInput {
  readonly name: string;
  /** `boot` unless told. */
  readonly role?: InterfaceRole;
  readonly mac?: string;
  readonly clientId?: string;
  readonly switchPort?: SwitchPort;
  /** Dotted quad. */
  readonly address?: string;
}

/** A node as an operator enrols it. */
export interface NodeInput {
  readonly name: string;
  readonly interfaces: readonly InterfaceInput[];
  readonly uuid?: string;
  readonly serialNumber?: string;
  readonly rack?: string;
  readonly group?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, OptionValue>>;
  readonly boot?: { readonly profile?: string; readonly loader?: LoaderChoice; readonly diskMethod?: DiskMethod };
}

/** What changes; a key that is absent stays as it is, `null` takes an optional one away. Lists are replaced whole. */
export type NodePatch = {
  readonly [Key in keyof NodeInput]?: Key extends 'name' | 'interfaces' | 'boot'
    ? NodeInput[Key]
    : NodeInput[Key] | null;
};

import type { Node } from '../domain/node.ts';

/** What power/ has to know of the nodes' lives. */
export interface NodeStanding {
  /** Left alone: `ends a sentence: it is in maintenance (DIMM swap)`. */
  reserved(node: Node): string | undefined;
  /** It is still wanted to boot from the network: its grant has not ended meanwhile. */
  awaitsBoot(node: Node): boolean;
  /** Its firmware has been seen since it was started. */
  hasBooted(node: Node): boolean;
  /** How long its kind may take from power to its first word. */
  bootDeadlineMs(node: Node): number;
}

export interface IpmiLook {
  readonly supportsV20: boolean;
  /** Two-key login: the set has to have the BMC key. */
  readonly needsBmcKey: boolean;
}

/** What can be told of a BMC without its credentials. */
export interface BmcLook {
  /** Whether anything is at the address. */
  hostAnswers(host: string): Promise<boolean>;
  /** What its IPMI says of itself to strangers; undefined: nothing. */
  ipmi(host: string, port: number | undefined): Promise<IpmiLook | undefined>;
  /** SHA-256 of the certificate that is shown there now, in lower-case hex; undefined: none. */
  certificate(host: string, port: number): Promise<string | undefined>;
}

import type { InterfaceRole } from '../../domain/node.ts';

/** What the operator, or a rule, says of the node that a discovered machine becomes. */
export interface AdoptionInput {
  readonly name: string;
  /** Of its one interface; `boot` unless told, `bmc` for a BMC. */
  readonly interfaceName?: string;
  /** Dotted quad, reserved for it. */
  readonly address?: string;
  readonly rack?: string;
  readonly position?: string;
  readonly roles?: readonly string[];
  readonly group?: string;
  readonly profile?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Whoever asks at its switch port is the node from now on. Refused where others ask there too. */
  readonly bySwitchPort?: boolean;
}

/** As a further interface of a node that there is: its BMC, its second network card. */
export interface AttachmentInput {
  /** Name or id. */
  readonly node: string;
  /** An interface of the node that has no MAC address and no client identifier yet takes it; another name is a new one. */
  readonly interfaceName: string;
  /** Of a new one; `bmc` for a BMC, else `other`. */
  readonly role?: InterfaceRole;
  readonly address?: string;
}

import type { Ipv4 } from './ipv4.ts';
import type { InterfaceKey } from './lease.ts';
import type { NodeId } from './node.ts';
import type { StoreChange } from './ports.ts';

/** What has to change on disk together with something else, and in memory as soon as it is there. */
export interface Accompaniment {
  readonly changes: readonly StoreChange[];
  readonly committed?: () => void;
}

/** Hardware that is a node's no more: a NIC, a board or a whole machine was replaced, or the node was removed. */
export interface FormerHardware {
  readonly nodeId: NodeId;
  /** Of the interfaces that are gone. */
  readonly keys: ReadonlySet<InterfaceKey>;
  /** Of the interfaces that the node has now. */
  readonly stays: ReadonlySet<InterfaceKey>;
  /** What was reserved for the hardware that is gone. */
  readonly addresses: ReadonlySet<Ipv4>;
  /** All of it is gone: its UUID and whatever it is remembered by are another machine's. */
  readonly wholeMachine: boolean;
}

/** services/dhcp fulfils it: a lease of the hardware that is gone must not keep the address from what took its place. */
export interface LeaseFreeing {
  free(former: FormerHardware): Accompaniment;
}

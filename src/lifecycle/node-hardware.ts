import type { Accompaniment, FormerHardware, LeaseFreeing } from '../domain/former-hardware.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { InterfaceKey } from '../domain/lease.ts';
import type { Node, NodeId, NodeInterface } from '../domain/node.ts';
import { interfaceKey } from './node-words.ts';
import type { NodeChange, NodeCompanion } from './registry-port.ts';

/**
 * What of a node's hardware a change took away; undefined where nothing was. What becomes known of a machine (its MAC
 * address, its UUID) takes nothing away.
 */
export function formerHardware({ before, after, replaced }: NodeChange): FormerHardware | undefined {
  if (before === undefined) return undefined;
  const stays = new Set(keysOf(after?.interfaces ?? []));
  const gone = before.interfaces.filter((each) => isGone(each, stays));
  const wholeMachine = after === undefined || isOther(before.uuid, after.uuid) || isOtherSerial(before, after);
  if (gone.length === 0 && !wholeMachine && !replaced) return undefined;
  return {
    nodeId: before.id,
    keys: new Set(keysOf(gone)),
    stays,
    addresses: new Set(addressesOf(wholeMachine ? before.interfaces : gone)),
    wholeMachine,
  };
}

/** Boot grants are for the hardware that was there when they were armed: none outlives it. */
export function grantsEndWithHardware(dropGrants: (nodeId: NodeId, why: string) => Accompaniment): NodeCompanion {
  return (change) => {
    const former = formerHardware(change);
    return former === undefined ? undefined : dropGrants(former.nodeId, change.why);
  };
}

/** So that a reserved address is free for the hardware that took the place of the one which has the lease. */
export function leasesEndWithHardware(leases: LeaseFreeing): NodeCompanion {
  return (change) => {
    const former = formerHardware(change);
    return former === undefined ? undefined : leases.free(former);
  };
}

function isGone(candidate: NodeInterface, stays: ReadonlySet<InterfaceKey>): boolean {
  const key = interfaceKey(candidate);
  return key !== undefined && !stays.has(key);
}

function isOther(before: string | undefined, after: string | undefined): boolean {
  return before !== undefined && before !== after;
}

/** Labels and SMBIOS disagree about case. */
function isOtherSerial(before: Node, after: Node): boolean {
  return isOther(before.serialNumber?.toUpperCase(), after.serialNumber?.toUpperCase());
}

function keysOf(interfaces: readonly NodeInterface[]): InterfaceKey[] {
  return interfaces.flatMap((each) => interfaceKey(each) ?? []);
}

function addressesOf(interfaces: readonly NodeInterface[]): Ipv4[] {
  return interfaces.flatMap((each) => each.address ?? []);
}

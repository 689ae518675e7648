import type { Lease, LeaseState } from '../domain/lease.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node } from '../domain/node.ts';
import type { DocumentKind, StoreChange, StoreSnapshot } from '../domain/ports.ts';

/**
 * What goes between the threads: one flat array of primitives for a whole batch. An array of objects costs four times
 * as much to clone (measured: 1.9 against 0.6 µs a lease), and the loop that answers DHCP pays for half of it.
 */
export type Flat = (string | number | null)[];

export const Op = {
  PUT_LEASE: 0,
  REMOVE_LEASE: 1,
  PUT_NODE: 2,
  REMOVE_NODE: 3,
  PUT_SETTING: 4,
  PUT_DOCUMENT: 5,
  REMOVE_DOCUMENT: 6,
} as const;

/** Columns of table `lease`, in order. */
export const LEASE_FIELDS = 10;

/** Operation, then its operands, then the next operation. */
export function encodeBatch(batch: readonly StoreChange[]): Flat {
  const out: Flat = [];
  for (const change of batch) {
    if ('remove' in change) {
      if (change.remove === 'lease') out.push(Op.REMOVE_LEASE, change.address);
      else if (change.remove === 'node') out.push(Op.REMOVE_NODE, change.id);
      else out.push(Op.REMOVE_DOCUMENT, change.kind, change.id);
    } else if (change.put === 'lease') {
      out.push(Op.PUT_LEASE);
      pushLease(out, change.lease);
    } else if (change.put === 'node') {
      out.push(Op.PUT_NODE, change.node.id, JSON.stringify(change.node));
    } else if (change.put === 'document') {
      out.push(Op.PUT_DOCUMENT, change.kind, change.id, JSON.stringify(change.document));
    } else {
      out.push(Op.PUT_SETTING, change.name, change.value);
    }
  }
  return out;
}

function pushLease(out: Flat, lease: Lease): void {
  out.push(
    lease.address,
    lease.key,
    lease.state,
    lease.mac ?? null,
    lease.clientId ?? null,
    lease.nodeId ?? null,
    lease.hostname ?? null,
    lease.reservation ?? null,
    lease.startsAt,
    lease.expiresAt,
  );
}

/** Rows of table `lease`, LEASE_FIELDS values each. */
export function decodeLeases(flat: Flat, into: Lease[]): void {
  for (let at = 0; at + LEASE_FIELDS <= flat.length; at += LEASE_FIELDS) {
    const [address, key, state, mac, clientId, nodeId, hostname, reservation, startsAt, expiresAt] = flat.slice(
      at,
      at + LEASE_FIELDS,
    );
    into.push({
      address: address as number,
      key: key as string,
      state: state as LeaseState,
      ...(mac === null ? {} : { mac: mac as MacAddress }),
      ...(clientId === null ? {} : { clientId: clientId as string }),
      ...(nodeId === null ? {} : { nodeId: nodeId as string }),
      ...(hostname === null ? {} : { hostname: hostname as string }),
      ...(reservation === null ? {} : { reservation: reservation as string }),
      startsAt: startsAt as number,
      expiresAt: expiresAt as number | null,
    });
  }
}

export function decodeNodes(documents: Flat, into: Node[]): void {
  for (const document of documents) into.push(JSON.parse(document as string) as Node);
}

type Documents = { [K in DocumentKind]?: StoreSnapshot['documents'][K] };

/** Kind, document, kind, document … into lists by kind. */
export function decodeDocuments(flat: Flat, into: Documents): void {
  for (let at = 0; at + 2 <= flat.length; at += 2) {
    const kind = flat[at] as DocumentKind;
    const list = (into[kind] ?? []) as unknown[];
    list.push(JSON.parse(flat[at + 1] as string));
    (into as Record<DocumentKind, unknown>)[kind] = list;
  }
}

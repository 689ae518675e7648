import type { Accompaniment, FormerHardware } from '../../domain/former-hardware.ts';
import type { Lease } from '../../domain/lease.ts';
import type { Clock } from '../../domain/ports.ts';
import type { AddressRow } from './address-row.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { LeaseTable } from './lease-table.ts';
import type { LeaseChange } from './outcome.ts';

export interface LeaseFreeingOptions {
  readonly leases: LeaseTable;
  readonly commits: CommitQueue;
  readonly clock: Clock;
}

interface Freed extends LeaseChange {
  readonly before: Lease;
}

/**
 * Ends the leases of hardware that is gone where the address is reserved for what took its place: else the new NIC would
 * get one from the pool until the old one's lease has ended. And forgets by which leases the old machine was recalled, so
 * that it is not taken for the node when it starts elsewhere. A lease from a pool goes on: the old machine may still run.
 */
export function freeLeases(former: FormerHardware, options: LeaseFreeingOptions): Accompaniment {
  const { leases, commits } = options;
  const freed = freedLeases(former, options);
  return {
    changes: freed.map(({ lease }) => ({ put: 'lease', lease })),
    committed() {
      for (const { lease, endsAt, before } of freed) {
        const row = leases.row(lease.address);
        if (row?.pending === 0 && row.lease === before) leases.apply(lease, endsAt);
      }
      for (const key of former.keys) leases.dropOffer(key);
      // Renewed meanwhile, or on its way to the disk: a second write goes behind that one.
      const late = freedLeases(former, options);
      if (late.length === 0) return;
      commits.add({ changes: late, committed: () => applyLate(late, leases) });
    },
  };
}

function applyLate(late: readonly Freed[], leases: LeaseTable): void {
  for (const { lease, endsAt } of late) {
    if (leases.row(lease.address)?.lease?.key === lease.key) leases.apply(lease, endsAt);
  }
}

function freedLeases(former: FormerHardware, { leases, clock }: LeaseFreeingOptions): Freed[] {
  const rows = new Set<AddressRow>(leases.rowsOfNode(former.nodeId));
  for (const address of former.addresses) {
    const row = leases.row(address);
    if (row !== undefined) rows.add(row);
  }
  return [...rows].flatMap((row) => {
    const before = row.pendingLease ?? row.lease;
    return before === undefined ? [] : freedLease(before, row.leaseEndsAt, former, clock);
  });
}

function freedLease(before: Lease, endsAt: number, former: FormerHardware, clock: Clock): Freed[] {
  const { nodeId, ...rest } = before;
  const ofNode = nodeId === former.nodeId;
  if (former.stays.has(before.key) || !(ofNode || former.keys.has(before.key))) return [];
  // A quarantine is about the address, whoever found it out.
  if (before.state === 'bound' && former.addresses.has(before.address)) {
    const lease: Lease = { ...rest, state: 'released', expiresAt: Math.round(clock.now()) };
    return [{ lease, endsAt: clock.monotonic(), before }];
  }
  const isRecalled = ofNode && (former.wholeMachine || former.keys.has(before.key));
  return isRecalled ? [{ lease: rest, endsAt, before }] : [];
}

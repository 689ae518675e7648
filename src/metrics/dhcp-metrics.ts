import { below, counter, each, gauge, label, type Metric, named, one, type Sample } from './metric.ts';
import type { PoolUse } from './sources.ts';

export const DHCP_METRICS: readonly Metric[] = [
  counter(
    'dhcp_received',
    'DHCP and BOOTP requests that were read.',
    ({ dhcp }) => each('type', below('received.', dhcp())),
    label('type', '`discover`, `request`, `decline`, `release`, `inform`, `bootp`'),
  ),
  counter(
    'dhcp_sent',
    'Answers that left; an ACK after its lease was on disk.',
    ({ dhcp }) =>
      each('type', named(dhcp(), { offer: 'sent.offer', ack: 'sent.ack', nak: 'sent.nak', bootp: 'sent.bootp' })),
    label('type', '`offer`, `ack`, `nak`, `bootp`'),
  ),
  counter(
    'dhcp_unanswered',
    'Requests that get no answer.',
    ({ dhcp }) => each('reason', [...below('silent.', dhcp()), ...below('refused.', dhcp())]),
    label(
      'reason',
      '`pool-full`, `stranger`, `other-server-chosen`, `no-answer-due` (RELEASE, DECLINE), `unknown-relay`, …',
    ),
  ),
  counter(
    'dhcp_naks',
    'NAKs, by why an address was refused.',
    ({ dhcp }) => each('reason', below('nak.', dhcp())),
    label('reason', '`wrong-network`, `held-by-another`, `unknown-lease`, …'),
  ),
  counter(
    'dhcp_dropped',
    'Packets that were thrown away, and answers that could not leave.',
    ({ dhcp }) => each('reason', [...below('dropped.', dhcp()), ['send-failed', dhcp()['send.failed'] ?? 0]]),
    label('reason', '`malformed`, `commit-failed`, `commits-queue-full`, `interface-down`, `fault`, `send-failed`'),
  ),
  gauge(
    'dhcp_leases',
    'Addresses that are in use.',
    ({ dhcp }) =>
      each(
        'state',
        named(dhcp(), { bound: 'leases.bound', offered: 'leases.offered', quarantined: 'leases.quarantined' }),
      ),
    label('state', '`bound`, `offered`, `quarantined` (declined by a client)'),
  ),
  gauge(
    'dhcp_pool_addresses',
    'Addresses of the pools of a subnet. Free ones may be kept for reservations.',
    ({ pools }) => pools().flatMap(poolSamples),
    label('subnet', 'as in podboot.yaml'),
    label('state', '`free`, `leased`, `offered`, `quarantined`'),
  ),
  counter('dhcp_lease_commits', 'Batches of leases that were written to the disk.', ({ dhcp }) =>
    one(dhcp()['commits.batches']),
  ),
  counter('dhcp_committed_leases', 'Leases in these batches.', ({ dhcp }) => one(dhcp()['commits.leases'])),
  gauge('dhcp_pending_leases', 'Leases that wait for the disk.', ({ dhcp }) => one(dhcp()['commits.pending'])),
];

function poolSamples({ subnet, size, leased, offered, quarantined }: PoolUse): Sample[] {
  const free = size - leased - offered - quarantined;
  return Object.entries({ free, leased, offered, quarantined }).map(([state, value]) => ({
    labels: { subnet, state },
    value,
  }));
}

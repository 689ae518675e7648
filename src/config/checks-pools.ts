import {
  broadcastAddress,
  formatIpv4,
  formatSubnet,
  type Ipv4,
  type Ipv4Range,
  rangeContains,
  subnetContains,
} from '../domain/ipv4.ts';
import { type Finding, fault, type Sited, warning } from './config-path.ts';
import type { Draft, SitedSubnet } from './draft.ts';
import { formatRange, rangeSize } from './notations-network.ts';

/** Every lease that is given is kept in memory; this many are more than any pod has machines. */
const MAX_POOL_ADDRESSES = 1 << 20;

/** Fewer machines than a rack holds: more likely a slip of the pen than a plan. */
const FEW_ADDRESSES = 8;

export function* poolInsideItsSubnet(draft: Draft): Iterable<Finding> {
  for (const subnet of draft.subnets) {
    const usable = usableRange(subnet);
    for (const pool of subnet.pools) {
      if (inside(subnet, pool.value)) continue;
      const mend = usable === undefined ? undefined : `Addresses of machines there are ${formatRange(usable)}.`;
      yield fault(pool.path, `${formatRange(pool.value)} is not inside ${formatSubnet(subnet.value)}`, mend);
    }
  }
}

export function* noSpecialAddressInAPool(draft: Draft): Iterable<Finding> {
  for (const subnet of draft.subnets) {
    for (const pool of subnet.pools) {
      for (const [address, what] of specialAddresses(draft, subnet)) {
        if (!inside(subnet, pool.value) || !rangeContains(pool.value, address)) continue;
        yield fault(
          pool.path,
          `${formatIpv4(address)} is ${what} and can't be given to a machine`,
          without(pool.value, address),
        );
      }
    }
  }
}

/** Pools by their start: each is compared with the one before that reaches farthest. */
export function* poolsDoNotOverlap(draft: Draft): Iterable<Finding> {
  const pools = draft.subnets.flatMap((subnet) => subnet.pools).sort((a, b) => a.value.first - b.value.first);
  let farthest: Sited<Ipv4Range> | undefined;
  for (const pool of pools) {
    if (farthest !== undefined && pool.value.first <= farthest.value.last) {
      const shared = { first: pool.value.first, last: Math.min(pool.value.last, farthest.value.last) };
      yield fault(
        pool.path,
        `shares addresses with ${formatRange(farthest.value)}`,
        `Give ${formatRange(shared)} to one of the two pools alone.`,
      );
    }
    if (farthest === undefined || pool.value.last > farthest.value.last) farthest = pool;
  }
}

export function* poolsFitIntoMemory(draft: Draft): Iterable<Finding> {
  const total = poolAddressCount(draft.subnets.flatMap((subnet) => subnet.value.pools));
  if (total <= MAX_POOL_ADDRESSES) return;
  yield fault(
    ['subnets'],
    `the pools have ${total.toLocaleString('en')} addresses; podboot keeps at most ${MAX_POOL_ADDRESSES.toLocaleString('en')}`,
    'Make the pools as large as the number of machines that may come, with some to spare.',
  );
}

export function* poolsHaveRoom(draft: Draft): Iterable<Finding> {
  for (const subnet of draft.subnets) {
    const count = poolAddressCount(subnet.value.pools);
    if (count === 0 || count >= FEW_ADDRESSES) continue;
    yield warning(
      [...subnet.path, 'pools'],
      `${count === 1 ? 'one address is' : `${count} addresses are`} for as many machines: BMCs and switches need one each too`,
      'Make the pool larger, unless all the others have reservations.',
    );
  }
}

export function poolAddressCount(pools: readonly Ipv4Range[]): number {
  return pools.reduce((sum, pool) => sum + rangeSize(pool), 0);
}

function inside(subnet: SitedSubnet, range: Ipv4Range): boolean {
  return subnetContains(subnet.value, range.first) && subnetContains(subnet.value, range.last);
}

/** Without network and broadcast address; a /31 or /32 has neither (RFC 3021). */
function usableRange(subnet: SitedSubnet): Ipv4Range | undefined {
  const { network, prefixLength } = subnet.value;
  if (prefixLength >= 31) return { first: network, last: broadcastAddress(subnet.value) };
  return { first: network + 1, last: broadcastAddress(subnet.value) - 1 };
}

/** Addresses in a subnet that are somebody's already, each once, with whose. */
export function specialAddresses(draft: Draft, subnet: SitedSubnet): Map<Ipv4, string> {
  const special = new Map<Ipv4, string>();
  const { network, prefixLength } = subnet.value;
  if (prefixLength < 31) {
    special.set(network, `the network's own address`);
    special.set(broadcastAddress(subnet.value), 'the broadcast address');
  }
  for (const { value } of draft.interfaces) special.set(value.address, `podboot's own on ${value.name}`);
  for (const relay of subnet.relays) special.set(relay.value, "the relay's");
  for (const router of subnet.routers) if (!special.has(router)) special.set(router, "the router's");
  return special;
}

function without(range: Ipv4Range, address: Ipv4): string {
  const parts = [
    { first: range.first, last: address - 1 },
    { first: address + 1, last: range.last },
  ].filter((part) => part.first <= part.last);
  if (parts.length === 0) return 'Remove the pool.';
  return `Write ${parts.map(formatRange).join(', ')}.`;
}

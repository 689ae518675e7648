import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InvalidInput } from '../../domain/errors.ts';
import { formatIpv4, parseIpv4, parseSubnet, subnetContains } from '../../domain/ipv4.ts';
import type { Lease } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import type { Node } from '../../domain/node.ts';
import type { LeaseDirectory } from '../../domain/ports.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { LeaseQuery, LeaseView } from '../schemas/lease.ts';
import { pageLimit, pageOf } from '../schemas/page.ts';
import { leaseView } from '../views.ts';
import { findNode } from './nodes.ts';

/** By address. */
export function leaseRoutes(leases: LeaseDirectory, nodes: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/leases',
      {
        schema: {
          tags: ['leases'],
          summary: 'The leases by address, all or those that are asked for',
          querystring: LeaseQuery,
          response: { 200: pageOf(LeaseView) },
        },
      },
      async (request) => {
        const { after: cursor } = request.query;
        const after = cursor === undefined ? 0 : parseIpv4(cursor);
        if (after === undefined)
          throw invalid('?after', 'It is no IPv4 address.', 'Use the `next` of the page before.');
        const isAskedFor = leaseFilter(request.query, nodes);
        const found: number[] = [];
        for (const lease of leases.all()) if (lease.address > after && isAskedFor(lease)) found.push(lease.address);
        // A typed array is sorted as numbers, ten times as fast: 50,000 leases take 3 ms of the loop that answers DHCP.
        const addresses = Uint32Array.from(found).sort();
        const page = addresses.subarray(0, pageLimit(request.query));
        const items = Array.from(page, (address) => leases.byAddress(address)).flatMap((lease) =>
          lease === undefined ? [] : [leaseView(lease, ownerOf(lease, nodes))],
        );
        const last = page.at(-1);
        return { items, ...(last !== undefined && page.length < addresses.length ? { next: formatIpv4(last) } : {}) };
      },
    );
  };
}

/** A lease that is older than its node does not name it until it is renewed. */
function ownerOf({ nodeId, mac, clientId }: Lease, nodes: NodeRegistry): Node | undefined {
  const known = nodeId === undefined ? undefined : nodes.byId(nodeId);
  const byMac = mac === undefined ? undefined : nodes.byMac(mac);
  return known ?? (byMac ?? (clientId === undefined ? undefined : nodes.byClientId(clientId)))?.node;
}

/** @throws InvalidInput, NotFound */
function leaseFilter({ state, node, mac, subnet }: LeaseQuery, nodes: NodeRegistry): (lease: Lease) => boolean {
  const nodeId = node === undefined ? undefined : findNode(nodes, node).id;
  const hardware = mac === undefined ? undefined : parseMac(mac);
  if (mac !== undefined && hardware === undefined) {
    throw invalid('?mac', 'It is no MAC address.', 'Write it as 52:54:00:77:00:01.');
  }
  const network = subnet === undefined ? undefined : parseSubnet(subnet);
  if (subnet !== undefined && network === undefined) {
    throw invalid('?subnet', 'It is no network.', 'Write it as 10.77.0.0/24, with zeros behind the prefix.');
  }
  return (lease) =>
    (state === undefined || lease.state === state) &&
    (nodeId === undefined || ownerOf(lease, nodes)?.id === nodeId) &&
    (hardware === undefined || lease.mac === hardware) &&
    (network === undefined || subnetContains(network, lease.address));
}

function invalid(path: string, message: string, mend: string): InvalidInput {
  return new InvalidInput('The request was refused.', [{ path, message, mend }]);
}

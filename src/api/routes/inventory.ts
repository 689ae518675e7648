import { setImmediate } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Ipv4 } from '../../domain/ipv4.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { LeaseDirectory } from '../../domain/ports.ts';
import { readInventoryHosts } from '../../lifecycle/enrolment/from-inventory.ts';
import { planImport } from '../../lifecycle/enrolment/plan-import.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { InventoryDesk } from '../../runners/inventory/inventory-desk.ts';
import { appliedView } from '../applied-view.ts';
import { AdoptBody, AdoptionView, AdoptQuery, InventoryQuery, InventoryView } from '../schemas/inventory.ts';

const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const tags = ['hand-off'];

export interface InventoryRooms {
  readonly inventories: InventoryDesk;
}

/** Ansible's inventory out, and the one that an operator has in. */
export function inventoryRoutes(
  { inventories }: InventoryRooms,
  registry: NodeRegistry,
  leases: LeaseDirectory,
): FastifyPluginAsyncTypebox {
  const macAt = (address: Ipv4): MacAddress | undefined => {
    const lease = leases.byAddress(address);
    return lease?.state === 'bound' && lease.nodeId === undefined ? lease.mac : undefined;
  };
  return async (app) => {
    app.get(
      '/inventory',
      {
        schema: {
          tags,
          summary: 'Ansible’s inventory of a cluster as it would be now: INI, YAML, or a dynamic inventory’s JSON',
          querystring: InventoryQuery,
          response: { 200: InventoryView },
        },
      },
      async (request) => {
        const { format = 'json', cluster } = request.query;
        const { obstacles, ...shown } = inventories.show(format, cluster);
        return { ...shown, obstacles: obstacles.map(({ code, message, mend }) => ({ code, message, mend })) };
      },
    );

    app.register(async (inner) => {
      inner.removeAllContentTypeParsers();
      inner.addContentTypeParser(
        'text/plain',
        { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
        (_request, body, done) => done(null, body),
      );
      inner.post(
        '/inventory/adopt',
        {
          bodyLimit: BODY_LIMIT_BYTES,
          schema: {
            tags,
            summary: 'Compare an inventory with the nodes, and enrol its hosts that are none; nodes are not changed',
            consumes: ['text/plain'],
            body: AdoptBody,
            querystring: AdoptQuery,
            response: { 200: AdoptionView },
          },
        },
        async (request) => {
          const { cluster, dryRun } = request.query as { cluster?: string; dryRun?: string };
          const { toEnrol, ...comparison } = inventories.compare(request.body as Buffer, cluster);
          const reading = readInventoryHosts(toEnrol, macAt);
          // Thousands of hosts take a while: packets that came meanwhile go first.
          await setImmediate();
          const applied = await registry.apply(planImport(reading), { dryRun: dryRun === 'true' });
          return {
            ...comparison,
            groups: [...comparison.groups],
            differences: [...comparison.differences],
            applied: appliedView(applied, { dryRun: dryRun === 'true', notes: reading.notes }),
          };
        },
      );
    });
  };
}

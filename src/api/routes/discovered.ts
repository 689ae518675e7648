import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { parseSubnet, subnetContains } from '../../domain/ipv4.ts';
import { type InterfaceKey, macKey } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import type { Node } from '../../domain/node.ts';
import type { Clock } from '../../domain/ports.ts';
import type { AdoptionInput } from '../../lifecycle/discovery/adoption-input.ts';
import type { Discovery, MachineReport } from '../../lifecycle/discovery/discovery.ts';
import { refuseTooManyValues } from '../body-size.ts';
import { discoveredView, ruleOutcomeView, ruleView } from '../discovered-views.ts';
import {
  AdoptBody,
  ApplyRulesBody,
  DiscoveredParams,
  DiscoveredQuery,
  DiscoveredView,
  RuleOutcomeView,
  RulesView,
} from '../schemas/discovered.ts';
import { NodeView } from '../schemas/node.ts';
import { pageLimit, pageOf } from '../schemas/page.ts';
import { entityTag, nodeView } from '../views.ts';

const tags = ['discovered'];
const NOT_THERE = 'podboot discovered lists those that there are.';

/** Machines that asked and are no nodes: list, show, adopt, forget, and the rules that adopt them. */
export function discoveredRoutes(discovery: Discovery, clock: Clock): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/discovered',
      {
        schema: {
          tags,
          summary: 'The machines that asked and are no nodes',
          querystring: DiscoveredQuery,
          response: { 200: pageOf(DiscoveredView) },
        },
      },
      async (request) => {
        const { query } = request;
        const machines = discovery.list().filter(isAskedFor(query, clock, await discovery.makers()));
        const from = query.after === undefined ? 0 : firstAfter(machines, query.after);
        const page = machines.slice(from, from + pageLimit(query));
        const last = page.at(-1)?.key;
        const more = last !== undefined && from + page.length < machines.length;
        const items = (await discovery.report(page)).map((report) => discoveredView(report));
        return { items, ...(more ? { next: last } : {}) };
      },
    );

    app.get(
      '/discovered/rules',
      {
        schema: {
          tags,
          summary: 'The rules that adopt machines, and what they would do now',
          response: { 200: RulesView },
        },
      },
      async () => ({
        rules: discovery.rules.map(ruleView),
        outcomes: (await discovery.dryRun()).map(ruleOutcomeView),
      }),
    );

    app.post(
      '/discovered/apply-rules',
      {
        schema: {
          tags,
          summary: 'Let the rules adopt the machines that there are',
          body: ApplyRulesBody,
          response: { 200: pageOf(RuleOutcomeView) },
        },
      },
      async (request) => {
        const outcomes = request.body.dryRun === true ? await discovery.dryRun() : await discovery.applyRules();
        return { items: outcomes.map(ruleOutcomeView) };
      },
    );

    app.get(
      '/discovered/:key',
      {
        schema: {
          tags,
          summary: 'A machine that asked and is no node',
          params: DiscoveredParams,
          response: { 200: DiscoveredView },
        },
      },
      async (request) => {
        const machine = discovery.get(keyOf(request.params.key));
        const [report] = await discovery.report([machine]);
        const rule = (await discovery.dryRun()).find(({ key }) => key === machine.key);
        return discoveredView(report as MachineReport, rule);
      },
    );

    app.post(
      '/discovered/:key/adopt',
      {
        preValidation: refuseTooManyValues,
        schema: {
          tags,
          summary: 'Make a machine a node, or an interface of a node',
          params: DiscoveredParams,
          body: AdoptBody,
          response: { 200: NodeView, 201: NodeView },
        },
      },
      async (request, reply) => {
        const { node, isNew } = await adopt(discovery, keyOf(request.params.key), request.body);
        return reply
          .code(isNew ? 201 : 200)
          .header('location', `/api/v1/nodes/${node.id}`)
          .header('etag', entityTag(node))
          .send(nodeView(node));
      },
    );

    app.delete(
      '/discovered/:key',
      {
        schema: {
          tags,
          summary: 'Forget a machine; it comes back when it asks again',
          params: DiscoveredParams,
          response: { 204: Type.Null({ description: 'It is forgotten.' }) },
        },
      },
      async (request, reply) => {
        discovery.forget(keyOf(request.params.key));
        return reply.code(204).send(null);
      },
    );
  };
}

/** A MAC address in any notation, or a key as the list has it. @throws NotFound */
function keyOf(text: string): InterfaceKey {
  const mac = parseMac(text.replace(/^mac:/i, ''));
  if (mac !== undefined) return macKey(mac);
  if (/^cid:([0-9a-f]{2})+$/i.test(text)) return text.toLowerCase();
  throw new NotFound('There is no such discovered machine.', NOT_THERE);
}

async function adopt(
  discovery: Discovery,
  key: InterfaceKey,
  body: AdoptBody,
): Promise<{ readonly node: Node; readonly isNew: boolean }> {
  const { node: name, interface: interfaceName, role, address, bySwitchPort, ...rest } = body;
  if (name !== undefined) {
    if (interfaceName === undefined) throw missing('interface', 'Name the interface of the node that it is.');
    refuseBeside(body);
    const input = { node: name, interfaceName, ...(role === undefined ? {} : { role }) };
    const node = await discovery.attach(key, { ...input, ...(address === undefined ? {} : { address }) });
    return { node, isNew: false };
  }
  if (rest.name === undefined) throw missing('name', 'Name the new node, or the node that it is an interface of.');
  if (role !== undefined) throw refused('role', 'It is for a further interface of a node.', 'Leave it out.');
  const input: AdoptionInput = {
    ...rest,
    name: rest.name,
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(address === undefined ? {} : { address }),
    ...(bySwitchPort === undefined ? {} : { bySwitchPort }),
  };
  return { node: await discovery.adopt(key, input), isNew: true };
}

const OF_NEW_NODES = ['name', 'rack', 'position', 'roles', 'group', 'profile', 'labels', 'bySwitchPort'] as const;

/** Nothing that is sent is dropped. */
function refuseBeside(body: AdoptBody): void {
  const extra = OF_NEW_NODES.find((key) => body[key] !== undefined);
  if (extra !== undefined)
    throw refused(extra, 'It is for a new node, and `node` names one that there is.', 'Leave it out.');
}

function missing(key: string, mend: string): InvalidInput {
  return refused(key, 'It is missing.', mend);
}

function refused(path: string, message: string, mend: string): InvalidInput {
  return new InvalidInput('The request was refused.', [{ path, message, mend }]);
}

/** @throws InvalidInput */
function isAskedFor(
  query: DiscoveredQuery,
  clock: Clock,
  makerOf: (machine: DiscoveredMachine) => string | undefined,
): (machine: DiscoveredMachine) => boolean {
  const { kind, vendor, interface: interfaceName, subnet: written, seenWithin } = query;
  const subnet = written === undefined ? undefined : parseSubnet(written);
  if (written !== undefined && subnet === undefined) {
    throw refused('?subnet', 'It is no network.', 'Write it as 10.77.0.0/24, with zeros behind the prefix.');
  }
  const part = vendor?.toLowerCase();
  const since = seenWithin === undefined ? undefined : clock.now() - Number(seenWithin) * 1_000;
  return (machine) => {
    const place = machine.address ?? machine.relay;
    return (
      (kind === undefined || machine.kind === kind) &&
      (interfaceName === undefined || machine.interfaceName === interfaceName) &&
      (subnet === undefined || (place !== undefined && subnetContains(subnet, place))) &&
      (since === undefined || machine.lastSeenAt >= since) &&
      (part === undefined || makerOf(machine)?.toLowerCase().includes(part) === true)
    );
  };
}

/** Of a list in the order of its keys; the one behind `after` need not be there any more. */
function firstAfter(machines: readonly DiscoveredMachine[], after: string): number {
  const index = machines.findIndex(({ key }) => key > after);
  return index < 0 ? machines.length : index;
}

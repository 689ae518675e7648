import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InvalidInput, NotFound, type Problem } from '../../domain/errors.ts';
import { expandHostlist } from '../../domain/hostlist.ts';
import type { Node } from '../../domain/node.ts';
import { type NodePatch, readPatch } from '../../lifecycle/node-input.ts';
import type { NodeLookup, NodePlan, NodePlanner, NodeRegistry } from '../../lifecycle/registry-port.ts';
import { appliedView } from '../applied-view.ts';
import { refuseTooManyValues } from '../body-size.ts';
import { nodeFilter } from '../node-filter.ts';
import { AppliedView, SelectionPatchBody, SelectionQuery } from '../schemas/enrolment.ts';

/** What many nodes are to have in common: all of them in one commit, or none. */
export function nodeSelectionRoutes(registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.patch(
      '/nodes',
      {
        preValidation: refuseTooManyValues,
        schema: {
          tags: ['nodes'],
          summary: 'Change all nodes that are asked for, or none',
          querystring: SelectionQuery,
          body: SelectionPatchBody,
          response: { 200: AppliedView },
        },
      },
      async (request) => {
        const { dryRun: asked, ...selection } = request.query;
        const dryRun = asked === 'true';
        refuseEverything(selection);
        const isAskedFor = nodeFilter(selection);
        const planner: NodePlanner = (nodes) => planned(nodes, isAskedFor, selection.name, request.body);
        const applied = await registry.apply(planner, { dryRun });
        return appliedView(applied, { dryRun });
      },
    );
  };
}

/** A forgotten parameter must not change the fleet. */
function refuseEverything(selection: SelectionQuery): void {
  if (Object.keys(selection).length > 0) return;
  const mend = 'Name them with name, rack, role, group or label; name=* are all.';
  throw new InvalidInput('The request was refused; nothing was changed.', [
    { path: '?', message: 'It does not say which nodes.', mend },
  ]);
}

/** @throws NotFound where nobody is asked for */
function planned(
  nodes: NodeLookup,
  isAskedFor: (node: Node) => boolean,
  names: string | undefined,
  patch: NodePatch,
): NodePlan {
  const found = [...nodes.all()].filter(isAskedFor);
  const problems = unknownNames(nodes, names);
  if (found.length === 0 && problems.length === 0) {
    throw new NotFound('No node is like that.', 'GET /api/v1/nodes takes the same parameters, and lists them.');
  }
  const changed = found.map((before) => ({
    before,
    reading: readPatch(before, patch),
    place: (problem: Problem) => ({ ...problem, path: `${before.name}.${problem.path}` }),
  }));
  return { nodes: changed, problems };
}

/** Whoever names nodes one by one means each of them. */
function unknownNames(nodes: NodeLookup, text: string | undefined): Problem[] {
  if (text === undefined) return [];
  const unknown = expandHostlist(text).filter((name) => !/[*?]/.test(name) && nodes.byName(name) === undefined);
  return unknown.map((name) => ({
    path: '?name',
    message: `There is no node ${name}.`,
    mend: 'Leave it out, or enrol it first.',
  }));
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Explainer, ExplainQuestion } from '../../domain/explanation.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { ExplainMachineQuery, ExplainQuery, ExplanationView } from '../schemas/explanation.ts';
import { findNode, NodeParams } from './nodes.ts';

/** What a machine would get now, and which rule, file and line says so. Asking changes nothing. */
export function explainRoutes(explainer: Explainer, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/explain',
      {
        schema: {
          tags: ['explain'],
          summary: 'What a node would get if it booted from the network now',
          params: NodeParams,
          querystring: ExplainQuery,
          response: { 200: ExplanationView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        // Asked by MAC address, the answer is about that interface.
        const machine = registry.byId(request.params.node) ?? registry.byName(request.params.node);
        return await explainer.explain(
          questionOf(machine === undefined ? request.params.node : node.id, request.query),
        );
      },
    );

    app.get(
      '/explain',
      {
        schema: {
          tags: ['explain'],
          summary: 'What any machine would get, enrolled or not',
          querystring: ExplainMachineQuery,
          response: { 200: ExplanationView },
        },
      },
      async (request) => await explainer.explain(questionOf(request.query.machine, request.query)),
    );
  };
}

function questionOf(machine: string, query: ExplainQuery): ExplainQuestion {
  const { firmware, interface: interfaceName, relay } = query;
  return {
    machine,
    ...(firmware === undefined ? {} : { firmware }),
    ...(interfaceName === undefined ? {} : { interfaceName }),
    ...(relay === undefined ? {} : { relay }),
  };
}

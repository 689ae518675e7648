import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { InvalidInput, type Problem } from '../../domain/errors.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { hasTooManyValues, tooManyValues } from '../body-size.ts';
import { BulkBody, BulkView, NodeBody } from '../schemas/node.ts';
import { MAX_PROBLEMS, validationProblems } from '../validation-problems.ts';

/** 5,000 nodes with some 800 bytes each. */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;

/** Thousands of nodes in one request: all of them or none. */
export function nodeBulkRoutes(registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/nodes/bulk',
      {
        bodyLimit: BODY_LIMIT_BYTES,
        schema: {
          tags: ['nodes'],
          summary: 'Enrol up to 5,000 nodes, all or none',
          body: BulkBody,
          response: { 201: BulkView },
        },
      },
      async (request, reply) => {
        const nodes = await registry.enrolMany(readBodies(request, request.body));
        return reply.code(201).send({ items: nodes.map(({ id, name }) => ({ id, name })) });
      },
    );
  };
}

/**
 * Node by node, so that it ends where there is enough to tell: a wrong list may hold as many mistakes as it has bytes.
 *
 * @throws InvalidInput
 */
function readBodies(request: FastifyRequest, bodies: readonly unknown[]): readonly NodeBody[] {
  const validate = request.compileValidationSchema(NodeBody, 'body');
  const problems: Problem[] = [];
  const read: NodeBody[] = [];
  for (const [index, body] of bodies.entries()) {
    if (hasTooManyValues(body)) problems.push(tooManyValues(`[${index}]`));
    else if (validate(body) === true) read.push(body as NodeBody);
    else {
      const found = (validate.errors ?? []).slice(0, MAX_PROBLEMS);
      const placed = found.map((error) => ({ ...error, instancePath: `/${index}${error.instancePath}` }));
      problems.push(...validationProblems(placed, 'body'));
    }
    if (problems.length >= MAX_PROBLEMS) break;
  }
  if (problems.length === 0) return read;
  const more = problems.length >= MAX_PROBLEMS ? ` (the first ${MAX_PROBLEMS} problems)` : '';
  throw new InvalidInput(
    `${bodies.length} nodes can’t be read; nothing was changed${more}.`,
    problems.slice(0, MAX_PROBLEMS),
  );
}

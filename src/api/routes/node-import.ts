import { setImmediate } from 'node:timers/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { readColumnMap } from '../../lifecycle/enrolment/column-map.ts';
import { exportCsv, exportJson } from '../../lifecycle/enrolment/export-nodes.ts';
import type { ImportFormat } from '../../lifecycle/enrolment/imported-node.ts';
import { planImport } from '../../lifecycle/enrolment/plan-import.ts';
import { readImport } from '../../lifecycle/enrolment/read-import.ts';
import type { ShapeCheck } from '../../lifecycle/enrolment/read-json.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { appliedView } from '../applied-view.ts';
import { hasTooManyValues, tooManyValues } from '../body-size.ts';
import { nodeFilter } from '../node-filter.ts';
import { AppliedView, ExportQuery, ImportBody, ImportQuery } from '../schemas/enrolment.ts';
import { NodeBody, NodeView } from '../schemas/node.ts';
import { MAX_PROBLEMS, validationProblems } from '../validation-problems.ts';

/** 5,000 nodes with eight interfaces, a row for each. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const TABLES = ['text/csv', 'text/tab-separated-values'];
const SHOWN_ONLY = new Set(Object.keys(NodeView.properties).filter((key) => !(key in NodeBody.properties)));
const tags = ['nodes'];

/** Lists of nodes in and out. */
export function nodeImportRoutes(registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/export',
      {
        schema: {
          tags,
          summary: 'All nodes, or those that are asked for, as one file',
          querystring: ExportQuery,
          response: { 200: Type.String() },
        },
      },
      async (request, reply) => {
        const format = request.query.format ?? 'json';
        const isAskedFor = nodeFilter(request.query);
        const nodes = registry
          .sortedNames()
          .flatMap((name) => registry.byName(name) ?? [])
          .filter(isAskedFor);
        const type = format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/json; charset=utf-8';
        return reply
          .type(type)
          .header('content-disposition', `attachment; filename="nodes.${format}"`)
          .serializer((text: unknown) => String(text))
          .send(format === 'csv' ? exportCsv(nodes) : exportJson(nodes));
      },
    );

    app.register(async (inner) => {
      // The file itself, not what a parser makes of it: problems are told with their lines.
      inner.removeAllContentTypeParsers();
      inner.addContentTypeParser(
        ['application/json', 'text/plain', ...TABLES],
        { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
        (_request, body, done) => done(null, body),
      );
      importRoute(inner as typeof app, registry);
    });
  };
}

function importRoute(app: Parameters<FastifyPluginAsyncTypebox>[0], registry: NodeRegistry): void {
  app.post(
    '/nodes/import',
    {
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        tags,
        summary: 'Enrol and change nodes from a file: all of it or nothing, and nothing the second time',
        consumes: ['text/csv', 'application/json', 'text/plain', 'text/tab-separated-values'],
        body: ImportBody,
        querystring: ImportQuery,
        response: { 200: AppliedView },
      },
    },
    async (request) => {
      const { map, dryRun } = request.query;
      const format = request.query.format ?? formatBySender(request);
      const reading = readImport(request.body, {
        checkShape: shapeCheck(request),
        shownOnly: SHOWN_ONLY,
        ...(format === undefined ? {} : { format }),
        ...(map === undefined ? {} : { map: readColumnMap(map) }),
      });
      // Thousands of rows take a while: packets that came meanwhile go first.
      await setImmediate();
      const applied = await registry.apply(planImport(reading), { dryRun: dryRun === 'true' });
      return appliedView(applied, { dryRun: dryRun === 'true', notes: reading.notes });
    },
  );
}

/** Who says that it is a table is believed; JSON and plain text may be several things. */
function formatBySender({ headers }: FastifyRequest): ImportFormat | undefined {
  const [type = ''] = (headers['content-type'] ?? '').split(';');
  return TABLES.includes(type.trim().toLowerCase()) ? 'csv' : undefined;
}

function shapeCheck(request: FastifyRequest): ShapeCheck {
  const validate = request.compileValidationSchema(NodeBody, 'body');
  return (node) => {
    if (hasTooManyValues(node)) return [tooManyValues('')];
    return validate(node) === true ? [] : validationProblems((validate.errors ?? []).slice(0, MAX_PROBLEMS), 'body');
  };
}

import { STATUS_CODES } from 'node:http';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { ProblemView } from './schemas/problem.ts';

type Json = Record<string, unknown>;

interface Operation {
  operationId?: string;
  parameters?: readonly Parameter[];
  requestBody?: unknown;
  responses?: Json;
  security?: readonly Json[];
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly [name: string]: unknown;
}

interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: Json;
  [name: string]: unknown;
}

/** What any route may answer beside its own: status, name of the component, what it says. */
const REFUSALS: readonly (readonly [status: number, name: string, description: string])[] = [
  [400, 'Unreadable', 'The request can’t be read: no JSON, an Idempotency-Key that is none.'],
  [401, 'Unauthorized', 'No token, or not the one in force.'],
  [404, 'NotFound', 'What the path names is not there.'],
  [409, 'Conflict', 'It belongs to another node, or the same is under way; both are named.'],
  [412, 'Changed', 'It was changed since the version in If-Match.'],
  [413, 'TooLarge', 'The body is too large.'],
  [415, 'UnknownType', 'The content type is none that this route reads.'],
  [422, 'Invalid', 'Every mistake of the input, each with its place and its mend; nothing was changed.'],
  [428, 'VersionNeeded', 'It needs If-Match.'],
  [429, 'TooManyFailures', 'Too many requests without the right token.'],
  [500, 'Fault', 'A fault of podboot; its log has more.'],
  [503, 'HostRefused', 'The host refuses: a full disk, a port in use. With the mend.'],
];

/** What idempotency.ts reads. */
const IDEMPOTENCY_KEY: Parameter = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 257 },
  description:
    'A key of its own for each request, best a UUID: what was done is not done again, and a repeat within 24 h gets the same answer.',
};

const INFO =
  'DHCP, TFTP and HTTP boot for GPU pods. Every request bears the token of the first start (or of `podboot token new`). ' +
  'docs/api.md says what holds for all routes.';

/** Registers what reads the routes' schemas: before the routes. */
export function registerOpenApi(app: FastifyInstance, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'podboot', description: INFO, version },
      // Behind the token like the routes themselves; relative, so that it holds at each address of api.listen.
      servers: [{ url: '/' }],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
}

/** The OpenAPI 3.1 document of the routes of a ready `app`. */
export function openApiDocument(app: FastifyInstance): string {
  // Copied: what the plugin keeps of it stays as it is.
  const document = structuredClone(app.swagger()) as unknown as Document;
  const schemas: Json = {};
  const paths = Object.entries(document.paths ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [path, operations] of paths) {
    for (const [method, operation] of Object.entries(operations)) {
      operation.operationId = operationId(method, path);
      if (method === 'post') operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
      operation.responses = { ...described(operation.responses ?? {}), ...refusalsOf(method, operation) };
    }
  }
  document.paths = hoist(Object.fromEntries(paths), schemas) as NonNullable<Document['paths']>;
  const problem = hoist(structuredClone(ProblemView), schemas);
  const tags = new Set(paths.flatMap(([, operations]) => Object.values(operations).flatMap(tagsOf)));
  document.tags = [...tags].sort().map((name) => ({ name }));
  document.components = {
    ...document.components,
    schemas: Object.fromEntries(Object.entries(schemas).sort(([one], [other]) => (one < other ? -1 : 1))),
    responses: Object.fromEntries(
      REFUSALS.map(([, name, description]) => [
        name,
        { description, content: { 'application/problem+json': { schema: problem } } },
      ]),
    ),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function tagsOf(operation: Operation): readonly string[] {
  return 'tags' in operation && Array.isArray(operation.tags) ? operation.tags : [];
}

/** `get /api/v1/nodes/{node}/timeline` is getNodesNodeTimeline: for clients that are generated. */
function operationId(method: string, path: string): string {
  const words = path.replace(/^\/api\/v1/, '').match(/[A-Za-z0-9]+/g) ?? [];
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** The plugin's words where a schema has no description of its own. */
function described(responses: Json): Json {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      const { description, ...rest } = response as { description?: string };
      const isNamed = description !== undefined && description !== 'Default Response';
      return [status, { description: isNamed ? description : (STATUS_CODES[status] ?? 'The answer.'), ...rest }];
    }),
  );
}

/** By what the route reads. */
function refusalsOf(method: string, operation: Operation): Json {
  const parameters = operation.parameters ?? [];
  const has = (name: string) => parameters.some((each) => each.name === name);
  const isChange = method !== 'get';
  const applies: Readonly<Record<number, boolean>> = {
    400: isChange,
    404: parameters.some((each) => each.in === 'path') || has('node'),
    409: isChange,
    412: has('if-match'),
    413: operation.requestBody !== undefined,
    415: operation.requestBody !== undefined,
    422: operation.requestBody !== undefined || parameters.length > 0,
    428: has('if-match'),
  };
  return Object.fromEntries(
    REFUSALS.filter(([status]) => applies[status] ?? true).map(([status, name]) => [
      String(status),
      { $ref: `#/components/responses/${name}` },
    ]),
  );
}

/** Schemas that have a title are written once, under it. */
function hoist(value: unknown, into: Json): unknown {
  if (Array.isArray(value)) return value.map((each) => hoist(each, into));
  if (typeof value !== 'object' || value === null) return value;
  const hoisted = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, hoist(each, into)]));
  const { title, ...schema } = hoisted;
  if (typeof title !== 'string' || typeof schema.type !== 'string') return hoisted;
  const known = into[title];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`Two schemas have the title ${title}.`);
  }
  into[title] = schema;
  return { $ref: `#/components/schemas/${title}` };
}

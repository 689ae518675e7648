import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { publishedDocument } from '../../src/api/published-document.ts';
import { ApiFixture } from './api-fixture.ts';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  readonly responses: Readonly<
    Record<string, { readonly $ref?: string; readonly content?: Readonly<Record<string, { schema?: object }>> }>
  >;
}

const root = new URL('../../', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
let text: string;
let operations: (readonly [name: string, operation: Operation])[];
before(async () => {
  text = await publishedDocument(version);
  const paths: Record<string, Record<string, Operation>> = JSON.parse(text).paths;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );
});

it('docs/openapi.json is what the routes say', () => {
  assert.ok(readFileSync(new URL('docs/openapi.json', root), 'utf8') === text, 'run `npm run docs`');
});

describe('every route', () => {
  it('says in one line what it does, and where it belongs', () => {
    assert.ok(operations.length > 15);
    for (const [name, { summary, tags }] of operations) {
      assert.ok(summary !== undefined && summary.length <= 120 && !summary.endsWith('.'), `${name}: ${summary}`);
      assert.equal(tags?.length, 1, name);
    }
  });

  it('has a schema for what it answers, and a word for each parameter', () => {
    for (const [name, { responses, parameters = [] }] of operations) {
      const answers = Object.entries(responses).filter(([status]) => status.startsWith('2'));
      assert.ok(answers.length > 0, name);
      for (const [status, { content }] of answers) {
        if (status === '204') continue;
        const schemas = Object.values(content ?? {}).map(({ schema }) => Object.keys(schema ?? {}));
        assert.ok(schemas.length > 0 && schemas.every((keys) => keys.length > 0), `${name} ${status}`);
      }
      for (const each of parameters) assert.ok(each.description, `${name}: ${each.in} ${each.name}`);
    }
  });

  it('has its refusals as problems, its token and a name of its own', () => {
    const document = JSON.parse(text);
    assert.deepEqual(document.security, [{ token: [] }]);
    assert.equal(document.components.securitySchemes.token.scheme, 'bearer');
    for (const [name, { responses }] of operations) {
      for (const status of ['401', '500', '503']) {
        const ref = responses[status]?.$ref?.split('/').at(-1) ?? '';
        const { content } = document.components.responses[ref] ?? {};
        assert.ok(content?.['application/problem+json'], `${name} ${status}`);
      }
    }
    assert.equal(new Set(operations.map(([, { operationId }]) => operationId)).size, operations.length);
  });
});

describe('the document', () => {
  it('refers to nothing that is not in it', () => {
    const document = JSON.parse(text);
    for (const [, ref] of text.matchAll(/"\$ref": "#\/([^"]+)"/g)) {
      const target = (ref ?? '').split('/').reduce((at, key) => at?.[key], document);
      assert.ok(target, ref);
    }
    assert.deepEqual(Object.keys(document.components.schemas).sort(), Object.keys(document.components.schemas));
  });

  it('is answered at /docs and /docs/json, with the token alone', async () => {
    const pod = new ApiFixture();
    for (const path of ['//docs', '//docs/json']) {
      const response = await pod.call('GET', path);
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers['content-type'], 'application/json; charset=utf-8');
      assert.equal(response.json().openapi, '3.1.0');
      assert.equal((await pod.api.inject({ url: path.slice(1) })).statusCode, 401);
    }
    await pod.api.close();
  });
});

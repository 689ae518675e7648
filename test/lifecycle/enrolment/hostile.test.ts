import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { IMPORT_FORMATS } from '../../../src/lifecycle/enrolment/imported-node.ts';
import { Site } from './files.ts';

/** Half a second to two where nothing else runs; what has no bound takes minutes. */
const BOUND_MS = 6_000;
const SIZE = 4_000_000;

async function tried(file: string | Uint8Array, format?: (typeof IMPORT_FORMATS)[number]): Promise<number> {
  const site = new Site();
  try {
    await site.import(file, format === undefined ? {} : { format });
    return 0;
  } catch (error) {
    if (!(error instanceof InvalidInput) && !(error instanceof Error && 'problems' in error)) throw error;
    assert.equal(site.registry.size, 0);
    const { problems } = error as InvalidInput;
    assert.ok(problems.length >= 1 && problems.length <= 1_000, String(problems.length));
    return problems.length;
  }
}

describe('files that were made to do harm', () => {
  const row = 'a,52:54:00:00:00:01\n';
  const files: readonly (readonly [string, () => string])[] = [
    ['a heading of commas', () => `${','.repeat(SIZE)}\n`],
    [
      'a heading of labels',
      () => `name,${Array.from({ length: 490 }, (_, index) => `label.${index}`).join()}\n${'a\n'.repeat(90_000)}`,
    ],
    ['a map line of separators', () => `# podboot-map: a=name${','.repeat(SIZE)}x\nname,mac\n${row}`],
    ['one node in all rows', () => `name,interface,mac\n${'a,eno1,52:54:00:00:00:01\n'.repeat(SIZE / 25)}`],
    [
      'one node with an interface in each row',
      () =>
        `name,interface,mac\n${Array.from({ length: 90_000 }, (_, index) => `a,e${index},52:54:00:00:00:01\n`).join('')}`,
    ],
    ['a quote that is never closed', () => `name,mac\n"${row.repeat(SIZE / 20)}`],
    ['a quote in every row', () => `name,mac\n${'a,"b"c\n'.repeat(SIZE / 8)}`],
    ['nothing but quotes', () => '"'.repeat(SIZE)],
    ['one line without an end', () => 'a'.repeat(SIZE)],
    ['line ends', () => '\n'.repeat(SIZE)],
    ['one host in all lines of a hosts file', () => '52:54:00:77:00:01,dgx01\n'.repeat(SIZE / 24)],
    ['spaces in a hosts file', () => `dhcp-host=${' '.repeat(SIZE)}x`],
    ['a nest of brackets', () => '['.repeat(SIZE)],
    ['a list of numbers', () => `[${'1,'.repeat(SIZE / 2)}1]`],
    [
      'machines without end',
      () => `{${Array.from({ length: 60_000 }, (_, index) => `"m${index}":{"mac":".*"}`).join()}}`,
    ],
  ];
  for (const [name, make] of files) {
    it(`${name}: it is over soon, and nothing is enrolled`, async () => {
      const file = make();
      const startedAt = performance.now();
      await tried(file).catch((error: unknown) => assert.fail(String(error instanceof Error ? error.stack : error)));
      const ms = performance.now() - startedAt;
      assert.ok(ms < BOUND_MS, `${Math.round(ms)} ms`);
    });
  }
});

it('whatever a file holds, it is taken or refused with problems: nothing else comes of it', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...['name', 'mac', ',', ';', '\n', '"', '{', '}', '[', ']', ':', '#', '=', 'dhcp-host=', 'interfaces.', '.mac'],
      ...[
        '52:54:00:77:00:01',
        'id:',
        'set:',
        '"mac"',
        '"name"',
        'label.',
        '__proto__',
        'constructor',
        "'",
        '# podboot-map: ',
      ],
    ),
    fc.string({ maxLength: 8, unit: 'binary' }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
      fc.option(fc.constantFrom(...IMPORT_FORMATS), { nil: undefined }),
      async (text, format) => {
        await tried(text, format);
      },
    ),
    { numRuns: 1_000 },
  );
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      await tried(bytes);
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stripTree, stripTypes } from '../../scripts/pack/strip-types.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-strip-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function tree(name: string, files: Readonly<Record<string, string>>): { from: string; to: string } {
  const from = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(from, path, '..'), { recursive: true });
    writeFileSync(join(from, path), text);
  }
  return { from, to: join(folder, `${name}-out`) };
}

test('every way to call a file is told its new name, and nothing else is touched', () => {
  const out = stripTypes(
    [
      "import { a } from './a.ts';",
      "import type { T } from './types.ts';",
      "export * from '../b/c.ts';",
      "const lazy = await import('./d.ts');",
      "const thread = new URL('./worker.ts', import.meta.url);",
      "const told = 'see ./a.ts'; import('yaml');",
    ].join('\n'),
  );
  assert.match(out, /from '\.\/a\.js'/);
  assert.match(out, /from '\.\.\/b\/c\.js'/);
  assert.match(out, /import\('\.\/d\.js'\)/);
  assert.match(out, /new URL\('\.\/worker\.js', import\.meta\.url\)/);
  assert.match(out, /'see \.\/a\.ts'; import\('yaml'\)/);
  assert.doesNotMatch(out, /types/);
});

test('a line and a column of a stack trace are those of the source', () => {
  const source = 'const a: number = 1;\n\nfunction f(x: string): never {\n  throw new Error(x);\n}\n';
  const lines = stripTypes(source).split('\n');
  assert.equal(lines.length, source.split('\n').length);
  assert.equal(lines[3], source.split('\n')[3]);
});

test('files of other kinds are copied as they are', () => {
  const { from, to } = tree('others', { 'a.ts': 'export const a = 1;\n', 'plugin/b.py': 'x = 1  # a.ts\n' });
  stripTree(from, to);
  assert.equal(readFileSync(join(to, 'plugin/b.py'), 'utf8'), 'x = 1  # a.ts\n');
  assert.match(readFileSync(join(to, 'a.js'), 'utf8'), /export const a/);
});

test('a file that is called and would not be there stops the packing', () => {
  const { from, to } = tree('missing', { 'a.ts': "import './gone.ts';\n" });
  assert.throws(() => stripTree(from, to), /a\.js: gone\.js/);
});

test('the whole program can be packed: nothing that it calls is missing', () => {
  stripTree(new URL('../../src', import.meta.url).pathname, join(folder, 'src'));
});

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root })];

test('every link of a page leads to a file', () => {
  const broken = pages.flatMap((page) =>
    Array.from(
      readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g),
      (match) => match[1] ?? '',
    )
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('README leads to every page', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !readme.includes(`(${page})`)),
    [],
  );
});

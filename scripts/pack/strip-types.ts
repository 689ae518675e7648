import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';

/** `from './x.ts'`, `import('./x.ts')`, `import './x.ts'`: a file of ours, by a path that begins with a dot. */
const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])(\.{1,2}\/[^'"\n]*)\.ts\2/g;
/** `new URL('./worker.ts', import.meta.url)`: a thread or a process of ours. */
const URL_OF_FILE = /(\bnew URL\(\s*)(['"])([^'"\n]+)\.ts\2(\s*,\s*import\.meta\.url)/g;

/**
 * JavaScript of a TypeScript file, every character that stays in its old place, so that a stack trace names the lines of
 * the source. Files are named `.js` then, and so they are called here.
 */
export function stripTypes(source: string): string {
  return stripTypeScriptTypes(source, { mode: 'strip' })
    .replaceAll(SPECIFIER, '$1$2$3.js$2')
    .replaceAll(URL_OF_FILE, '$1$2$3.js$2$4');
}

/** A folder with all that is in it, its types stripped; what is no TypeScript is copied as it is. */
export function stripTree(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' }).sort()) {
    const source = join(from, name);
    if (statSync(source).isDirectory() || name.includes('__pycache__')) continue;
    const target = join(to, name);
    mkdirSync(dirname(target), { recursive: true });
    if (name.endsWith('.ts')) writeFileSync(target.replace(/\.ts$/, '.js'), stripTypes(readFileSync(source, 'utf8')));
    else cpSync(source, target);
  }
  const missed = missingFiles(to);
  if (missed.length > 0)
    throw new Error(`after the types were stripped, these are called and not there:\n${missed.join('\n')}`);
}

/** What the files call by a relative path, and is not there: `where: what`. A `.ts` that is still called among them. */
export function missingFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const present = new Set(names.map((name) => join(folder, name)));
  return names
    .filter((name) => name.endsWith('.js'))
    .sort()
    .flatMap((name) => {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      const called = [
        ...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.{1,2}\/[^'"\n]+)['"]/g),
        ...text.matchAll(/\bnew URL\(\s*['"]([^'"\n]+\.[jt]s)['"]\s*,\s*import\.meta\.url/g),
      ].map((match) => join(dirname(file), match[1] ?? ''));
      return called.filter((path) => !present.has(path)).map((path) => `${name}: ${relative(folder, path)}`);
    });
}

import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidInput } from '../../domain/errors.ts';

/** What podboot brings. */
export const PACKAGED_TEMPLATES = fileURLToPath(new URL('../../../boot-assets', import.meta.url));

/** Ten times the longest that anyone would read. */
const MAX_TEMPLATE_BYTES = 256 * 1024;

/** Folders and a file, none of them hidden or a way up. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

export interface TemplateFile {
  /** For errors: `boot-assets/preseed/preseed.cfg.liquid`, or the absolute path of the operator's own. */
  readonly label: string;
  readonly text: string;
}

/** Templates by name: the operator's own first, then podboot's. Nothing outside of the two folders is ever read. */
export class TemplateFiles {
  readonly #roots: readonly string[];

  constructor(templatesDir: string | undefined) {
    this.#roots = templatesDir === undefined ? [PACKAGED_TEMPLATES] : [templatesDir, PACKAGED_TEMPLATES];
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** @throws InvalidInput */
  read(name: string): TemplateFile {
    const found = this.#find(name);
    if (found === undefined) {
      const places = this.#roots.map((root) => labelOf(root)).join(' and ');
      throw new InvalidInput(`there is no template ${JSON.stringify(name)}`, [
        {
          path: name,
          message: `is not in ${places}`,
          mend: 'Name a file below one of them, without .. and links that lead out.',
        },
      ]);
    }
    return { label: labelOf(found), text: readFileSync(found, 'utf8') };
  }

  #find(name: string): string | undefined {
    if (!NAME.test(name) || name.length > 255) return undefined;
    for (const root of this.#roots) {
      const path = fileIn(root, name);
      if (path !== undefined) return path;
    }
    return undefined;
  }
}

/** A link may lead elsewhere within the folder, not out of it. */
function fileIn(root: string, name: string): string | undefined {
  try {
    const folder = realpathSync(root);
    const path = realpathSync(join(folder, name));
    const stat = statSync(path);
    if (!path.startsWith(`${folder}${sep}`) || !stat.isFile() || stat.size > MAX_TEMPLATE_BYTES) return undefined;
    return path;
  } catch {
    return undefined;
  }
}

function labelOf(path: string): string {
  const inside = relative(PACKAGED_TEMPLATES, path);
  return inside.startsWith('..') ? path : join('boot-assets', inside);
}

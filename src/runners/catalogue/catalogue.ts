import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostRefused, InvalidInput, type Problem } from '../../domain/errors.ts';
import { type CatalogueEntry, ENTRY_NAME, readEntry } from './entry.ts';

export const PACKAGED_CATALOGUE = fileURLToPath(new URL('../../../boot-assets/catalogue', import.meta.url));

const MAX_ENTRIES = 200;

/** Entries by name, in the order in which they need each other. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>;

/**
 * podboot's own entries, and over them the operator's: one of the same name takes its place.
 * @param ownDir absolute path of the operator's folder
 * @throws InvalidInput with everything that is wrong with any of them, HostRefused where the folder can't be read
 */
export function loadCatalogue(ownDir?: string): Catalogue {
  const problems: Problem[] = [];
  const entries = new Map<string, CatalogueEntry>();
  for (const entry of entriesOf(PACKAGED_CATALOGUE, 'podboot', problems)) entries.set(entry.name, entry);
  if (ownDir !== undefined) for (const entry of entriesOf(ownDir, 'operator', problems)) entries.set(entry.name, entry);
  problems.push(...strangers(entries));
  const ordered = inOrder(entries, problems);
  if (problems.length > 0) throw new InvalidInput('The catalogue of services can’t be used', problems);
  return ordered;
}

function* entriesOf(folder: string, origin: CatalogueEntry['origin'], problems: Problem[]): Generator<CatalogueEntry> {
  for (const file of filesOf(folder).slice(0, MAX_ENTRIES)) {
    const path = join(folder, file);
    const name = file.slice(0, -'.yaml'.length);
    if (!ENTRY_NAME.test(name)) {
      problems.push({
        path,
        message: 'its name is none of an entry',
        mend: 'Use small letters, digits and hyphens: my-service.yaml.',
      });
      continue;
    }
    try {
      yield readEntry(name, origin, path, readFileSync(path, 'utf8'));
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw unreadable(path, error);
      problems.push(...error.problems.map((problem) => ({ ...problem, path: `${path}: ${problem.path}` })));
    }
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .sort();
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function unreadable(path: string, error: unknown): HostRefused {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
  return new HostRefused(
    `the catalogue at ${path} can’t be read: ${code}`,
    'Is it there, and may podboot read it?',
    error,
  );
}

function strangers(entries: ReadonlyMap<string, CatalogueEntry>): Problem[] {
  return [...entries.values()].flatMap(({ name, needs }) =>
    needs
      .filter((need) => !entries.has(need))
      .map((need) => ({
        path: `${name}: needs`,
        message: `there is no service ${need}`,
        mend: `There are ${[...entries.keys()].join(', ')}.`,
      })),
  );
}

/** What is needed comes before who needs it. */
function inOrder(entries: ReadonlyMap<string, CatalogueEntry>, problems: Problem[]): Catalogue {
  const ordered = new Map<string, CatalogueEntry>();
  const visit = (entry: CatalogueEntry, path: readonly string[]): void => {
    if (ordered.has(entry.name)) return;
    if (path.includes(entry.name)) {
      const circle = [...path.slice(path.indexOf(entry.name)), entry.name].join(' → ');
      problems.push({
        path: `${entry.name}: needs`,
        message: `they need each other: ${circle}`,
        mend: 'Take one of the needs out.',
      });
      return;
    }
    for (const need of entry.needs) {
      const needed = entries.get(need);
      if (needed !== undefined) visit(needed, [...path, entry.name]);
    }
    ordered.set(entry.name, entry);
  };
  for (const entry of entries.values()) visit(entry, []);
  return ordered;
}

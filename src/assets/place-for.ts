import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Conflict } from '../domain/errors.ts';
import { assetNames, lookAt } from './asset-store.ts';
import type { AssetManifest } from './manifest.ts';

/** What an import finds under its name. */
export type Place =
  | { readonly thereAlready: AssetManifest; readonly replaces?: undefined }
  | { readonly thereAlready?: undefined; readonly replaces: boolean };

/**
 * @param replace the operator wants whatever asset has the name to go
 * @param isSame whether the import would make this again
 * @throws Conflict where the name is another's
 */
export async function placeFor(
  assetsDir: string,
  name: string,
  replace: boolean,
  isSame: (before: AssetManifest) => Promise<boolean>,
): Promise<Place> {
  const { manifest, troubles } = lookAt(assetsDir, name);
  if (manifest !== undefined) {
    if (replace) return { replaces: true };
    if (!(await isSame(manifest))) throw another(manifest);
    // The same medium mends what happened to it since.
    return troubles.length === 0 ? { thereAlready: manifest } : { replaces: true };
  }
  const path = join(assetsDir, name);
  if (!(await exists(path))) return { replaces: false };
  if (!assetNames(assetsDir).includes(name)) {
    const mend = 'Give the asset another name with --name, or move that folder away.';
    throw new Conflict(`${path} is there, and no imported asset`, [], mend);
  }
  if (replace) return { replaces: true };
  throw new Conflict(troubles[0]?.message ?? `${path} is damaged`, [], 'Put this one in its place with --replace.');
}

function another({ name, kind, release, architecture, source, importedAt }: AssetManifest): Conflict {
  const what = [kind, release].filter((part) => part !== '').join(' ');
  return new Conflict(
    `there is another asset ${name}: ${what} for ${architecture}, of ${source.path}, since ${importedAt}`,
    [],
    'Give this one another name with --name, or put it in the other’s place with --replace.',
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

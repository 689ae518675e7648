import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFound } from '../domain/errors.ts';
import { assetNames } from './asset-store.ts';
import { hostTrouble } from './host-trouble.ts';
import { clearLeftovers, workFolderName } from './leftovers.ts';

/**
 * Takes an asset away: gone at once for machines, and what a killed removal left goes with the next import or removal.
 * Whoever calls has made sure that nothing needs it.
 * @throws NotFound, HostRefused
 */
export async function removeAsset(assetsDir: string, name: string): Promise<void> {
  if (!assetNames(assetsDir).includes(name)) {
    throw new NotFound(`there is no asset ${name} in ${assetsDir}`, 'podboot assets list shows them.');
  }
  try {
    await clearLeftovers(assetsDir);
    const aside = join(assetsDir, workFolderName('removed'));
    await rename(join(assetsDir, name), aside);
    const folder = await open(assetsDir, 'r');
    await folder.sync().finally(() => folder.close());
    await rm(aside, { recursive: true });
  } catch (error) {
    throw hostTrouble(error, assetsDir);
  }
}

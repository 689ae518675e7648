import { isAbsolute } from 'node:path';
import { InvalidInput, PodbootError } from '../../domain/errors.ts';
import type { ClusterSettings, Obstacle, RunFile, RunHost } from '../../domain/hand-off.ts';
import { type AdoptedFolder, readAdoptedFolder } from './adopted-folder.ts';
import { buildInventory, type HostKeys, type Inventory, type InventoryOptions } from './inventory.ts';
import { inventoryHash } from './inventory-hash.ts';
import { renderIni } from './render-ini.ts';

/** What a run of Ansible gets, all of it files of its own: nothing that is changed elsewhere changes it. */
export interface PlannedInventory {
  /** What podboot says, without what an adopted file says. */
  readonly inventory: Inventory;
  readonly adopted?: AdoptedFolder['adopted'];
  readonly files: readonly RunFile[];
  /** Of `ansible-playbook`: `-i` and its files, the adopted one first, so that what podboot knows counts. */
  readonly argv: readonly string[];
  /** SHA-256, hex. */
  readonly hash: string;
  readonly obstacles: readonly Obstacle[];
}

const FOLDER = 'inventory';

/**
 * The inventory of a cluster for a run: podboot's own, and beside it, byte for byte, the one that the cluster adopts
 * (`options.inventory`) with its variables.
 * @param hosts in the order in which they joined
 */
export function planInventory(
  cluster: ClusterSettings,
  hosts: readonly RunHost[],
  hostKeys: HostKeys,
): PlannedInventory {
  const obstacles: Obstacle[] = [];
  const options = cluster.options as InventoryOptions & { readonly inventory?: unknown };
  const folder = adoptedFolder(cluster, options.inventory, obstacles);
  const built = buildInventory({
    runner: cluster.runner,
    hosts,
    ssh: cluster.ssh,
    hostKeys,
    options,
    ...(folder === undefined ? {} : { adopted: folder.adopted }),
  });
  const files = [...(folder?.files ?? []), { path: 'hosts.ini', content: renderIni(built.inventory) }];
  const adoptedFile = folder?.files[0]?.path;
  return {
    inventory: built.inventory,
    ...(folder === undefined ? {} : { adopted: folder.adopted }),
    files: files.map(({ path, content }) => ({ path: `${FOLDER}/${path}`, content })),
    argv: [
      ...(adoptedFile === undefined ? [] : ['-i', `{run}/${FOLDER}/${adoptedFile}`]),
      '-i',
      `{run}/${FOLDER}/hosts.ini`,
    ],
    hash: inventoryHash(files),
    obstacles: [...obstacles, ...built.obstacles],
  };
}

function adoptedFolder(cluster: ClusterSettings, path: unknown, obstacles: Obstacle[]): AdoptedFolder | undefined {
  if (path === undefined) return undefined;
  const where = `clusters.${cluster.name}.inventory`;
  if (typeof path !== 'string' || !isAbsolute(path)) {
    const mend = 'Write an absolute path, as /opt/deepops/config/inventory.';
    obstacles.push({ code: 'inventory-unreadable', message: `${where} is no path of a file`, mend });
    return undefined;
  }
  try {
    return readAdoptedFolder(path);
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    const [problem] = error instanceof InvalidInput ? error.problems : [];
    const at = problem?.line === undefined ? '' : ` line ${problem.line}: ${problem.message}`;
    const mend = problem?.mend ?? error.mend ?? `Look at ${path}.`;
    obstacles.push({ code: 'inventory-unreadable', message: `${where}: ${error.message}${at}`, mend });
    return undefined;
  }
}

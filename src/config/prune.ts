import { type ConfigPath, valueAt } from './config-path.ts';
import { rootNode, schemaAt } from './schema-walk.ts';

/** Stands in a list for an entry that was taken out, so that the others keep their positions. */
export const PRUNED = undefined;

/**
 * The value without the parts that were refused, so that the rest can still be read and compared. What an object
 * can't be without takes the object with it. The value itself is left alone.
 */
export function prune(value: unknown, refused: readonly ConfigPath[]): Record<string, unknown> {
  const copy: unknown = structuredClone(value);
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) return {};
  for (const path of refused) remove(copy, path);
  return copy as Record<string, unknown>;
}

function remove(root: object, path: ConfigPath): void {
  const last = path.at(-1);
  if (last === undefined) {
    for (const key of Object.keys(root)) delete (root as Record<string, unknown>)[key];
    return;
  }
  const parentPath = path.slice(0, -1);
  const parent = valueAt(root, parentPath);
  if (typeof parent !== 'object' || parent === null) return;
  const required = schemaAt(rootNode, parentPath)?.required ?? [];
  if (parentPath.length > 0 && required.includes(String(last))) remove(root, parentPath);
  else if (Array.isArray(parent)) parent[Number(last)] = PRUNED;
  else delete (parent as Record<string, unknown>)[last];
}

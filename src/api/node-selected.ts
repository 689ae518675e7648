import { InvalidInput, NotFound } from '../domain/errors.ts';
import { expandHostlist } from '../domain/hostlist.ts';
import type { Node } from '../domain/node.ts';
import type { NodeRegistry } from '../lifecycle/registry-port.ts';
import { nodeFilter } from './node-filter.ts';
import type { NodeListQuery } from './schemas/node-list.ts';

/**
 * The nodes that are asked for, by name.
 *
 * @param isAlso what else they have to be
 * @throws InvalidInput where nothing is named, or somebody who is not there; NotFound where nobody fits
 */
export function selectedNodes(
  registry: NodeRegistry,
  query: NodeListQuery,
  isAlso?: (node: Node) => boolean,
): readonly Node[] {
  if (Object.keys(query).length === 0 && isAlso === undefined) {
    const mend = 'Name them with name, rack, role, group or label; name=* are all.';
    throw new InvalidInput('The request was refused; nothing was changed.', [
      { path: '?', message: 'It does not say which nodes.', mend },
    ]);
  }
  const unknown = (query.name === undefined ? [] : expandHostlist(query.name)).filter(
    (name) => !/[*?]/.test(name) && registry.byName(name) === undefined,
  );
  if (unknown.length > 0) {
    const problems = unknown.map((name) => ({
      path: '?name',
      message: `There is no node ${name}.`,
      mend: 'Leave it out, or enrol it first.',
    }));
    throw new InvalidInput('The request was refused; nothing was changed.', problems.slice(0, 1_000));
  }
  const isAskedFor = nodeFilter(query);
  const found = registry
    .sortedNames()
    .flatMap((name) => registry.byName(name) ?? [])
    .filter((node) => isAskedFor(node) && isAlso?.(node) !== false);
  if (found.length > 0) return found;
  throw new NotFound('No node is like that.', 'GET /api/v1/nodes takes the same parameters, and lists them.');
}

import type { Problem } from '../../domain/errors.ts';
import type { NodeInput } from '../node-input.ts';
import { type ImportedNode, type ImportReading, MAX_NODES, MAX_PROBLEMS } from './imported-node.ts';
import { type ItemPlaces, itemPlaces } from './json-lines.ts';

/** What is wrong with the form of one node: unknown keys, wrong types. Paths are of the node: `interfaces[0].mac`. */
export type ShapeCheck = (node: unknown) => readonly Problem[];

export interface JsonOptions {
  readonly checkShape: ShapeCheck;
  /** Members that a list of nodes shows and that nobody sets: they are passed over. */
  readonly shownOnly?: ReadonlySet<string>;
}

/** What our export is wrapped in. */
export const NODES_MEMBER = 'nodes';

/**
 * Our export (`{"nodes": […]}`), a list of nodes as the API shows them, or one node. What a node's record has replaces what
 * is there, lists as a whole; what it does not mention stays.
 */
export function readJson(text: string, document: unknown, options: JsonOptions): ImportReading {
  const { checkShape, shownOnly = new Set() } = options;
  const wrapped = isRecord(document) && Array.isArray(document[NODES_MEMBER]);
  const list = wrapped ? document[NODES_MEMBER] : Array.isArray(document) ? document : [document];
  const items = list as readonly unknown[];
  const places = itemPlaces(Array.isArray(document) || wrapped ? text : `[${text}]`, wrapped ? NODES_MEMBER : '');
  const problems: Problem[] = [];
  const nodes: ImportedNode[] = [];
  if (items.length === 0) {
    problems.push({ path: '', message: 'The list of nodes is empty.', mend: 'Export it again.', line: 1 });
  }
  if (items.length > MAX_NODES) {
    const message = `The file has ${items.length} nodes: more than ${MAX_NODES}.`;
    problems.push({ path: '', message, mend: 'Import them in several files.', line: places.lineOf(MAX_NODES) });
    return { format: 'json', nodes: [], problems, notes: [] };
  }
  for (const [index, item] of items.entries()) {
    if (problems.length >= MAX_PROBLEMS) break;
    const record = isRecord(item) ? without(item, shownOnly) : item;
    const found = checkShape(record);
    for (const problem of found) problems.push({ ...problem, line: places.lineOf(index, problem.path) });
    if (found.length === 0) nodes.push(importedNode(record as NodeInput, index, places));
  }
  return { format: 'json', nodes, problems, notes: [] };
}

function importedNode(input: NodeInput, index: number, places: ItemPlaces): ImportedNode {
  const { name, interfaces, ...fields } = input;
  return {
    get place() {
      return { line: places.lineOf(index) };
    },
    name,
    fields,
    interfaces: interfaces.map(({ switchPort, ...rest }) => ({
      mac: null,
      clientId: null,
      address: null,
      ...rest,
      circuitId: switchPort?.circuitId ?? null,
      remoteId: switchPort?.remoteId ?? null,
    })),
    interfacesAreAll: true,
    placeOf(path) {
      const [, interfaceName, rest] = /^interfaces\.([^.]+)(.*)$/.exec(path) ?? [];
      const at = interfaces.findIndex((each) => each.name.trim() === interfaceName);
      return { line: places.lineOf(index, at < 0 ? path : `interfaces[${at}]${rest}`) };
    },
  };
}

function without(item: Readonly<Record<string, unknown>>, keys: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([key]) => !keys.has(key)));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

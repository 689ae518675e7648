import type { Problem } from '../../domain/errors.ts';
import type { Node } from '../../domain/node.ts';
import { type NodeIdentity, type NodeReading, readNode, readPatch, shown } from '../node-input.ts';
import type { NodeLookup, NodePlan, NodePlanner, PlannedNode } from '../registry-port.ts';
import { findNode } from './find-node.ts';
import { type ImportedNode, type ImportReading, placeInWords } from './imported-node.ts';
import { mergeInterfaces, newInterfaces } from './merge-interfaces.ts';

/** What a file makes of the nodes that are there: new ones, changed ones, and those that are as it says. */
export function planImport(reading: Pick<ImportReading, 'nodes' | 'problems'>): NodePlanner {
  return (nodes, newIdentity) => {
    const problems: Problem[] = [...reading.problems];
    const seen = new Map<string, ImportedNode>();
    const planned = reading.nodes.flatMap((imported): PlannedNode[] => {
      if (imported.isUnreadable === true) return [];
      const plan = planNode(imported, nodes, newIdentity);
      if ('message' in plan) {
        problems.push(plan);
        return [];
      }
      const twice = plan.before === undefined ? undefined : seen.get(plan.before.id);
      if (twice !== undefined) {
        problems.push(saidTwice(imported, twice, plan.before as Node));
        return [];
      }
      if (plan.before !== undefined) seen.set(plan.before.id, imported);
      return [plan];
    });
    return { nodes: planned, problems } satisfies NodePlan;
  };
}

function planNode(imported: ImportedNode, nodes: NodeLookup, newIdentity: () => NodeIdentity): PlannedNode | Problem {
  const before = findNode(imported, nodes);
  if (before !== undefined && 'message' in before) return { ...before, ...imported.place };
  const name = imported.name ?? before?.name;
  if (name === undefined) {
    const mend =
      'Add a column name, or map one to it; once it is enrolled, its serial number or MAC address is enough.';
    return {
      path: 'name',
      message: 'The node has no name, and none that is enrolled has its identity.',
      mend,
      ...imported.place,
    };
  }
  const { reading, names } =
    before === undefined ? readNew(imported, name, newIdentity()) : readChanged(imported, name, before);
  return {
    ...(before === undefined ? {} : { before }),
    reading,
    where: placeInWords(imported.place),
    place: (problem) => placed(problem, imported, names),
  };
}

function readNew(imported: ImportedNode, name: string, identity: NodeIdentity) {
  const { boot, labels, options, bmc, ...rest } = withoutNulls(imported.fields);
  const { interfaces, unreadable } = newInterfaces(imported.interfaces);
  const reading = readNode(
    {
      ...rest,
      name,
      interfaces,
      ...(boot === undefined || boot === null ? {} : { boot: withoutNulls(boot) }),
      ...(bmc === undefined || bmc === null ? {} : { bmc: withoutNulls(bmc) }),
      ...(labels === undefined || labels === null ? {} : { labels: withoutNulls(labels) }),
      ...(options === undefined || options === null ? {} : { options: withoutNulls(options) }),
    } as Parameters<typeof readNode>[0],
    identity,
  );
  return { reading: withUnreadable(reading, unreadable), names: interfaces.map((each) => each.name) };
}

function readChanged(imported: ImportedNode, name: string, before: Node) {
  const { interfaces, unreadable } = mergeInterfaces(before, imported);
  const { serialNumber, ...fields } = imported.fields;
  // Labels and SMBIOS disagree about case: the same number in another one is no change.
  const isSame = serialNumber?.trim().toUpperCase() === before.serialNumber?.toUpperCase();
  const serial = serialNumber === undefined || isSame ? {} : { serialNumber };
  const reading = readPatch(before, { ...fields, ...serial, name, interfaces });
  return { reading: withUnreadable(reading, unreadable), names: interfaces.map((each) => each.name) };
}

function withUnreadable(reading: NodeReading, more: ReadonlySet<number>): NodeReading {
  return more.size === 0 ? reading : { ...reading, unreadable: new Set([...reading.unreadable, ...more]) };
}

function withoutNulls<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)) as {
    [K in keyof T]?: Exclude<T[K], null>;
  };
}

/** From the node's own words (`interfaces[0].mac`) to the file's: line and column. */
function placed(problem: Problem, imported: ImportedNode, names: readonly string[]): Problem {
  const path = problem.path.replace(
    /^interfaces\[(\d+)\]/,
    (_, index) => `interfaces.${names[Number(index)] ?? index}`,
  );
  // A table has a column for each part of a switch port.
  const wanted = [path, path.replace('.switchPort', ''), path.replace(/[.[][^.[]*$/, '')];
  const { line, column } =
    wanted.map((each) => imported.placeOf(each)).find((each) => each !== undefined) ?? imported.place;
  return { ...problem, path, line, ...(column === undefined ? {} : { column }) };
}

function saidTwice(imported: ImportedNode, twice: ImportedNode, node: Node): Problem {
  const message = `${shown(node.name)} is in ${placeInWords(twice.place)} too.`;
  const { line, column } = imported.placeOf('name') ?? imported.place;
  const mend = 'Say everything of a node in one place.';
  return { path: 'name', message, mend, line, ...(column === undefined ? {} : { column }) };
}

import type { Problem } from '../../domain/errors.ts';
import { parseMac } from '../../domain/mac.ts';
import { shown } from '../node-input.ts';
import { type ImportedNode, type ImportReading, MAX_NODES, MAX_PROBLEMS } from './imported-node.ts';
import { itemPlaces } from './json-lines.ts';

const WHAT_IT_BOOTS = ['kernel', 'initrd', 'cmdline', 'message'];

/** `{"dgx01": {"mac": "…"}}`: every member is a machine with a pattern of MAC addresses. */
export function isMachines(document: unknown): document is Readonly<Record<string, unknown>> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const machines = Object.values(document);
  return machines.length > 0 && machines.every((each) => typeof each === 'object' && each !== null && 'mac' in each);
}

/**
 * DGXie's machines.json: `mac` is a regular expression there, and the first one that matches a machine counts. One that
 * stands for a single address is that node's; a wider one says what a whole class boots, which is no node. Kernel and
 * arguments are not taken over: they may install, and only a boot grant lets a node do that.
 */
export function readMachines(text: string, document: Readonly<Record<string, unknown>>): ImportReading {
  const places = itemPlaces(text, '');
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const nodes: ImportedNode[] = [];
  const names = Object.keys(document);
  // JSON.parse moves names that are numbers to the front: their places would be others'.
  const inOrder = names.every((name) => !/^(?:0|[1-9][0-9]*)$/.test(name));
  for (const [index, name] of names.entries()) {
    const lineOf = (path?: string) => (inOrder ? { line: places.lineOf(index, path) } : {});
    if (problems.length >= MAX_PROBLEMS) break;
    if (nodes.length >= MAX_NODES) {
      const mend = 'Import them in several files.';
      problems.push({ path: name, message: `The file has more than ${MAX_NODES} machines.`, mend, ...lineOf() });
      break;
    }
    const machine = document[name] as Readonly<Record<string, unknown>>;
    const mac = typeof machine.mac === 'string' ? literalMac(machine.mac) : undefined;
    if (mac === undefined) {
      const message = `The mac of ${shown(name)}, ${shown(JSON.stringify(machine.mac) ?? '')}, is a pattern: it names no machine.`;
      const mend = 'Write its one MAC address; what many machines boot is a profile and a rule of podboot.yaml.';
      problems.push({ path: 'mac', message, mend, ...lineOf('mac') });
      continue;
    }
    const ignored = WHAT_IT_BOOTS.filter((key) => machine[key] !== undefined);
    if (ignored.length > 0) {
      const are = ignored.length === 1 ? 'is' : 'are';
      const message = `${ignored.join(', ')} of ${shown(name)} ${are} not taken over: it boots its disk.`;
      const mend = 'Make a profile of them in podboot.yaml, and give it to the nodes that are to boot it.';
      notes.push({ path: '', message, mend, ...lineOf() });
    }
    const line = inOrder ? places.lineOf(index) : 1;
    nodes.push({
      place: { line },
      name,
      fields: {},
      interfaces: [{ name: 'boot', nameIsMadeUp: true, mac }],
      placeOf: (path) => ({ line: inOrder && path.endsWith('.mac') ? places.lineOf(index, 'mac') : line }),
    });
  }
  return { format: 'machines', nodes, problems, notes };
}

/** The one address that a pattern matches, whatever anchors and case marks it has. */
function literalMac(pattern: string): string | undefined {
  const plain = pattern
    .replace(/^\(\?i\)/, '')
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replaceAll(/\\([:-])/g, '$1');
  return parseMac(plain);
}

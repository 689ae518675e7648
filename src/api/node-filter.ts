import { InvalidInput } from '../domain/errors.ts';
import { expandHostlist } from '../domain/hostlist.ts';
import type { Node } from '../domain/node.ts';
import { matchPattern, readPattern, type TextPattern } from '../domain/text-pattern.ts';
import type { NodeListQuery } from './schemas/node-list.ts';

/** Every node's name is compared with each of them: more would hold up the loop that answers DHCP. */
const MAX_PATTERNS = 8;
const MAX_NAMES = 10_000;

/** Whether a node is asked for: all that is named has to fit. @throws InvalidInput */
export function nodeFilter({ name, rack, role, group, label }: NodeListQuery): (node: Node) => boolean {
  const hasName = name === undefined ? undefined : nameFilter(name);
  const labels = (typeof label === 'string' ? [label] : (label ?? [])).map(readLabel);
  return (node) =>
    (hasName === undefined || hasName(node.name)) &&
    (rack === undefined || node.rack === rack) &&
    (role === undefined || node.roles.includes(role)) &&
    (group === undefined || node.group === group) &&
    labels.every(([key, value]) =>
      value === undefined
        ? Object.hasOwn(node.labels, key)
        : Object.hasOwn(node.labels, key) && node.labels[key] === value,
    );
}

/** `dgx[01-32],login*`: names of a list of hosts, and patterns among them. */
function nameFilter(text: string): (name: string) => boolean {
  const names = new Set<string>();
  const patterns: TextPattern[] = [];
  for (const item of expandHostlist(text, { path: '?name', maxNames: MAX_NAMES })) {
    if (!/[*?]/.test(item)) {
      names.add(item.toLowerCase());
      continue;
    }
    const pattern = readPattern(item);
    if ('reason' in pattern) throw invalid(`“${item}” is no pattern: ${pattern.reason}.`);
    if (patterns.push(pattern) > MAX_PATTERNS) throw invalid(`It has more than ${MAX_PATTERNS} patterns.`);
  }
  return (name) => names.has(name) || patterns.some((pattern) => matchPattern(pattern, name) !== undefined);
}

/** `row=a` has that value, `row` has any. */
function readLabel(text: string): readonly [key: string, value: string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(message: string): InvalidInput {
  return new InvalidInput('The request was refused.', [
    { path: '?name', message, mend: 'Write it as dgx[01-32], dgx* or dgx01,dgx02.' },
  ]);
}

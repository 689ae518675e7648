import { stringify } from 'yaml';
import { checkConfig } from '../config/load.ts';
import { InvalidInput, type Problem } from '../domain/errors.ts';
import type { ImportedNode, ImportReading } from '../lifecycle/enrolment/imported-node.ts';
import { readImport } from '../lifecycle/enrolment/read-import.ts';
import { configurationOf, type Leftover } from './configuration.ts';
import { readEnvironment } from './environment-file.ts';
import type { FoundFile, FoundFiles } from './find-files.ts';

export interface DgxieImport {
  /** podboot.yaml. */
  readonly configuration: string;
  /** What `podboot enrol nodes.json` takes. */
  readonly nodes: string;
  readonly nodeCount: number;
  readonly leftovers: readonly Leftover[];
}

const HEAD = `# Made from DGXie's settings by \`podboot import dgxie\`. Look it over, then: podboot check-config podboot.yaml
# and, once podboot runs: podboot enrol nodes.json
`;

/** Everything that DGXie's files say, and what of it has no place here. Reads nothing itself. @throws InvalidInput */
export function importDgxie(files: FoundFiles): DgxieImport {
  if (files.machines.length + files.hosts.length + files.environments.length === 0) {
    const mend = 'Name the folder with machines.json, dnsmasq.conf or the env file of DGXie.';
    throw new InvalidInput("Nothing of DGXie's is there.", [], mend);
  }
  const leftovers: Leftover[] = [];
  const hosts = files.hosts.flatMap((file) => nodesOf(file, 'dnsmasq', leftovers));
  const machines = files.machines.flatMap((file) => nodesOf(file, 'machines', leftovers));
  const nodes = joined(hosts, machines, leftovers);
  const groups = [...new Set(nodes.flatMap(({ group }) => (typeof group === 'string' ? [group] : [])))].sort();
  const values = new Map(files.environments.flatMap((file) => [...readEnvironment(textOf(file)).values]));
  const taken = configurationOf(values, groups);
  leftovers.push(...taken.leftovers);
  const configuration = `${HEAD}${stringify(taken.document)}`;
  for (const { path, message } of checkConfig(configuration).problems)
    leftovers.push({ what: `podboot.yaml: ${path}`, why: message });
  const lines = nodes.map((node) => JSON.stringify(node));
  return { configuration, nodes: `{"nodes": [\n${lines.join(',\n')}\n]}\n`, nodeCount: nodes.length, leftovers };
}

function textOf({ bytes }: FoundFile): string {
  return new TextDecoder().decode(bytes);
}

function nodesOf(file: FoundFile, format: 'dnsmasq' | 'machines', leftovers: Leftover[]): readonly ImportedNode[] {
  const leave = ({ line, message, mend }: Problem) =>
    leftovers.push({
      what: `${file.name}${line === undefined ? '' : `, line ${line}`}`,
      why: [message, mend].filter(Boolean).join(' '),
    });
  if (format === 'dnsmasq' && !/[0-9a-f]{2}:[0-9a-f]{2}:/i.test(withoutComments(textOf(file)))) return [];
  let reading: ImportReading;
  try {
    reading = readImport(file.bytes, { format, checkShape: () => [] });
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    error.problems.forEach(leave);
    return [];
  }
  reading.problems.forEach(leave);
  reading.notes.forEach(leave);
  return reading.nodes;
}

function withoutComments(text: string): string {
  return text.replaceAll(/^\s*#.*$/gm, '');
}

interface NodeRecord {
  readonly name: string;
  readonly group?: unknown;
  readonly interfaces: readonly Readonly<Record<string, unknown>>[];
}

/** The same machine may stand in both: by its MAC address it is one node, named as its host line names it. */
function joined(
  hosts: readonly ImportedNode[],
  machines: readonly ImportedNode[],
  leftovers: Leftover[],
): NodeRecord[] {
  const nodes = hosts.flatMap((host) => record(host, leftovers));
  const known = new Set(nodes.flatMap(macs));
  for (const node of machines.flatMap((machine) => record(machine, leftovers))) {
    if (!macs(node).some((mac) => known.has(mac))) nodes.push(node);
    for (const mac of macs(node)) known.add(mac);
  }
  return nodes;
}

function macs({ interfaces }: NodeRecord): string[] {
  return interfaces.flatMap(({ mac }) => (typeof mac === 'string' ? [mac] : []));
}

function record({ name, fields, interfaces, place }: ImportedNode, leftovers: Leftover[]): NodeRecord[] {
  if (name === undefined) {
    const mac = interfaces[0]?.mac ?? 'a machine';
    leftovers.push({ what: `${mac} (line ${place.line})`, why: 'has no name: `podboot enrol NAME --mac MAC`' });
    return [];
  }
  const ports = interfaces.map(({ nameIsMadeUp: _, unreadable: _unreadable, ...port }) => ({ role: 'boot', ...port }));
  return [{ name, ...fields, interfaces: ports }];
}

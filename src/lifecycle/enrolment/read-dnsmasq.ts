import type { Problem } from '../../domain/errors.ts';
import { parseIpv4 } from '../../domain/ipv4.ts';
import { parseMac } from '../../domain/mac.ts';
import { shown } from '../node-input.ts';
import {
  type ImportedInterface,
  type ImportedNode,
  type ImportReading,
  MAX_INTERFACES,
  MAX_NODES,
  MAX_PROBLEMS,
} from './imported-node.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Refuse = (message: string, mend: string) => void;

interface HostLine {
  readonly line: number;
  readonly name: string | undefined;
  readonly tags: readonly string[];
  readonly port: Writable<ImportedInterface>;
}

const DIRECTIVE = /^\s*(?:dhcp-host\s*=)\s*/;
const OTHER_DIRECTIVE = /^\s*[a-z][a-z0-9-]+\s*(?:=|$)/;
const LEASE_TIME = /^(?:infinite|[0-9]+[smhdw]?)$/i;

/** Whether the file's first line that says something begins as a dhcp-host does. */
export function isDnsmasq(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (lines.some((line) => DIRECTIVE.test(line))) return true;
  const [first = ''] = lines;
  return first.split(',').some((part) => parseMac(part) !== undefined || /^(?:id|set|tag):/.test(part.trim()));
}

/**
 * A dhcp-hostsfile, or the dhcp-host lines of a dnsmasq.conf (dnsmasq(8), --dhcp-host): MAC address, `id:`, `set:tag`,
 * name, address, lease time. The tag is the node's group. Lines of one name are its interfaces.
 */
export function readDnsmasq(text: string): ImportReading {
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  const lines = text.split('\n');
  const isConfiguration = lines.some((line) => DIRECTIVE.test(line));
  const hosts: HostLine[] = [];
  let passedOver = 0;
  for (const [index, raw] of lines.entries()) {
    const content = raw.replace(/(?:^|\s)#.*$/, '').trim();
    if (content === '') continue;
    if (isConfiguration && !DIRECTIVE.test(content)) {
      passedOver += OTHER_DIRECTIVE.test(content) ? 1 : 0;
      continue;
    }
    if (problems.length >= MAX_PROBLEMS) break;
    if (hosts.length > MAX_NODES * 4) {
      const mend = 'Import them in several files.';
      problems.push({ path: '', message: 'The file has too many hosts.', mend, line: index + 1 });
      break;
    }
    const host = readHost(content.replace(DIRECTIVE, ''), index + 1, problems, notes);
    if (host !== undefined) hosts.push(host);
  }
  if (passedOver > 0) {
    const message = `${passedOver} lines that are no dhcp-host were not read.`;
    notes.push({ path: '', message, mend: 'Ranges and options belong in podboot.yaml.' });
  }
  if (hosts.length === 0 && problems.length === 0) {
    const mend = 'Write a line for each, as 52:54:00:77:00:01,dgx01,10.77.0.100.';
    problems.push({ path: '', message: 'The file has no hosts.', mend, line: 1 });
  }
  const nodes = joined(hosts, problems);
  if (nodes.length > MAX_NODES) {
    problems.push({
      path: '',
      message: `The file has more than ${MAX_NODES} nodes.`,
      mend: 'Import them in several files.',
    });
  }
  return { format: 'dnsmasq', nodes, problems, notes };
}

function readHost(content: string, line: number, problems: Problem[], notes: Problem[]): HostLine | undefined {
  const before = problems.length;
  const refuse: Refuse = (message, mend) => problems.push({ path: '', message, mend, line });
  const port: Writable<ImportedInterface> = { name: 'boot', nameIsMadeUp: true };
  const tags: string[] = [];
  let name: string | undefined;
  for (const part of content.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const mac = parseMac(part.replace(/^0?1-(?=[0-9a-f]{2}:)/i, ''));
    if (mac !== undefined) setMac(port, mac, refuse);
    else if (part.startsWith('id:')) setClientId(port, part.slice(3));
    else if (part.startsWith('set:')) tags.push(part.slice(4));
    else if (/^tag:/.test(part))
      refuse(`“${shown(part)}” makes the line depend on another one.`, 'Write the address that holds for the node.');
    else if (part === 'ignore') refuse('The host is to be ignored, which no node is.', 'Leave the line out.');
    else if (part.startsWith('[')) {
      notes.push({ path: '', message: `The IPv6 address ${shown(part)} is not taken over.`, line });
    } else if (/[*]/.test(part))
      refuse(`“${shown(part)}” is a pattern: it names no machine.`, 'Write its one MAC address.');
    else if (/^[0-9]+(?:\.[0-9]+)+$/.test(part)) setAddress(port, part, refuse);
    else if (LEASE_TIME.test(part)) {
      const message = `The lease time ${shown(part)} is not taken over.`;
      notes.push({ path: '', message, mend: 'leaseTime belongs to the subnet in podboot.yaml.', line });
    } else if (/^(?:[0-9a-f]{1,2}[:-]){2,}/i.test(part)) {
      refuse(`“${shown(part)}” is no MAC address.`, 'Write six bytes, as in 52:54:00:77:00:01.');
    } else if (name === undefined) name = part;
    else refuse(`“${shown(part)}” is a second name, beside ${shown(name)}.`, 'Leave one of them.');
  }
  if (tags.length > 1)
    refuse(`The host has ${tags.length} tags, and a node one group.`, 'Leave the tag whose options count.');
  if (port.mac === undefined && port.clientId === undefined && problems.length === before) {
    refuse('The line has neither a MAC address nor an id.', 'Add the MAC address.');
  }
  return problems.length === before ? { line, name, tags, port } : undefined;
}

function setMac(port: Writable<ImportedInterface>, mac: string, refuse: Refuse): void {
  if (port.mac === undefined) port.mac = mac;
  else refuse('The line has two MAC addresses for one address.', 'Give each interface a line of its own.');
}

function setAddress(port: Writable<ImportedInterface>, text: string, refuse: Refuse): void {
  if (parseIpv4(text) === undefined)
    refuse(`“${shown(text)}” is no IPv4 address.`, 'Write a dotted quad, as in 10.77.0.100.');
  else if (port.address !== undefined) refuse('The line has two addresses.', 'Leave one of them.');
  else port.address = text;
}

/** `id:*` says to look at the MAC address alone, as we do. Hexadecimal bytes with colons, else the text's own bytes. */
function setClientId(port: Writable<ImportedInterface>, id: string): void {
  if (id === '*') return;
  const isHex = /^[0-9a-f]{1,2}(?::[0-9a-f]{1,2})+$/i.test(id);
  port.clientId = isHex
    ? id
        .split(':')
        .map((byte) => byte.padStart(2, '0'))
        .join('')
    : Buffer.from(id).toString('hex');
}

/** Lines of one name are interfaces of one node. */
function joined(hosts: readonly HostLine[], problems: Problem[]): ImportedNode[] {
  const byName = new Map<string, HostLine[]>();
  for (const host of hosts) {
    const key = host.name?.toLowerCase() ?? `line ${host.line}`;
    const lines = byName.get(key) ?? [];
    if (lines.length < MAX_INTERFACES) byName.set(key, lines).get(key)?.push(host);
    else {
      const message = `${shown(host.name ?? '')} has more than ${MAX_INTERFACES} lines.`;
      problems.push({ path: '', message, mend: 'Look whether they are of one node.', line: host.line });
    }
  }
  return [...byName.values()].map((lines): ImportedNode => {
    const [first] = lines as [HostLine, ...HostLine[]];
    const interfaces = lines.map(({ port }, index) => (index === 0 ? port : { ...port, name: `boot${index + 1}` }));
    const tags = new Map(lines.flatMap(({ tags: [tag], line }) => (tag === undefined ? [] : [[tag, line] as const])));
    const [group, other] = tags.keys();
    if (other !== undefined && group !== undefined) {
      const message = `${shown(first.name ?? '')} has the tag ${shown(other)}, and ${shown(group)} in line ${tags.get(group)}.`;
      problems.push({
        path: 'group',
        message,
        mend: 'A node has one group: leave one tag.',
        line: tags.get(other) ?? first.line,
      });
    }
    return {
      place: { line: first.line },
      ...(first.name === undefined ? {} : { name: first.name }),
      fields: group === undefined ? {} : { group },
      interfaces,
      placeOf(path) {
        const [, wanted] = /^interfaces\.([^.]+)/.exec(path) ?? [];
        const at = interfaces.findIndex(({ name }) => name === wanted);
        return { line: (lines[at] ?? first).line };
      },
    };
  });
}

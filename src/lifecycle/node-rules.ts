import type { Problem } from '../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import { isUnicastMac } from '../domain/mac.ts';
import type { Node, NodeInterface } from '../domain/node.ts';
import { whySharedSerial } from '../domain/shared-serials.ts';
import { whyShared } from '../domain/shared-uuids.ts';
import { bmcProblems } from './bmc-rules.ts';
import { shown, UNPRINTABLE } from './node-input.ts';

/** RFC 1123 section 2.1: a label of a host name. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** A node of this name could not be read by it. */
const ROUTE_NAMES: ReadonlySet<string> = new Set(['export']);
const INTERFACE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,31}$/;
const LABEL_KEY = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const ROLE = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const HEX = /^(?:[0-9a-f]{2})+$/;

const LIMITS = {
  interfaces: 64,
  labels: 64,
  options: 64,
  roles: 32,
  text: 128,
  labelValue: 256,
  identifierBytes: 255,
} as const;

/**
 * What is wrong with a node by itself, whatever else is enrolled or configured. Paths are like `interfaces[0].mac`.
 *
 * @param unreadable indexes of interfaces whose identity was given but could not be read: that was told already
 */
export function nodeProblems(node: Node, unreadable: ReadonlySet<number> = new Set()): Problem[] {
  return [
    ...nameProblems(node.name),
    ...identityProblems(node),
    ...serialProblems(node),
    ...anonymousProblems(node, unreadable),
    ...node.interfaces.flatMap((candidate, index) => interfaceProblems(candidate, `interfaces[${index}]`)),
    ...placeProblems(node),
    ...(node.bmc === undefined ? [] : bmcProblems(node.bmc)),
    ...recordProblems(node),
  ];
}

function nameProblems(name: string): Problem[] {
  const path = 'name';
  if (!LABEL.test(name)) {
    const mend = 'Use letters, digits and hyphens, 1 to 63 of them, with no hyphen at either end, as in dgx01.';
    return [{ path, message: `“${shown(name)}” is no host name (RFC 1123 label).`, mend }];
  }
  if (ROUTE_NAMES.has(name)) {
    return [{ path, message: `${name} is a word of the API: /nodes/${name}.`, mend: 'Use another name.' }];
  }
  if (UUID.test(name)) {
    return [{ path, message: 'A name that is a UUID would be taken for a node’s id.', mend: 'Use another name.' }];
  }
  return [];
}

function identityProblems(node: Node): Problem[] {
  const problems: Problem[] = [];
  if (node.uuid !== undefined && !UUID.test(node.uuid)) {
    problems.push({
      path: 'uuid',
      message: `“${shown(node.uuid)}” is no UUID.`,
      mend: 'Write it as dmidecode -s system-uuid does: 8-4-4-4-12 hexadecimal digits.',
    });
  } else if (node.uuid !== undefined && whyShared(node.uuid) !== undefined) {
    problems.push({
      path: 'uuid',
      message: `${node.uuid} is a placeholder that many boards share: ${whyShared(node.uuid)}.`,
      mend: 'Leave it out; MAC addresses tell such machines apart.',
    });
  }
  if (node.interfaces.length === 0) {
    problems.push({ path: 'interfaces', message: 'A node needs an interface.', mend: 'Add the one that boots.' });
  }
  if (node.interfaces.length > LIMITS.interfaces) {
    problems.push({
      path: 'interfaces',
      message: `More than ${LIMITS.interfaces} interfaces.`,
      mend: 'Check the list.',
    });
  }
  problems.push(...interfaceNameProblems(node.interfaces));
  return problems;
}

function interfaceNameProblems(interfaces: readonly NodeInterface[]): Problem[] {
  const first = new Map<string, number>();
  return interfaces.flatMap((candidate, index) => {
    const before = first.get(candidate.name);
    if (before === undefined) {
      first.set(candidate.name, index);
      return [];
    }
    const message = `“${shown(candidate.name)}” is the name of interfaces[${before}] too.`;
    return [{ path: `interfaces[${index}].name`, message, mend: 'Give each interface of a node a name of its own.' }];
  });
}

function serialProblems({ serialNumber }: Node): Problem[] {
  const why = serialNumber === undefined ? undefined : whySharedSerial(serialNumber);
  if (serialNumber === undefined || why === undefined) return [];
  const message = `“${shown(serialNumber)}” is no serial number of one machine: ${why}.`;
  return [{ path: 'serialNumber', message, mend: 'Leave it out, or read it from the label or the BMC.' }];
}

/**
 * The machine's UUID or serial number stands for one boot interface; every other one needs something of its own to be
 * known by.
 */
function anonymousProblems(node: Node, unreadable: ReadonlySet<number>): Problem[] {
  let machineIsFree = node.uuid !== undefined || node.serialNumber !== undefined;
  return node.interfaces.flatMap((candidate, index) => {
    if (
      unreadable.has(index) ||
      candidate.mac !== undefined ||
      candidate.clientId !== undefined ||
      candidate.switchPort !== undefined
    )
      return [];
    if (candidate.role === 'boot' && machineIsFree) {
      machineIsFree = false;
      return [];
    }
    const message = `Nothing tells ${node.name}’s interface ${shown(candidate.name)} from others.`;
    const mend =
      node.uuid === undefined && node.serialNumber === undefined
        ? 'Give it a mac, a clientId or a switchPort, or the node its uuid or serialNumber.'
        : 'Give it a mac, a clientId or a switchPort: what the node itself is known by stands for one boot interface only.';
    return [{ path: `interfaces[${index}]`, message, mend }];
  });
}

function interfaceProblems(candidate: NodeInterface, path: string): Problem[] {
  const problems: Problem[] = [];
  if (!INTERFACE_NAME.test(candidate.name)) {
    const mend = 'Use 1 to 32 letters, digits and . _ : @ -, as in eno1.';
    problems.push({ path: `${path}.name`, message: `“${shown(candidate.name)}” is no name of an interface.`, mend });
  }
  if (candidate.mac !== undefined && !isUnicastMac(candidate.mac)) {
    const message = `${candidate.mac} is a group address or zero: no interface owns it.`;
    problems.push({ path: `${path}.mac`, message, mend: 'Read it again from the label or the BMC.' });
  }
  if (candidate.clientId !== undefined) {
    problems.push(...hexProblems(candidate.clientId, `${path}.clientId`, 2));
  }
  const { switchPort } = candidate;
  if (switchPort !== undefined) {
    if (switchPort.circuitId === undefined && switchPort.remoteId === undefined) {
      const mend = 'Give circuitId, remoteId or both, as the switch sends them in option 82.';
      problems.push({ path: `${path}.switchPort`, message: 'The switch port names nothing.', mend });
    }
    if (switchPort.circuitId !== undefined) {
      problems.push(...portProblems(switchPort.circuitId, `${path}.switchPort.circuitId`));
    }
    if (switchPort.remoteId !== undefined) {
      problems.push(...portProblems(switchPort.remoteId, `${path}.switchPort.remoteId`));
    }
  }
  if (candidate.address !== undefined && !isHostAddress(candidate.address)) {
    const message = `${formatIpv4(candidate.address)} is no address of a host.`;
    problems.push({ path: `${path}.address`, message, mend: 'Use one from a subnet of the configuration.' });
  }
  return problems;
}

/** RFC 2132 section 9.14: a client identifier has at least two bytes. */
function hexProblems(hex: string, path: string, minBytes: number): Problem[] {
  const bytes = hex.length / 2;
  if (HEX.test(hex) && bytes >= minBytes && bytes <= LIMITS.identifierBytes) return [];
  const message = `“${shown(hex)}” is not ${minBytes} to ${LIMITS.identifierBytes} bytes in hexadecimal.`;
  return [{ path, message, mend: 'Write two digits a byte, as in 01525400770001 or 01:52:54:00:77:00:01.' }];
}

function portProblems(id: string, path: string): Problem[] {
  const mend = 'Write two digits a byte, as in 000a0107; or text:Ethernet1/7, if the switch sends it as text.';
  return hexProblems(id, path, 1).map((problem) => ({ ...problem, mend }));
}

function isHostAddress(address: Ipv4): boolean {
  const first = address >>> 24;
  return (
    Number.isInteger(address) && address > 0 && address <= 0xffffffff && first !== 0 && first !== 127 && first < 224
  );
}

function placeProblems(node: Node): Problem[] {
  const fields = {
    serialNumber: node.serialNumber,
    rack: node.rack,
    position: node.position,
    group: node.group,
    'boot.profile': node.boot.profile,
  };
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : textProblems(value, name, LIMITS.text),
  );
}

function textProblems(value: string, path: string, maxLength: number): Problem[] {
  if (value.length >= 1 && value.length <= maxLength && !UNPRINTABLE.test(value)) return [];
  const message = `“${shown(value)}” is not 1 to ${maxLength} printable characters.`;
  return [{ path, message, mend: 'Shorten it, or leave it out.' }];
}

function recordProblems(node: Node): Problem[] {
  const problems: Problem[] = [];
  if (node.roles.length > LIMITS.roles) {
    problems.push({ path: 'roles', message: `More than ${LIMITS.roles} roles.`, mend: 'Remove some.' });
  }
  for (const [index, role] of node.roles.entries()) {
    if (ROLE.test(role)) continue;
    const mend = 'Use 1 to 63 letters, digits and . _ -, with a letter or digit at both ends, as in kube_node.';
    problems.push({ path: `roles[${index}]`, message: `“${shown(role)}” is no name of a role.`, mend });
  }
  for (const record of ['labels', 'options'] as const) {
    const names = Object.keys(node[record]);
    if (names.length > LIMITS[record]) {
      problems.push({ path: record, message: `More than ${LIMITS[record]} ${record}.`, mend: 'Remove some.' });
    }
    for (const name of names) {
      if (LABEL_KEY.test(name)) continue;
      const mend = 'Use 1 to 63 letters, digits and . _ / -, with a letter or digit at both ends.';
      problems.push({ path: `${record}.${shown(name)}`, message: `“${shown(name)}” is no name here.`, mend });
    }
  }
  for (const [name, value] of Object.entries(node.labels)) {
    if (value.length <= LIMITS.labelValue && !UNPRINTABLE.test(value)) continue;
    const message = `“${shown(value)}” is not 0 to ${LIMITS.labelValue} printable characters.`;
    problems.push({ path: `labels.${shown(name)}`, message, mend: 'Shorten it.' });
  }
  return problems;
}

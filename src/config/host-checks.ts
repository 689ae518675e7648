import { dirname, join } from 'node:path';
import { formatIpv4, formatSubnet, subnetContains } from '../domain/ipv4.ts';
import type { InterfaceSettings } from '../domain/settings.ts';
import { atKey, type ConfigPath, type Finding, fault, type Sited, warning } from './config-path.ts';
import type { Draft } from './draft.ts';
import type { HostFacts, HostInterface, PortHolder } from './host-facts.ts';
import { didYouMean } from './suggest.ts';

/** One rule about a configuration and the machine that it is on. */
export type HostCheck = (draft: Draft, host: HostFacts) => Iterable<Finding>;

export const HOST_CHECKS: readonly HostCheck[] = [
  interfacesExist,
  prefixLengthsAgree,
  portsAreFree,
  dataDirIsUsable,
  assetsExist,
];

export function hostCheck(draft: Draft, host: HostFacts): Finding[] {
  return HOST_CHECKS.flatMap((check) => [...check(draft, host)]);
}

/**
 * As `hostCheck`, for a start: a missing boot file is told, and the daemon serves all the same. A file that was deleted
 * must not cost 4,000 machines their leases after a power failure.
 */
export function hostCheckAtStart(draft: Draft, host: HostFacts): Finding[] {
  return HOST_CHECKS.flatMap((check) =>
    [...check(draft, host)].map((finding) =>
      check === assetsExist ? { ...finding, severity: 'warning' as const } : finding,
    ),
  );
}

export function* interfacesExist(draft: Draft, host: HostFacts): Iterable<Finding> {
  const present = host.interfaces();
  for (const { path, value } of draft.interfaces) {
    const found = present.find((candidate) => candidate.name === value.name);
    if (found === undefined) {
      const names = present.filter((candidate) => !candidate.loopback).map((candidate) => candidate.name);
      const listing = `This machine has ${names.join(', ') || 'none but lo'}.`;
      const near = didYouMean(value.name, names);
      yield atKey(
        fault(path, `this machine has no interface ${value.name}`, near === undefined ? listing : `${near} ${listing}`),
      );
      continue;
    }
    if (!found.up) yield atKey(warning(path, `${value.name} is down`, `Run \`ip link set ${value.name} up\`.`));
    yield* bearsItsAddress(draft, { path: [...path, 'address'], value }, found, present);
  }
}

function* bearsItsAddress(
  draft: Draft,
  { path, value }: Sited<InterfaceSettings>,
  found: HostInterface,
  present: readonly HostInterface[],
): Iterable<Finding> {
  // All of 127.0.0.0/8 is lo's, without being listed.
  if (found.addresses.some((own) => own.address === value.address) || (found.loopback && value.address >>> 24 === 127))
    return;
  const address = formatIpv4(value.address);
  const holder = present.find((candidate) => candidate.addresses.some((own) => own.address === value.address));
  if (holder !== undefined) {
    yield fault(
      path,
      `${address} is on ${holder.name}, not on ${value.name}`,
      `Name ${holder.name} under interfaces, or write an address of ${value.name}${listed(found)}.`,
    );
    return;
  }
  const prefixLength =
    draft.subnets.find((subnet) => subnetContains(subnet.value, value.address))?.value.prefixLength ?? 24;
  const [first] = found.addresses;
  yield fault(
    path,
    `${value.name} does not bear ${address}: it has ${first === undefined ? 'no IPv4 address' : addressesOf(found)}`,
    `Run \`ip addr add ${address}/${prefixLength} dev ${value.name}\`${first === undefined ? '' : `, or write ${formatIpv4(first.address)}`}.`,
  );
}

function addressesOf(found: HostInterface): string {
  return found.addresses.map((own) => `${formatIpv4(own.address)}/${own.prefixLength}`).join(', ');
}

function listed(found: HostInterface): string {
  return found.addresses.length === 0 ? '' : ` (${addressesOf(found)})`;
}

/** Machines and podboot would not agree on who is on the link. */
export function* prefixLengthsAgree(draft: Draft, host: HostFacts): Iterable<Finding> {
  const present = host.interfaces();
  for (const { path, value } of draft.subnets) {
    const its = draft.interfaces.find((entry) => entry.value.name === value.interfaceName);
    if (its === undefined || !subnetContains(value, its.value.address)) continue;
    const own = present
      .find((candidate) => candidate.name === value.interfaceName)
      ?.addresses.find((candidate) => candidate.address === its.value.address);
    if (own === undefined || own.prefixLength === value.prefixLength) continue;
    yield atKey(
      warning(
        path,
        `${value.interfaceName} has ${formatIpv4(own.address)}/${own.prefixLength}, another prefix length than ${formatSubnet(value)}`,
        'Write the same in both places, or machines and podboot do not agree on who is on the link.',
      ),
    );
  }
}

interface Wanted {
  readonly path: ConfigPath;
  readonly what: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  readonly hosts: readonly string[];
}

export function* portsAreFree(draft: Draft, host: HostFacts): Iterable<Finding> {
  for (const wanted of wantedPorts(draft)) {
    const holders = host
      .portHolders(wanted.protocol, wanted.port)
      .filter((holder) => holder.process?.isPodboot !== true);
    const exact = holders.find((holder) => wanted.hosts.includes(holder.host) || wanted.hosts.some(isWildcard));
    const holder = exact ?? holders.find((candidate) => isWildcard(candidate.host));
    if (holder !== undefined) yield inUse(wanted, holder, exact !== undefined);
  }
}

function wantedPorts(draft: Draft): Wanted[] {
  const { dhcp, tftp, http, dns } = draft.settings;
  const hostsWhere = (serves: (settings: InterfaceSettings) => boolean): string[] =>
    draft.interfaces.filter((entry) => serves(entry.value)).map((entry) => formatIpv4(entry.value.address));
  const wanted: Wanted[] = [
    {
      path: ['dhcp', 'port'],
      what: 'DHCP',
      protocol: 'udp',
      port: dhcp.port,
      hosts: hostsWhere((own) => own.dhcp !== 'off'),
    },
    {
      path: ['dhcp', 'proxyPort'],
      what: 'proxyDHCP',
      protocol: 'udp',
      port: dhcp.proxyPort,
      hosts: hostsWhere((own) => own.dhcp === 'proxy'),
    },
    { path: ['tftp', 'port'], what: 'TFTP', protocol: 'udp', port: tftp.port, hosts: hostsWhere((own) => own.tftp) },
    {
      path: ['http', 'port'],
      what: 'HTTP boot',
      protocol: 'tcp',
      port: http.port,
      hosts: hostsWhere((own) => own.http),
    },
  ];
  for (const protocol of ['udp', 'tcp'] as const) {
    wanted.push({ path: ['dns', 'port'], what: 'DNS', protocol, port: dns.port, hosts: hostsWhere((own) => own.dns) });
  }
  for (const { path, value } of draft.listen) {
    if ('socketPath' in value || value.port === 0) continue;
    wanted.push({ path, what: 'the API', protocol: 'tcp', port: value.port, hosts: [value.host] });
  }
  return wanted.filter((port) => port.hosts.length > 0);
}

/**
 * A UDP socket at 0.0.0.0 may be bound to one interface (dnsmasq of a virtual machine's bridge), which /proc does not
 * tell; and whose a socket is can't be seen by everyone. Then it is only a warning.
 */
function inUse(wanted: Wanted, holder: PortHolder, exact: boolean): Finding {
  const who =
    holder.process === undefined ? 'another program' : `${holder.process.name} (process ${holder.process.id})`;
  const message = `${wanted.protocol.toUpperCase()} port ${wanted.port} for ${wanted.what} is in use at ${holder.host} by ${who}`;
  const certain = holder.process !== undefined && (exact || wanted.protocol === 'tcp');
  if (certain) return fault(wanted.path, message, `Stop ${holder.process.name}, or write another port.`);
  const doubt =
    holder.process === undefined
      ? 'Run the check as root to see which. If it is podboot itself, all is well.'
      : 'If it serves one of the interfaces here, stop it there; if it is bound to another interface, all is well.';
  return warning(wanted.path, message, doubt);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

export function* dataDirIsUsable(draft: Draft, host: HostFacts): Iterable<Finding> {
  const { dataDir } = draft.settings;
  let existing = dataDir;
  while (host.pathKind(existing) === 'absent' && existing !== '/') existing = dirname(existing);
  const user = host.userName();
  if (host.pathKind(existing) !== 'directory') {
    yield fault(
      ['dataDir'],
      `${existing} is no directory`,
      'Write the path of a directory, or of one that can be made.',
    );
  } else if (host.isOnReadOnlyFileSystem(existing)) {
    yield fault(
      ['dataDir'],
      `${existing} is on a file system that is mounted read-only`,
      `Mount it read-write (\`findmnt -T ${existing}\`), or set dataDir to a local disk. Did it turn so by itself, the disk is failing: look at \`dmesg\`.`,
    );
  } else if (!host.isWritable(existing)) {
    const what =
      existing === dataDir ? `can't write in ${dataDir}` : `can't make ${dataDir}: ${existing} is not writable`;
    yield fault(
      ['dataDir'],
      `${user} ${what}`,
      `Run \`sudo install -d -o ${user} ${dataDir}\`, or check as the user that podboot runs as.`,
    );
  }
}

export function* assetsExist(draft: Draft, host: HostFacts): Iterable<Finding> {
  const { assetsDir } = draft.settings;
  const kind = host.pathKind(assetsDir);
  if (kind !== 'absent' && kind !== 'directory') {
    yield fault(['assetsDir'], `${assetsDir} is no directory`, 'Write the path of the directory with the boot files.');
    return;
  }
  const wanted: Sited<string>[] = [...draft.programs];
  for (const { path, value } of draft.profiles) {
    // The asset itself was looked at.
    const own = new Set(value.medium?.files.map((file) => file.name));
    if (value.kernel !== undefined && !own.has(value.kernel))
      wanted.push({ path: [...path, 'kernel'], value: value.kernel });
    value.initrds.forEach((initrd, index) => {
      if (!own.has(initrd)) wanted.push({ path: [...path, 'initrds', index], value: initrd });
    });
  }
  for (const { path, value } of wanted) {
    const file = join(assetsDir, value);
    const found = host.pathKind(file);
    if (found === 'file') continue;
    yield found === 'absent'
      ? fault(path, `there is no ${file}`, `Put the file there, or write its path relative to ${assetsDir}.`)
      : fault(path, `${file} is no file`, 'Name one of the files in it.');
  }
}

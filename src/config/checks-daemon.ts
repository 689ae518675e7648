import { sep } from 'node:path';
import type { Problem } from '../domain/errors.ts';
import { formatIpv4, parseIpv4 } from '../domain/ipv4.ts';
import type { InterfaceSettings } from '../domain/settings.ts';
import { LOCAL_PROFILE } from '../profiles/local.ts';
import { PROFILE_KINDS, profileKind } from '../profiles/registry.ts';
import { type ConfigPath, type Finding, fault, warning } from './config-path.ts';
import type { Draft } from './draft.ts';
import { segments } from './install-section.ts';
import { formatDuration } from './notations.ts';
import { didYouMean } from './suggest.ts';

/** Below this, 4,000 machines that renew at half of it are a load of their own. */
const SHORT_LEASE_SECONDS = 120;

export function* leaseTimesInOrder(draft: Draft): Iterable<Finding> {
  const everyone = { path: ['dhcp'], times: draft.times };
  const own = draft.subnets.filter((subnet) => subnet.ownTimes);
  for (const { path, times } of [everyone, ...own.map(({ path, value }) => ({ path, times: value.times }))]) {
    const [lease, renew, rebind] = [times.leaseSeconds, times.renewSeconds, times.rebindSeconds].map(formatDuration);
    if (times.rebindSeconds >= times.leaseSeconds) {
      yield fault(
        [...path, 'rebindTime'],
        `T2 is ${rebind}, not before the lease ends at ${lease}`,
        `Write less than ${lease}, or remove it: it is then ${formatDuration(Math.floor((times.leaseSeconds * 7) / 8))}.`,
      );
    }
    if (times.renewSeconds >= times.rebindSeconds) {
      yield fault(
        [...path, 'renewTime'],
        `T1 is ${renew}, not before T2 at ${rebind}`,
        `Write less than ${rebind}, or remove it: it is then ${formatDuration(Math.floor(times.leaseSeconds / 2))}.`,
      );
    }
    if (times.leaseSeconds < SHORT_LEASE_SECONDS) {
      yield warning(
        [...path, 'leaseTime'],
        `a lease of ${lease} is renewed every ${renew} by every machine`,
        'Write 1h or more, unless this is a test.',
      );
    }
  }
}

export function* profilesAreValid(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.profiles) {
    if (value.name === LOCAL_PROFILE && value.kind !== LOCAL_PROFILE) {
      yield fault(path, `the name ${LOCAL_PROFILE} means the machine's own disk`, 'Give the profile another name.');
      continue;
    }
    const kind = profileKind(value.kind);
    if (kind === undefined) {
      const kinds = PROFILE_KINDS.map((known) => known.kind);
      const listing = PROFILE_KINDS.map((known) => `${known.kind} (${known.summary})`).join(', ');
      yield fault(
        [...path, 'kind'],
        `there is no kind ${JSON.stringify(value.kind)} of profile`,
        didYouMean(value.kind, kinds) ?? `The kinds are ${listing}.`,
      );
      continue;
    }
    // What an asset holds that can't be looked at, nobody can judge; that it can't is told where it is looked for.
    if (value.asset !== undefined && value.medium === undefined) continue;
    for (const problem of kind.validate(value)) yield ofProfile(problem, path);
  }
}

/** A kind's problem has its path as text, which begins with the profile's. */
function ofProfile(problem: Problem, profile: ConfigPath): Finding {
  const inner = segments(problem.path.slice(`profiles.${profile[1]}`.length));
  return fault([...profile, ...inner], problem.message, problem.mend);
}

export function* argumentsHoldNoSecret(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.profiles) {
    const word = /(?:^|\s)([^\s=]*(?:passw(?:or)?d|secret|token)[^\s=]*)=/i.exec(value.arguments)?.[1];
    if (word === undefined) continue;
    yield warning(
      [...path, 'arguments'],
      `${word} looks like a secret, and everyone on the network can read the kernel's arguments`,
      'Remove it.',
    );
  }
}

/** `ipxe-sanboot` boots a BIOS disk by INT 13h, which UEFI does not have; GRUB's methods need GRUB as the loader. */
export function* diskMethodsFitTheirFirmware(draft: Draft): Iterable<Finding> {
  for (const [firmware, method] of Object.entries(draft.settings.boot.diskMethods)) {
    const path = ['boot', 'diskMethods', firmware];
    if (firmware !== 'bios' && method === 'ipxe-sanboot') {
      yield fault(
        path,
        'ipxe-sanboot starts BIOS disks, and this firmware is UEFI',
        'Write ipxe-exit or no-boot-file.',
      );
    } else if (firmware === 'bios' && method === 'grub-chainload') {
      yield fault(
        path,
        'grub-chainload looks for EFI boot loaders, and a BIOS starts none',
        'Write ipxe-sanboot or no-boot-file.',
      );
    }
  }
}

export function* directoriesAreApart(draft: Draft): Iterable<Finding> {
  const { dataDir, assetsDir } = draft.settings;
  const inAssets = assetsDir === '/' || dataDir === assetsDir || dataDir.startsWith(`${assetsDir}${sep}`);
  if (inAssets) {
    yield fault(
      ['assetsDir'],
      `everything in ${assetsDir} is served to anyone, and dataDir (${dataDir}) is inside`,
      `Write a folder with nothing but boot files, for example ${dataDir === '/' ? '/srv' : dataDir}/assets.`,
    );
  }
}

interface Port {
  readonly path: ConfigPath;
  readonly name: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  /** undefined: all, or those of the interfaces that have it. */
  readonly host?: string;
  readonly isOn?: (settings: InterfaceSettings) => boolean;
}

export function* portsDiffer(draft: Draft): Iterable<Finding> {
  const ports = portsOf(draft);
  for (const [index, port] of ports.entries()) {
    const other = ports.slice(0, index).find((earlier) => clash(earlier, port, draft));
    if (other === undefined) continue;
    yield fault(
      port.path,
      `${port.name} and ${other.name} have the same ${port.protocol.toUpperCase()} port ${port.port}`,
      'Give one of them another port.',
    );
  }
}

function portsOf(draft: Draft): Port[] {
  const { dhcp, tftp, http, dns } = draft.settings;
  return [
    { path: ['dhcp', 'port'], name: 'DHCP', protocol: 'udp', port: dhcp.port },
    { path: ['dhcp', 'port'], name: "DHCP's clients", protocol: 'udp', port: dhcp.port + 1 },
    { path: ['dhcp', 'proxyPort'], name: 'proxyDHCP', protocol: 'udp', port: dhcp.proxyPort },
    { path: ['tftp', 'port'], name: 'TFTP', protocol: 'udp', port: tftp.port },
    { path: ['http', 'port'], name: 'HTTP boot', protocol: 'tcp', port: http.port, isOn: (own) => own.http },
    ...(draft.interfaces.some(({ value }) => value.dns) ? dnsPorts(dns.port) : []),
    ...draft.listen.flatMap(({ path, value }): Port[] =>
      'socketPath' in value || value.port === 0
        ? []
        : [{ path, name: 'the API', protocol: 'tcp', port: value.port, host: value.host }],
    ),
  ];
}

function dnsPorts(port: number): Port[] {
  const isOn = (own: InterfaceSettings) => own.dns;
  return (['udp', 'tcp'] as const).map((protocol) => ({ path: ['dns', 'port'], name: 'DNS', protocol, port, isOn }));
}

function clash(a: Port, b: Port, draft: Draft): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false;
  if (a.host !== undefined && b.host !== undefined)
    return a.host === b.host || isWildcard(a.host) || isWildcard(b.host);
  const host = a.host ?? b.host;
  if (host === undefined || isWildcard(host)) return true;
  const isOn = (a.host === undefined ? a : b).isOn;
  return draft.interfaces.some(({ value }) => isOn?.(value) !== false && formatIpv4(value.address) === host);
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]+$/.test(host);
}

function isLoopback(host: string): boolean {
  const address = parseIpv4(host);
  return address === undefined ? /^[0:]*:0*1$/.test(host) : address >>> 24 === 127;
}

export function* listenAddressesDiffer(draft: Draft): Iterable<Finding> {
  const seen = new Set<string>();
  for (const { path, value } of draft.listen) {
    if (!('socketPath' in value)) continue;
    if (seen.has(value.socketPath)) yield fault(path, `${value.socketPath} stands here twice`, 'Remove one.');
    seen.add(value.socketPath);
  }
}

export function* apiIsNotForEveryone(draft: Draft): Iterable<Finding> {
  for (const { path, value } of draft.listen) {
    if ('socketPath' in value) continue;
    if (value.port === 0) yield warning(path, 'port 0 is another one at each start', 'Write a port such as 8067.');
    if (isLoopback(value.host)) continue;
    const reach = isWildcard(value.host) ? 'every network of this machine' : `the network of ${value.host}`;
    yield warning(
      path,
      `the API can be reached from ${reach}, and its token travels there unencrypted`,
      'Listen at 127.0.0.1:8067 and put a TLS proxy or an SSH tunnel before it, or keep the network to operators.',
    );
  }
}

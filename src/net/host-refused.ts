import { realpathSync } from 'node:fs';
import { HostRefused } from '../domain/errors.ts';
import { formatIpv4, parseIpv4 } from '../domain/ipv4.ts';
import type { DatagramOptions } from '../domain/ports.ts';
import { readInterfaces } from './interfaces.ts';
import { findUdpPortHolder } from './port-holder.ts';

/** The step of opening a socket that failed. */
export type OpeningStep = 'socket' | 'broadcast' | 'interface' | 'buffer' | 'bind';

const PORT_SETTING: Readonly<Record<number, string>> = {
  53: 'dns.port',
  67: 'dhcp.port',
  69: 'tftp.port',
  4011: 'dhcp.proxyPort',
};

/** What the kernel refused, in words that name the mend. */
export function hostRefused(errno: string, step: OpeningStep, options: DatagramOptions, cause?: unknown): HostRefused {
  const where = `UDP port ${options.port} of ${options.address}`;
  switch (errno) {
    case 'EADDRINUSE':
      return portInUse(options, where, cause);
    case 'EACCES':
    case 'EPERM':
      return notAllowed(step, options, where, cause);
    case 'ENODEV':
      return noSuchInterface(options.interfaceName ?? '', cause);
    case 'EADDRNOTAVAIL':
      return noSuchAddress(options, cause);
    case 'EMFILE':
    case 'ENFILE':
      return new HostRefused(
        `no more file descriptors for ${where}`,
        'raise LimitNOFILE= in podboot.service (ulimit -n), or lower tftp.maxTransfers and http.maxConnections',
        cause,
      );
    default:
      return new HostRefused(
        `${where} can't be opened: ${errno} (${step})`,
        'see `ip addr` and `ss -ulpn`; if they show nothing odd, please report this',
        cause,
      );
  }
}

function portInUse(options: DatagramOptions, where: string, cause: unknown): HostRefused {
  const holder = findUdpPortHolder(parseIpv4(options.address) ?? 0, options.port);
  const setting = PORT_SETTING[options.port] ?? 'the port in podboot.yaml';
  const find =
    holder === undefined ? `find its holder with \`ss -ulpn sport = :${options.port}\` and stop it` : 'stop it';
  return new HostRefused(
    `${where} is in use${holder === undefined ? '' : ` by ${holder}`}`,
    `${find}, or change ${setting}`,
    cause,
  );
}

function notAllowed(step: OpeningStep, options: DatagramOptions, where: string, cause: unknown): HostRefused {
  const capability = step === 'interface' ? 'CAP_NET_RAW' : 'CAP_NET_BIND_SERVICE';
  const what =
    step === 'interface'
      ? `a socket may not be bound to interface ${options.interfaceName}`
      : `${where} may not be opened`;
  return new HostRefused(
    `${what}: the process lacks ${capability}`,
    `start it by podboot.service or as root, or: setcap cap_net_bind_service,cap_net_raw,cap_net_admin+ep ${executable()}`,
    cause,
  );
}

function executable(): string {
  try {
    return realpathSync(process.execPath);
  } catch {
    return process.execPath;
  }
}

function noSuchInterface(name: string, cause: unknown): HostRefused {
  const names = readInterfaces().map((each) => each.name);
  return new HostRefused(
    `interface ${name} is not there`,
    `this host has ${names.join(', ')}: correct \`interfaces\` in podboot.yaml, or bring ${name} back`,
    cause,
  );
}

function noSuchAddress(options: DatagramOptions, cause: unknown): HostRefused {
  const { address, interfaceName } = options;
  if (interfaceName === undefined) {
    return new HostRefused(
      `address ${address} is not on this host`,
      'correct it in podboot.yaml, or add it (ip addr add)',
      cause,
    );
  }
  const own = readInterfaces().find((each) => each.name === interfaceName)?.addresses ?? [];
  const has = own.length === 0 ? 'no IPv4 address' : own.map((each) => formatIpv4(each.address)).join(', ');
  return new HostRefused(
    `address ${address} is not on interface ${interfaceName}, which has ${has}`,
    `correct interfaces.${interfaceName}.address in podboot.yaml, or add it: ip addr add ${address}/24 dev ${interfaceName}`,
    cause,
  );
}

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Who holds a UDP port of this network namespace: `dnsmasq (pid 812)`. Undefined where it can't be found out: another
 * user's process without CAP_SYS_PTRACE, or one in another PID namespace (a container's).
 */
export function findUdpPortHolder(address: number, port: number, procDirectory = '/proc'): string | undefined {
  try {
    const inodes = inodesOfUdpPort(readFileSync(`${procDirectory}/net/udp`, 'latin1'), address, port);
    return inodes.size === 0 ? undefined : processWithSocket(inodes, procDirectory);
  } catch {
    return undefined;
  }
}

/** @param table /proc/net/udp: `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …` */
export function inodesOfUdpPort(table: string, address: number, port: number): Set<string> {
  const inodes = new Set<string>();
  for (const line of table.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const [addressHex, portHex] = fields[1]?.split(':') ?? [];
    const inode = fields[9];
    if (addressHex === undefined || portHex === undefined || inode === undefined) continue;
    if (Number.parseInt(portHex, 16) !== port) continue;
    const held = hostOrder(addressHex);
    if (held === address || held === 0 || address === 0) inodes.add(inode);
  }
  return inodes;
}

/** The kernel prints the address as a number of the machine, and both machines are little-endian. */
function hostOrder(addressHex: string): number {
  return Buffer.from(addressHex, 'hex').readUInt32LE(0);
}

function processWithSocket(inodes: ReadonlySet<string>, procDirectory: string): string | undefined {
  for (const pid of readdirSync(procDirectory)) {
    if (!/^[0-9]+$/.test(pid)) continue;
    if (!holdsSocket(`${procDirectory}/${pid}/fd`, inodes)) continue;
    const name = readFileSync(`${procDirectory}/${pid}/comm`, 'utf8').trim();
    return `${name} (pid ${pid})`;
  }
  return undefined;
}

function holdsSocket(descriptorDirectory: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(descriptorDirectory).some((descriptor) => {
      const inode = /^socket:\[([0-9]+)\]$/.exec(readlinkSync(`${descriptorDirectory}/${descriptor}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    // The process ended meanwhile, or is not ours to look into.
    return false;
  }
}

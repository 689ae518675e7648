import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { HostRefused } from '../domain/errors.ts';
import type { RehearsalNetwork } from './rehearsal-network.ts';

const ADDRESS = '127.0.0.1';
/** DHCP 10067 and 10068, TFTP 10069, HTTP 10080, proxyDHCP 14011; the next rehearsal beside it takes 10167 and so on. */
const FIRST_BASE = 10_000;
const BASE_STEP = 100;
const MAX_BASES = 40;

/**
 * The loopback interface with ports that need no privilege. All of 127.0.0.0/8 is this machine's own, so each simulated
 * node can use the address that it is leased at once; Linux carries broadcasts on it, too.
 * @param why it is used
 * @throws HostRefused where no ports are free
 */
export async function openLoopbackNetwork(why: string): Promise<RehearsalNetwork> {
  for (let index = 0; index < MAX_BASES; index += 1) {
    const base = FIRST_BASE + index * BASE_STEP;
    if (!(await isFree(base))) continue;
    return {
      description: `the loopback interface, UDP ${base + 67}-${base + 69} and TCP ${base + 80} (${why})`,
      server: {
        interfaceName: 'lo',
        address: ADDRESS,
        subnet: '127.0.0.0/8',
        pool: '127.77.0.1-127.77.127.254',
        dhcpPort: base + 67,
        tftpPort: base + 69,
        httpPort: base + 80,
        proxyPort: base + 11,
        argv: (command) => command,
      },
      machines: { interfaceName: 'lo', argv: (command) => command },
      close: async () => {},
    };
  }
  throw new HostRefused(
    `no free ports for a rehearsal between ${FIRST_BASE} and ${FIRST_BASE + MAX_BASES * BASE_STEP}`,
    'end the other rehearsals, or start this one as root: then it has a network of its own',
  );
}

async function isFree(base: number): Promise<boolean> {
  const udp = [67, 68, 69, 11].map((offset) => isUdpFree(base + offset));
  const free = await Promise.all([...udp, isTcpFree(base + 80)]);
  return free.every(Boolean);
}

/** Asked for all addresses: the daemon and the machines hear broadcasts. */
function isUdpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: ADDRESS, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

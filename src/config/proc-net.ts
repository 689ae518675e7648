import type { Ipv4 } from '../domain/ipv4.ts';

/** A socket of /proc/net/udp, udp6, tcp or tcp6 (proc(5)). */
export interface SocketEntry {
  /** `0.0.0.0`, `::`, `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
  readonly inode: string;
}

const TCP_LISTEN = '0A';

/** Sockets that hear: for TCP those in the state LISTEN. */
export function parseSockets(text: string, protocol: 'udp' | 'tcp'): SocketEntry[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const [address, port] = (columns[1] ?? '').split(':');
      const [state, inode] = [columns[3], columns[9]];
      if (address === undefined || port === undefined || inode === undefined) return [];
      if (protocol === 'tcp' && state !== TCP_LISTEN) return [];
      return [{ host: hostOf(address), port: Number.parseInt(port, 16), inode }];
    });
}

/** Each 32-bit word in hex as the machine holds it; both architectures that podboot runs on are little-endian. */
function hostOf(words: string): string {
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()]);
  if (bytes.length === 4) return bytes.join('.');
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

export interface DefaultRoute {
  readonly interfaceName: string;
  /** 0: none, as on a point-to-point link. */
  readonly gateway: Ipv4;
}

const ROUTE_UP = 0x1;

/** Default routes of /proc/net/route, the preferred one first. */
export function parseDefaultRoutes(text: string): DefaultRoute[] {
  const routes = text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [interfaceName, destination, gateway, flags, , , metric, mask] = line.trim().split(/\s+/);
      if (interfaceName === undefined || gateway === undefined) return [];
      if (destination !== '00000000' || mask !== '00000000' || (Number.parseInt(flags ?? '0', 16) & ROUTE_UP) === 0)
        return [];
      const address = Buffer.from(gateway, 'hex').readUInt32LE();
      return [{ interfaceName, gateway: address, metric: Number(metric) }];
    });
  routes.sort((a, b) => a.metric - b.metric);
  return routes.map(({ interfaceName, gateway }) => ({ interfaceName, gateway }));
}

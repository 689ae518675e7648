import { createSocket } from 'node:dgram';
import { hostAnswers } from '../../bmc/host-answers.ts';
import { decodeAsfPong, encodeAsfPing } from '../../codecs/ipmi/asf-ping.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import { macKey } from '../../domain/lease.ts';
import type { Node } from '../../domain/node.ts';
import type { StoreSnapshot } from '../../domain/ports.ts';
import type { BmcFacts } from '../checks/host.ts';

const RMCP_PORT = 623;
const PING_MS = 800;
const CONNECT_MS = 1_500;
const AT_ONCE = 64;

/** Asks the BMC of each node whether it is there; needs no password and changes nothing. */
export async function reachBmcs({ nodes, leases }: StoreSnapshot): Promise<BmcFacts> {
  const byKey = new Map(leases.map((lease) => [lease.key, lease.address] as const));
  const targets = nodes.flatMap((node) => {
    const host = bmcHost(node, byKey);
    return host === undefined ? [] : [{ name: node.name, host, port: node.bmc?.port }];
  });
  const silent: string[] = [];
  const waiting = [...targets];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { name, host, port = RMCP_PORT } = next;
      const answers = (await pings(host, port)) || (await hostAnswers(host, CONNECT_MS));
      if (!answers) silent.push(name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { asked: targets.length, silent: silent.sort() };
}

function bmcHost({ bmc, interfaces }: Node, leases: ReadonlyMap<string, number>): string | undefined {
  if (bmc?.host !== undefined) return bmc.host;
  const port = interfaces.find(({ role }) => role === 'bmc');
  const address = port?.address ?? (port?.mac === undefined ? undefined : leases.get(macKey(port.mac)));
  return address === undefined ? undefined : formatIpv4(address);
}

function pings(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answers: boolean) => {
      clearTimeout(timer);
      socket.removeAllListeners('message').close();
      resolve(answers);
    };
    const timer = setTimeout(() => end(false), PING_MS);
    socket.once('error', () => end(false));
    socket.on('message', (data) => {
      if (isPong(data)) end(true);
    });
    socket.send(encodeAsfPing(1), port, host);
  });
}

function isPong(data: Uint8Array): boolean {
  try {
    return decodeAsfPong(data) !== undefined;
  } catch (error) {
    if (error instanceof MalformedPacket) return false;
    throw error;
  }
}

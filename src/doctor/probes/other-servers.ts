import { randomBytes } from 'node:crypto';
import { decodeDhcp } from '../../codecs/dhcp/decode.ts';
import { BootOp } from '../../codecs/dhcp/message.ts';
import { uint32Option } from '../../codecs/dhcp/option-fields.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { DatagramSocket, Network } from '../../domain/ports.ts';
import type { InterfaceSettings, Settings } from '../../domain/settings.ts';
import { probeDiscover } from '../../services/dhcp/probe-discover.ts';
import type { OtherServerFacts } from '../checks/other-servers.ts';

/** dnsmasq pings an address for three seconds before it offers it. */
export const DHCP_WAIT_MS = 6_000;
const AGAIN_MS = 2_000;
const MOST_SERVERS = 16;

/** Asks for an address as a client that does not exist, on that interface alone, and takes none. */
export async function findOtherServers(
  at: InterfaceSettings,
  settings: Settings,
  network: Network,
): Promise<OtherServerFacts> {
  const facts = { interfaceName: at.name, mode: at.dhcp, waitedMs: DHCP_WAIT_MS };
  const ours = new Set<Ipv4>(settings.interfaces.map(({ address }) => address));
  const { port } = settings.dhcp;
  let socket: DatagramSocket;
  try {
    socket = await network.openDatagram({
      interfaceName: at.name,
      address: '0.0.0.0',
      port: port + 1,
      broadcast: true,
      reuseAddress: true,
    });
  } catch (error) {
    return { ...facts, servers: [], trouble: error instanceof Error ? error.message : String(error) };
  }
  const servers = new Set<string>();
  const xid = randomBytes(4).readUInt32BE(0);
  const discover = probeDiscover(xid, randomBytes(6));
  socket.onMessage((data) => {
    const server = answeredBy(data, xid);
    if (server !== undefined && !ours.has(server) && servers.size < MOST_SERVERS) servers.add(formatIpv4(server));
  });
  socket.onError(() => {});
  const send = () => socket.send(discover, { address: '255.255.255.255', port });
  send();
  const again = setTimeout(send, AGAIN_MS);
  await new Promise((resolve) => setTimeout(resolve, DHCP_WAIT_MS));
  clearTimeout(again);
  socket.close();
  return { ...facts, servers: [...servers] };
}

function answeredBy(data: Uint8Array, xid: number): Ipv4 | undefined {
  try {
    const message = decodeDhcp(data);
    if (message.op !== BootOp.BOOTREPLY || message.xid !== xid) return undefined;
    return uint32Option(message.options, OptionCode.serverIdentifier) ?? message.siaddr;
  } catch (error) {
    if (error instanceof MalformedPacket) return undefined;
    throw error;
  }
}

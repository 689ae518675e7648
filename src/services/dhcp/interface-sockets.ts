import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Endpoint, Network, SegmentingSocket } from '../../domain/ports.ts';
import type { DhcpSettings, InterfaceSettings } from '../../domain/settings.ts';

/**
 * The door that a packet came through.
 * - `everyone` broadcasts of the link
 * - `own`      unicast to our address: relays, and clients that renew
 * - `proxy`    proxyDHCP's second port (PXE 2.1)
 */
export type Door = 'everyone' | 'own' | 'proxy';

export interface InterfaceSockets {
  /** Bound to our address, so that every answer comes from it. */
  readonly own: SegmentingSocket;
  readonly proxy: SegmentingSocket | undefined;
  close(): void;
}

export interface InterfaceListeners {
  onMessage(data: Uint8Array, from: Endpoint, door: Door): void;
  onError(error: Error): void;
}

/** A thousand machines that are powered on together send their DISCOVERs in one second; the default holds a few hundred. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const EVERYONE = '0.0.0.0';

/**
 * Opens what one interface needs. A socket bound to an address hears no broadcast, and one that is not answers from
 * whatever address the kernel likes: so there are two on the server's port.
 *
 * @throws HostRefused; nothing stays open then
 */
export async function openInterface(
  at: InterfaceSettings,
  settings: Pick<DhcpSettings, 'port' | 'proxyPort'>,
  network: Network,
  listeners: InterfaceListeners,
): Promise<InterfaceSockets> {
  const opened: SegmentingSocket[] = [];
  const open = async (address: string, port: number, door: Door, shared: boolean): Promise<SegmentingSocket> => {
    const socket = await network.openDatagram({
      interfaceName: at.name,
      address,
      port,
      broadcast: true,
      reuseAddress: shared,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    });
    opened.push(socket);
    socket.onMessage((data, from) => listeners.onMessage(data, from, door));
    socket.onError(listeners.onError);
    return socket;
  };
  const close = () => {
    for (const socket of opened) socket.close();
  };
  try {
    // Our two sockets must share the port, and then another server that shares it too (dnsmasq does) is not noticed.
    // One that does not share it is refused while another server is there.
    (await network.openDatagram({ interfaceName: at.name, address: EVERYONE, port: settings.port })).close();
    await open(EVERYONE, settings.port, 'everyone', true);
    const own = await open(formatIpv4(at.address), settings.port, 'own', true);
    const proxy =
      at.dhcp === 'proxy' ? await open(formatIpv4(at.address), settings.proxyPort, 'proxy', false) : undefined;
    return { own, proxy, close };
  } catch (error) {
    close();
    throw error;
  }
}

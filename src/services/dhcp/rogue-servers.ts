import { randomBytes } from 'node:crypto';
import { decodeDhcp } from '../../codecs/dhcp/decode.ts';
import { BootOp } from '../../codecs/dhcp/message.ts';
import { uint32Option } from '../../codecs/dhcp/option-fields.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Clock, DatagramSocket, EventSink, Network, Timer } from '../../domain/ports.ts';
import type { InterfaceSettings } from '../../domain/settings.ts';
import { probeDiscover } from './probe-discover.ts';

/** dnsmasq pings an address for three seconds before it offers it; relays and slow switches add to that. */
const ANSWER_WINDOW_MS = 8_000;
const SECOND_DISCOVER_MS = 3_000;
const TELL_AGAIN_MS = 3_600_000;
/** Servers that are remembered for one interface; a forger of answers must not make the memory grow. */
const MAX_SERVERS = 64;
const XID_BYTES = 4;
const MAC_BYTES = 6;

export interface RogueServersOptions {
  readonly at: InterfaceSettings;
  /** The server's port; clients' is the next one. */
  readonly port: number;
  /** 0: only listen. */
  readonly probeIntervalMs: number;
  /** Ours on any interface, and the relays that speak in our name (RFC 5107). */
  readonly isOurs: (address: Ipv4) => boolean;
  readonly network: Network;
  readonly clock: Clock;
  readonly events: EventSink;
}

/**
 * Notices other DHCP servers on one interface: by REQUESTs that name another one, and by asking for an address now and
 * then as a client that does not exist. Beside a server that is wanted (proxyDHCP) it says when there is none.
 */
export class RogueServers {
  readonly #options: RogueServersOptions;
  /** When each was last told of. */
  readonly #told = new Map<Ipv4, number>();
  #timer: Timer | undefined;
  #probe: { readonly xid: number; readonly timers: Timer[]; readonly socket: DatagramSocket } | undefined;
  #opening = false;
  #heard = 0;
  #silenceToldAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: RogueServersOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.probeIntervalMs > 0) void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#endProbe();
  }

  /** A DISCOVER of ours comes back to our own server, as every broadcast does: it must not be answered. */
  isOwnProbe(xid: number): boolean {
    return this.#probe?.xid === xid;
  }

  /** A client on this link took an offer of this server, or the server answered us. */
  saw(server: Ipv4, how: 'chosen' | 'answered'): void {
    const { at, clock, events, isOurs } = this.#options;
    if (server === 0 || isOurs(server)) return;
    this.#heard += 1;
    const now = clock.monotonic();
    const toldAt = this.#told.get(server);
    if (toldAt !== undefined && now - toldAt < TELL_AGAIN_MS) return;
    if (toldAt === undefined && this.#told.size >= MAX_SERVERS) return;
    this.#told.set(server, now);
    const address = formatIpv4(server);
    const evidence = how === 'chosen' ? 'a client took its offer' : 'it answered our own question';
    const wanted = at.dhcp === 'proxy';
    events.emit({
      type: 'dhcp.other-server',
      level: wanted ? 'info' : 'warn',
      subject: { interfaceName: at.name, address: server },
      text: wanted
        ? `DHCP server ${address} gives the addresses on ${at.name}; podboot adds what to boot`
        : `Another DHCP server answers on ${at.name}: ${address} (${evidence})`,
      ...(!wanted && {
        mend: `turn the server at ${address} off (\`arping -I ${at.name} ${address}\` shows its MAC address), or set dhcp of ${at.name} to proxy or reservations`,
      }),
      data: { server: address, evidence: how },
    });
  }

  async #ask(): Promise<void> {
    const { at, port, network, clock, events, probeIntervalMs } = this.#options;
    if (this.#stopped || this.#opening) return;
    this.#timer = clock.setTimeout(() => void this.#ask(), probeIntervalMs);
    this.#endProbe();
    this.#opening = true;
    try {
      const socket = await network.openDatagram({
        interfaceName: at.name,
        address: '0.0.0.0',
        port: port + 1,
        broadcast: true,
        reuseAddress: true,
      });
      if (this.#stopped) socket.close();
      else this.#converse(socket);
    } catch (error) {
      events.emit({
        type: 'dhcp.probe-failed',
        level: 'warn',
        subject: { interfaceName: at.name },
        text: `can't look for other DHCP servers on ${at.name}: ${error instanceof Error ? error.message : String(error)}`,
        mend: `free port ${port + 1} on ${at.name}, or set dhcp.probeInterval to 0s`,
        throttle: at.name,
      });
    } finally {
      this.#opening = false;
    }
  }

  #converse(socket: DatagramSocket): void {
    const { clock, port } = this.#options;
    const random = randomBytes(XID_BYTES + MAC_BYTES);
    const xid = random.readUInt32BE(0);
    const discover = probeDiscover(xid, random.subarray(XID_BYTES));
    const heardBefore = this.#heard;
    const send = () => socket.send(discover, { address: '255.255.255.255', port });
    socket.onMessage((data) => this.#answer(data, xid));
    socket.onError(() => this.#endProbe());
    this.#probe = {
      xid,
      socket,
      timers: [
        clock.setTimeout(send, SECOND_DISCOVER_MS),
        clock.setTimeout(() => {
          this.#endProbe();
          if (this.#heard === heardBefore) this.#tellSilence();
        }, ANSWER_WINDOW_MS),
      ],
    };
    send();
  }

  #answer(data: Uint8Array, xid: number): void {
    try {
      const message = decodeDhcp(data);
      if (message.op !== BootOp.BOOTREPLY || message.xid !== xid) return;
      // An offer of no address is proxyDHCP's: that server only adds what to boot.
      const server = uint32Option(message.options, OptionCode.serverIdentifier) ?? message.siaddr;
      this.saw(server, 'answered');
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
    }
  }

  #tellSilence(): void {
    const { at, clock, events } = this.#options;
    const now = clock.monotonic();
    if (at.dhcp !== 'proxy' || now - this.#silenceToldAt < TELL_AGAIN_MS) return;
    this.#silenceToldAt = now;
    events.emit({
      type: 'dhcp.no-server',
      level: 'warn',
      subject: { interfaceName: at.name },
      text: `No DHCP server answers on ${at.name}: in proxy mode podboot gives no addresses, so no machine will boot there`,
      mend: `start the network's DHCP server, or set dhcp of ${at.name} to authoritative`,
    });
  }

  #endProbe(): void {
    for (const timer of this.#probe?.timers ?? []) timer.cancel();
    this.#probe?.socket.close();
    this.#probe = undefined;
  }
}

import { BootOp, BROADCAST_FLAG, type DhcpMessage, HardwareType, MessageType } from '../codecs/dhcp/message.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import { macToBytes } from '../domain/mac.ts';
import type { DhcpDialect, MachineIdentity } from './dhcp-dialect.ts';

export interface ClientMessage {
  readonly dialect: DhcpDialect;
  readonly identity: MachineIdentity;
  readonly xid: number;
  /** Since the client began. */
  readonly seconds: number;
  /** The offer that a REQUEST takes; without one it is a DISCOVER. */
  readonly chosen?: { readonly address: Ipv4; readonly server: Ipv4 };
}

/** A DISCOVER or a REQUEST as the program that speaks this dialect sends it. */
export function clientMessage({ dialect, identity, xid, seconds, chosen }: ClientMessage): DhcpMessage {
  const type = chosen === undefined ? MessageType.DISCOVER : MessageType.REQUEST;
  const options = new Map([[53, Uint8Array.of(type)], ...dialect.options(type, identity)]);
  if (chosen !== undefined) {
    options.set(50, ipv4Bytes(chosen.address));
    options.set(54, ipv4Bytes(chosen.server));
  }
  return {
    op: BootOp.BOOTREQUEST,
    htype: HardwareType.ETHERNET,
    hlen: 6,
    hops: 0,
    xid,
    secs: dialect.countsSeconds ? Math.min(seconds, 0xffff) : 0,
    flags: dialect.broadcast ? BROADCAST_FLAG : 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: macToBytes(identity.mac),
    sname: '',
    file: '',
    options,
  };
}

function ipv4Bytes(address: Ipv4): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

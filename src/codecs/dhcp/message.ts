/** Option code to value. A value that was split over several options (RFC 3396) is one here. */
export type DhcpOptions = Map<number, Uint8Array>;

/** op of RFC 951. */
export const BootOp = { BOOTREQUEST: 1, BOOTREPLY: 2 } as const;

/** Option 53 (RFC 2132 section 9.6). */
export const MessageType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** htype (RFC 1700 "Hardware Type"). */
export const HardwareType = { ETHERNET: 1, INFINIBAND: 32 } as const;

/** The top bit of flags (RFC 2131 section 2, figure 2). */
export const BROADCAST_FLAG = 0x8000;

/** RFC 2131 section 2, figure 1. Addresses are unsigned 32-bit numbers, 0 for none. */
export interface DhcpMessage {
  op: number;
  htype: number;
  /** Length of the hardware address, 0 to 16; 0 on Infiniband (RFC 4390). */
  hlen: number;
  hops: number;
  xid: number;
  secs: number;
  flags: number;
  ciaddr: number;
  yiaddr: number;
  siaddr: number;
  giaddr: number;
  /** Client hardware address: exactly hlen bytes. */
  chaddr: Uint8Array;
  /** Server host name; empty where the field is empty or carries options (option 52). */
  sname: string;
  /** Boot file name; likewise. */
  file: string;
  /** Without 0, 52 and 255. */
  options: DhcpOptions;
}

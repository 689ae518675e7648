import type { DhcpMessage } from '../codecs/dhcp/message.ts';
import { latin1 } from '../codecs/text.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';

/** An OFFER or an ACK as a client reads it. */
export interface DhcpAnswer {
  readonly address: Ipv4;
  /** Option 54. */
  readonly server: Ipv4;
  readonly leaseSeconds: number;
  /** Option 67, else the field `file`. A name for TFTP or a URL. */
  readonly bootFile?: string;
  /** siaddr, else option 66: the TFTP server, dotted quad. */
  readonly nextServer?: string;
  /** Option 60. */
  readonly vendorClass?: string;
  /** Option 12. */
  readonly hostname?: string;
  readonly netmask?: Ipv4;
  readonly router?: Ipv4;
}

function uint32(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || value.length < 4) return undefined;
  return new DataView(value.buffer, value.byteOffset, value.length).getUint32(0);
}

/** Firmware reads these up to a NUL, if there is one. */
function text(value: Uint8Array | undefined): string | undefined {
  if (value === undefined) return undefined;
  const [before = ''] = latin1(value).split('\0');
  return before === '' ? undefined : before;
}

/** Copies everything it keeps. */
export function readAnswer(message: DhcpMessage): DhcpAnswer {
  const { options } = message;
  const bootFile = text(options.get(67)) ?? (message.file === '' ? undefined : message.file);
  const nextServer = message.siaddr === 0 ? text(options.get(66)) : formatIpv4(message.siaddr);
  const vendorClass = text(options.get(60));
  const hostname = text(options.get(12));
  const netmask = uint32(options.get(1));
  const router = uint32(options.get(3));
  return {
    address: message.yiaddr,
    server: uint32(options.get(54)) ?? 0,
    leaseSeconds: uint32(options.get(51)) ?? 0,
    ...(bootFile === undefined ? {} : { bootFile }),
    ...(nextServer === undefined ? {} : { nextServer }),
    ...(vendorClass === undefined ? {} : { vendorClass }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(netmask === undefined ? {} : { netmask }),
    ...(router === undefined ? {} : { router }),
  };
}

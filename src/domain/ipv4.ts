/** An IPv4 address as an unsigned 32-bit number, in host order: 10.0.0.1 is 0x0a000001. 0 is "none". */
export type Ipv4 = number;

/** Inclusive on both ends. */
export interface Ipv4Range {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

export interface Ipv4Subnet {
  readonly network: Ipv4;
  /** 0 to 32. */
  readonly prefixLength: number;
}

/** Dotted quad only; no leading zeros, no shorthand. Returns undefined for anything else. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

export function netmask(prefixLength: number): Ipv4 {
  return prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
}

/** `10.0.0.0/24`; the host part must be zero. Returns undefined for anything else. */
export function parseSubnet(text: string): Ipv4Subnet | undefined {
  const match = /^([0-9.]+)\/([0-9]{1,2})$/.exec(text);
  const network = match?.[1] === undefined ? undefined : parseIpv4(match[1]);
  const prefixLength = Number(match?.[2]);
  if (network === undefined || prefixLength > 32) return undefined;
  return (network & netmask(prefixLength)) >>> 0 === network ? { network, prefixLength } : undefined;
}

export function formatSubnet(subnet: Ipv4Subnet): string {
  return `${formatIpv4(subnet.network)}/${subnet.prefixLength}`;
}

export function subnetContains(subnet: Ipv4Subnet, address: Ipv4): boolean {
  return (address & netmask(subnet.prefixLength)) >>> 0 === subnet.network;
}

export function broadcastAddress(subnet: Ipv4Subnet): Ipv4 {
  return (subnet.network | ~netmask(subnet.prefixLength)) >>> 0;
}

export function rangeContains(range: Ipv4Range, address: Ipv4): boolean {
  return address >= range.first && address <= range.last;
}

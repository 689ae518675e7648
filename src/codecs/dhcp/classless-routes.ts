import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { prefixMask } from '../ipv4-text.ts';

/** Addresses are unsigned 32-bit numbers. */
export interface ClasslessRoute {
  /** With zeros behind the prefix. */
  readonly network: number;
  /** 0 to 32; 0 is the default route. */
  readonly prefixLength: number;
  /** 0: the network is on the client's own link. */
  readonly router: number;
}

/**
 * Option 121 (RFC 3442). A client that gets it ignores option 3: the default route has to be among these.
 *
 * @throws RangeError for no route at all, or one with bits behind its prefix
 */
export function encodeClasslessRoutes(routes: readonly ClasslessRoute[]): Uint8Array {
  if (routes.length === 0) throw new RangeError('option 121 needs at least one route');
  const writer = new ByteWriter();
  for (const { network, prefixLength, router } of routes) {
    if (!Number.isInteger(prefixLength) || prefixLength < 0 || prefixLength > 32) {
      throw new RangeError(`prefix length is ${prefixLength}, it must be 0 to 32`);
    }
    if ((network & prefixMask(prefixLength)) >>> 0 !== network) {
      throw new RangeError(`network 0x${network.toString(16)} has bits behind its prefix of ${prefixLength}`);
    }
    writer.uint8(prefixLength, 'prefix length');
    for (let octet = 0; octet < significantOctets(prefixLength); octet += 1) {
      writer.uint8((network >>> (24 - 8 * octet)) & 0xff, 'network');
    }
    writer.uint32(router, 'router');
  }
  return writer.finish();
}

/** @throws MalformedPacket */
export function decodeClasslessRoutes(bytes: Uint8Array): ClasslessRoute[] {
  const reader = new ByteReader(bytes, 'DHCP option 121');
  if (bytes.length === 0) reader.fail('has no route');
  const routes: ClasslessRoute[] = [];
  while (reader.remaining > 0) {
    const prefixLength = reader.uint8('prefix length');
    if (prefixLength > 32) reader.fail(`prefix length is ${prefixLength}`, reader.offset - 1);
    let network = 0;
    for (let octet = 0; octet < significantOctets(prefixLength); octet += 1) {
      network |= reader.uint8('network') << (24 - 8 * octet);
    }
    // Bits behind the prefix are to be zeroed by who reads them (RFC 3442, "DHCP Client Behavior").
    routes.push({
      network: (network & prefixMask(prefixLength)) >>> 0,
      prefixLength,
      router: reader.uint32('router'),
    });
  }
  return routes;
}

function significantOctets(prefixLength: number): number {
  return Math.ceil(prefixLength / 8);
}

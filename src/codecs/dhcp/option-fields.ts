import { MalformedPacket } from '../malformed-packet.ts';
import type { DhcpOptions } from './message.ts';

/** Options whose value is one number. Undefined where the option is absent. @throws MalformedPacket for another length */
export function uint8Option(options: DhcpOptions, code: number): number | undefined {
  return sized(options, code, 1)?.[0];
}

/** @throws MalformedPacket for another length than 2 bytes */
export function uint16Option(options: DhcpOptions, code: number): number | undefined {
  const value = sized(options, code, 2);
  return value && (value[0]! << 8) | value[1]!;
}

/** Numbers and IPv4 addresses, unsigned. @throws MalformedPacket for another length than 4 bytes */
export function uint32Option(options: DhcpOptions, code: number): number | undefined {
  const value = sized(options, code, 4);
  return value && ((value[0]! << 24) | (value[1]! << 16) | (value[2]! << 8) | value[3]!) >>> 0;
}

export function uint8Value(value: number): Uint8Array {
  return Uint8Array.of(value);
}

export function uint16Value(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/** Numbers and IPv4 addresses. */
export function uint32Value(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function sized(options: DhcpOptions, code: number, length: number): Uint8Array | undefined {
  const value = options.get(code);
  if (value !== undefined && value.length !== length) {
    throw new MalformedPacket(`DHCP option ${code}`, value.length, `has ${value.length} bytes, not ${length}`);
  }
  return value;
}

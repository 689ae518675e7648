import { ByteReader } from '../../byte-reader.ts';
import { acknowledged, type IpmiCommand } from '../command.ts';
import { readLittle32 } from '../little-endian.ts';
import { NetFn } from '../message.ts';
import { PayloadType } from '../session-packet.ts';

const INSTANCE = 1;
/**
 * Encrypted and authenticated; serial alerts deferred; CTS and DCD asserted at once: with the bit of the handshake set
 * (c6, as ipmitool sends it) a listener that never types hears nothing.
 */
const LISTEN_AT_ONCE = 0xc4;
const SMALLEST_BYTES = 8;
const LARGEST_BYTES = 255;

export interface SolActivation {
  /** Characters in one packet to the BMC, and from it. */
  readonly toBmcBytes: number;
  readonly fromBmcBytes: number;
  readonly port: number;
}

export const ACTIVATE_CODES: Readonly<Record<number, string>> = {
  128: 'the console is active for somebody else',
  129: 'Serial over LAN is switched off in the BMC',
  130: 'the BMC can’t give another console',
  131: 'the BMC can’t activate it with encryption',
  132: 'the BMC can’t activate it without encryption',
};
export const ALREADY_ACTIVE = 0x80;

/** IPMI 2.0 table 24-2. ipmi_sim and some BMCs swap the bytes of sizes and port: sizes are clamped. */
export function activateSol(): IpmiCommand<SolActivation> {
  return {
    name: 'Activate Payload (SOL)',
    netFn: NetFn.APP,
    command: 0x48,
    data: Uint8Array.of(PayloadType.SOL, INSTANCE, LISTEN_AT_ONCE, 0, 0, 0),
    isRepeatable: true,
    codes: ACTIVATE_CODES,
    read(data) {
      const reader = new ByteReader(data, 'SOL activation');
      reader.view(4, 'auxiliary data');
      const sizes = reader.view(4, 'payload sizes');
      const port = reader.view(2, 'port');
      const clamped = (low: number, high: number) =>
        Math.min(LARGEST_BYTES, Math.max(SMALLEST_BYTES, low | (high << 8)));
      return {
        toBmcBytes: clamped(sizes[0]!, sizes[1]!),
        fromBmcBytes: clamped(sizes[2]!, sizes[3]!),
        port: port[0]! | (port[1]! << 8),
      };
    },
  };
}

/** IPMI 2.0 table 24-3. */
export function deactivateSol(): IpmiCommand<void> {
  const numbers = { name: 'Deactivate Payload (SOL)', netFn: NetFn.APP, command: 0x49 };
  const codes = { 128: 'the console was not active' };
  return acknowledged(numbers, [PayloadType.SOL, INSTANCE, 0, 0, 0, 0], { codes });
}

/** IPMI 2.0 table 24-5: keeps the session of a silent console alive. @returns the id of its session; 0: inactive */
export function getSolInstanceInfo(): IpmiCommand<number> {
  return {
    name: 'Get Payload Instance Info (SOL)',
    netFn: NetFn.APP,
    command: 0x4b,
    data: Uint8Array.of(PayloadType.SOL, INSTANCE),
    isRepeatable: true,
    read(data) {
      const id = new ByteReader(data, 'payload instance info').view(4, 'session id');
      return readLittle32(id);
    },
  };
}

import { ByteReader } from '../../byte-reader.ts';
import { hex } from '../../text.ts';
import type { IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';

export interface DeviceId {
  readonly deviceId: number;
  readonly firmware: string;
  readonly ipmiVersion: string;
  /** IANA enterprise number, 20 bits: who made it, and so which quirks it has. */
  readonly manufacturerId: number;
  readonly productId: number;
}

/** IPMI 2.0 table 20-2. */
export function getDeviceId(): IpmiCommand<DeviceId> {
  return {
    name: 'Get Device ID',
    netFn: NetFn.APP,
    command: 0x01,
    data: new Uint8Array(),
    isRepeatable: true,
    read(data) {
      const reader = new ByteReader(data, 'device id');
      const deviceId = reader.uint8('device id');
      reader.uint8('device revision');
      const major = reader.uint8('firmware revision 1') & 0x7f;
      const minor = reader.uint8('firmware revision 2');
      const version = reader.uint8('IPMI version');
      reader.uint8('additional device support');
      const maker = reader.view(3, 'manufacturer id');
      const product = reader.view(2, 'product id');
      return {
        deviceId,
        // The second part is binary coded decimal.
        firmware: `${major}.${minor.toString(16).padStart(2, '0')}`,
        ipmiVersion: `${version & 0x0f}.${version >>> 4}`,
        manufacturerId: (maker[0]! | (maker[1]! << 8) | (maker[2]! << 16)) & 0xfffff,
        productId: product[0]! | (product[1]! << 8),
      };
    },
  };
}

/**
 * IPMI 2.0 table 20-10: sixteen bytes in hexadecimal as they came. Often the machine's SMBIOS UUID, in one byte order or
 * the other; some BMCs answer zeros.
 */
export function getSystemGuid(): IpmiCommand<string> {
  return {
    name: 'Get System GUID',
    netFn: NetFn.APP,
    command: 0x37,
    data: new Uint8Array(),
    isRepeatable: true,
    read: (data) => hex(new ByteReader(data, 'system GUID').view(16, 'GUID')),
  };
}

import { ByteReader } from '../../byte-reader.ts';
import type { IpmiCommand } from '../command.ts';
import { NetFn } from '../message.ts';

/** IPMI 2.0 table 23-4. */
export const LanParameter = { IP_ADDRESS: 3, IP_SOURCE: 4, MAC_ADDRESS: 5, SUBNET_MASK: 6, GATEWAY: 12 } as const;
type LanParameter = (typeof LanParameter)[keyof typeof LanParameter];

const LENGTHS: Readonly<Record<LanParameter, number>> = { 3: 4, 4: 1, 5: 6, 6: 4, 12: 4 };
/** The channel that the request comes through. */
const THIS_CHANNEL = 0x0e;

/** Get LAN Configuration Parameters (IPMI 2.0 table 23-3): the bytes of one parameter. */
export function getLanParameter(parameter: LanParameter): IpmiCommand<Uint8Array> {
  return {
    name: 'Get LAN Configuration Parameters',
    netFn: NetFn.TRANSPORT,
    command: 0x02,
    data: Uint8Array.of(THIS_CHANNEL, parameter, 0, 0),
    isRepeatable: true,
    codes: { 128: 'the BMC does not have this parameter' },
    read(data) {
      const reader = new ByteReader(data, 'LAN parameter');
      reader.uint8('parameter revision');
      return reader.view(LENGTHS[parameter], 'parameter').slice();
    },
  };
}

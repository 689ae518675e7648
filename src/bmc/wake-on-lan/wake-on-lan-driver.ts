import { type BmcDriver, BmcError } from '../driver.ts';

export interface WakeOnLanOptions {
  /** Six bytes each, in text with colons: of interfaces that listen. */
  readonly macs: readonly string[];
  /** Broadcasts it where the machine is. @throws Error where no network reaches it */
  readonly broadcast: (packet: Uint8Array) => Promise<void>;
}

const REPETITIONS = 16;

/** A machine without a BMC: it can be woken, and that is all. Whether it is on nobody can ask. */
export function createWakeOnLanDriver({ macs, broadcast }: WakeOnLanOptions): BmcDriver {
  return {
    name: 'none',
    power: {
      read: () => Promise.reject(new BmcError('refused', 'nobody can ask a machine without a BMC whether it is on')),
      async act(action) {
        if (action !== 'on') throw new BmcError('refused', `Wake-on-LAN switches on; it can’t do ${action}`);
        if (macs.length === 0)
          throw new BmcError('refused', 'no MAC address is known that a magic packet could be for');
        try {
          for (const mac of macs) await broadcast(magicPacket(mac));
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          throw new BmcError('unreachable', `the magic packet could not be sent: ${message}`, { cause: error });
        }
      },
    },
    async close() {},
  };
}

/** AMD's Magic Packet Technology (20213): six bytes of ff, then the address sixteen times. */
export function magicPacket(mac: string): Uint8Array {
  const address = Buffer.from(mac.replaceAll(/[:-]/g, ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: REPETITIONS }, () => address)]);
}

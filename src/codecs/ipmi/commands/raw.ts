import type { IpmiCommand } from '../command.ts';

/**
 * Whatever an operator types: `raw 0x00 0x08 0x03 0x08`. What it does nobody knows, so it is sent once.
 *
 * @throws RangeError for numbers that are no bytes, or an odd network function
 */
export function rawCommand(netFn: number, command: number, data: readonly number[]): IpmiCommand<Uint8Array> {
  for (const byte of [netFn, command, ...data]) {
    if (!Number.isInteger(byte) || byte < 0 || byte > 0xff) throw new RangeError(`${byte} is no byte`);
  }
  if (netFn > 0x3e || netFn % 2 !== 0) throw new RangeError(`${netFn} is no network function of a request`);
  return {
    name: 'raw',
    netFn,
    command,
    data: Uint8Array.from(data),
    isRepeatable: false,
    read: (answer) => answer.slice(),
  };
}

import { BmcError } from '../bmc/driver.ts';
import { HostRefused } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import { mendOf } from './mends.ts';

/** A BMC's word as an error for people. */
export async function askPatiently<T>(node: Node, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RangeError) throw new HostRefused(`${node.name}: ${error.message}`, 'Use another one.', error);
    if (!(error instanceof BmcError)) throw error;
    throw new HostRefused(`the BMC of ${node.name}: ${error.message}`, mendOf(error, node), error);
  }
}

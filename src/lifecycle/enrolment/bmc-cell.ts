import { BMC_DRIVERS, type NodeBmc } from '../../domain/node.ts';
import type { NodeField } from './columns.ts';

export type BmcColumn = Extract<NodeField, `bmc${string}`>;

type BmcCell = { readonly key: keyof NodeBmc; readonly value: unknown } | { readonly mend: string };

/** What a cell says of a node's BMC, or how it has to be written. */
export function bmcCell(field: BmcColumn, cell: string): BmcCell {
  switch (field) {
    case 'bmcDriver':
      return (BMC_DRIVERS as readonly string[]).includes(cell)
        ? { key: 'driver', value: cell }
        : { mend: `Use one of ${BMC_DRIVERS.join(', ')}.` };
    case 'bmcPort':
      return /^[0-9]{1,5}$/.test(cell) ? { key: 'port', value: Number(cell) } : { mend: 'Use 1 to 65535.' };
    case 'bmcCipherSuite':
      return /^[0-9]{1,3}$/.test(cell) ? { key: 'cipherSuite', value: Number(cell) } : { mend: 'Use 17 or 3.' };
    case 'bmcWakeOnLan':
      return /^(?:true|false|yes|no)$/i.test(cell)
        ? { key: 'wakeOnLan', value: /^(?:true|yes)$/i.test(cell) }
        : { mend: 'Write true or false.' };
    case 'bmcCommand': {
      const words = wordsOf(cell);
      return words === undefined
        ? { mend: 'Write a JSON list, as ["/usr/local/bin/pdu", "{action}", "{name}"].' }
        : { key: 'command', value: words };
    }
    case 'bmcHost':
      return { key: 'host', value: cell };
    case 'bmcCredentials':
      return { key: 'credentials', value: cell };
    case 'bmcFingerprint':
      return { key: 'fingerprint', value: cell };
  }
}

function wordsOf(cell: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(cell);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

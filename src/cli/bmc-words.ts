import { InvalidArgumentError } from 'commander';
import type { NodePatchBody } from '../api/schemas/node.ts';

type BmcBody = NonNullable<NodePatchBody['bmc']>;

/** One `--bmc driver=ipmi,host=10.77.1.10,credentials=dgx`: key to value, an empty value removes. */
export type BmcWords = ReadonlyMap<string, string>;

const KEYS = ['driver', 'host', 'port', 'credentials', 'fingerprint', 'cipherSuite', 'wakeOnLan'];

export const BMC_HELP = `how its power is reached, as driver=ipmi,host=IP,credentials=NAME (keys: ${KEYS.join(', ')}; drivers: auto, ipmi, redfish, command, none)`;

export function readBmcWords(text: string): BmcWords {
  const words = new Map<string, string>();
  for (const word of text.split(',')) {
    const at = word.indexOf('=');
    const key = word.slice(0, at);
    if (at < 1 || !KEYS.includes(key)) throw new InvalidArgumentError(`Write key=value; keys are ${KEYS.join(', ')}.`);
    words.set(key, word.slice(at + 1));
  }
  return words;
}

export function bmcBody(words: BmcWords): BmcBody {
  return Object.fromEntries([...words].map(([key, value]) => [key, bmcValue(key, value)])) as BmcBody;
}

function bmcValue(key: string, value: string): string | number | boolean | null {
  if (value === '') return null;
  if (key === 'port' || key === 'cipherSuite') return Number(value);
  return key === 'wakeOnLan' ? value === 'true' || value === 'yes' : value;
}

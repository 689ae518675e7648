import type { SwitchPort } from '../../domain/node.ts';

/** What a switch means by the bytes of a sub-option of option 82, where they are text: `Ethernet1/7`. */
export function subOptionText(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex');
  // Some send the text with a closing zero.
  const text = (bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes).toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) ? text : undefined;
}

/**
 * The number of the port: the last one in the text, or else the last byte, which is the port in the form that most switches
 * send without a text (VLAN, module, port). Undefined where there is no sub-option 1.
 */
export function portNumber({ circuitId }: SwitchPort): string | undefined {
  if (circuitId === undefined || circuitId === '') return undefined;
  const text = subOptionText(circuitId);
  if (text !== undefined) return /([0-9]+)[^0-9]*$/.exec(text)?.[1];
  return String(Number.parseInt(circuitId.slice(-2), 16));
}

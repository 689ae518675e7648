import type { Node } from '../domain/node.ts';
import type { JobAction } from '../domain/power.ts';

/** After the node's name. */
export const DONE: Readonly<Record<JobAction, string>> = {
  on: 'is on',
  off: 'is off',
  cycle: 'was off and is on',
  soft: 'has shut down',
  reset: 'was reset',
  'network-boot': 'boots from the network',
  'disk-first': 'boots from its disk first',
  'on-when-off': 'is on again',
};

export function wokenText({ name }: Node): string {
  return `a magic packet was sent for ${name}`;
}

/** A machine that was started from the network, and was not seen there. */
export function notSeenText(
  { name, bmc }: Node,
  { times, lateMs, isOff }: { readonly times: number; readonly lateMs: number; readonly isOff: boolean },
): { readonly text: string; readonly mend: string } {
  const often = times === 1 ? 'once' : `${times} times`;
  const late = `has not asked for an address within ${Math.round(lateMs / 1_000)} s`;
  if (bmc?.driver === 'none')
    return {
      text: `${name} was sent a magic packet ${often}, and ${late}`,
      mend: 'Use its button. Is Wake-on-LAN on in its firmware, and the network first in its boot order? A machine that is on does not hear it.',
    };
  const seen = `podboot diagnose ${name} has what was seen.`;
  return {
    text: `${name} was started from the network ${often}, and ${late}`,
    mend: isOff
      ? `It is off again: podboot bmc log ${name} says what its BMC saw.`
      : `Look at its console (podboot console ${name}): in its setup, is the network boot of this port on? Is it another port that boots? ${seen}`,
  };
}

import { BmcError } from '../bmc/driver.ts';
import type { Node } from '../domain/node.ts';

/** What a person does about what a BMC said. */
export function mendOf({ failure, mend }: BmcError, { name }: Pick<Node, 'name'>): string {
  if (mend !== undefined) return mend;
  switch (failure) {
    case 'unreachable':
      return `Is its address right, and IPMI over LAN switched on in it? podboot bmc test ${name}`;
    case 'no-answer':
      return `If it stays silent, its BMC needs a cold reset or its machine a power cycle by hand; podboot bmc test ${name}`;
    case 'credentials':
      return `podboot bmc credentials set NAME --user USER, then podboot bmc test ${name}`;
    case 'privilege':
      return 'Give its user the privilege ADMINISTRATOR on the BMC’s LAN channel.';
    case 'busy':
      return 'All of its sessions are taken: end a console or a browser session on it, or wait a minute.';
    case 'not-trusted':
      return `If its certificate was changed on purpose: podboot nodes set ${name} --bmc fingerprint=SHA256`;
    case 'refused':
      return `podboot bmc log ${name} says what the BMC saw.`;
  }
}

/** The driver of a BMC does not have it, and will not have it for the asking. */
export function lacks({ name }: { readonly name: string }, what: string): BmcError {
  const mend = 'docs/power.md says what each driver does; podboot nodes set NODE --bmc driver=… names another.';
  return new BmcError('refused', `the driver ${name} ${what}`, { mend });
}

const RANGE = /^([^[\]]*)\[([^[\]]*)\](.*)$/s;
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A range that Ansible refuses, or that stands for too many hosts; the message is for people. */
export class BadRange extends Error {}

/**
 * Hosts that a pattern of an inventory stands for: `dgx[01:04]`, `db[a:f]`, `n[0:10:2]`, several of them multiplied (Ansible,
 * plugins/inventory/__init__.py, `expand_hostname_range`). Not Slurm's notation: a colon, not a hyphen.
 *
 * @throws BadRange
 */
export function expandHostRange(pattern: string, maxHosts: number): string[] {
  const match = RANGE.exec(pattern);
  if (match === null) {
    if (/[[\]]/.test(pattern)) throw new BadRange(`“${pattern}” has a bracket without its other half`);
    return [pattern];
  }
  const [, head = '', range = '', tail = ''] = match;
  const tails = expandHostRange(tail, maxHosts);
  const hosts: string[] = [];
  for (const middle of sequence(range, maxHosts)) {
    for (const rest of tails) hosts.push(`${head}${middle}${rest}`);
    if (hosts.length > maxHosts) throw new BadRange(`“${pattern}” stands for more than ${maxHosts} hosts`);
  }
  return hosts;
}

function* sequence(range: string, maxHosts: number): Generator<string> {
  const bounds = range.split(':');
  const [low = '', high = '', stepText = '1'] = bounds;
  const step = Number(stepText === '' ? '1' : stepText);
  if (bounds.length < 2 || bounds.length > 3 || high === '' || !Number.isSafeInteger(step) || step < 1) {
    throw new BadRange(`“[${range}]” is no range: write [01:04] or [a:f]`);
  }
  const first = low === '' ? '0' : low;
  if (/^[0-9]{1,15}$/.test(first) && /^[0-9]{1,15}$/.test(high)) {
    // A zero at the front of the first pads all of it.
    const width = first.length > 1 && first.startsWith('0') ? first.length : 0;
    if (width > 0 && width !== high.length) throw new BadRange(`“[${range}]” must have bounds of equal length`);
    if (Number(first) > Number(high)) throw new BadRange(`“[${range}]” runs backwards`);
    if ((Number(high) - Number(first)) / step > maxHosts)
      throw new BadRange(`“[${range}]” stands for more than ${maxHosts} hosts`);
    for (let number = Number(first); number <= Number(high); number += step) yield String(number).padStart(width, '0');
    return;
  }
  const from = LETTERS.indexOf(first);
  const to = LETTERS.indexOf(high);
  if (first.length !== 1 || high.length !== 1 || from === -1 || to < from) {
    throw new BadRange(`“[${range}]” is no range: write [01:04] or [a:f]`);
  }
  for (let index = from; index <= to; index += step) yield LETTERS[index] as string;
}

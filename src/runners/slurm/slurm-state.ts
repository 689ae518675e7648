import type { SlurmNode } from '../../domain/schedulers.ts';

/** What `sinfo`'s long words (`%T`) mean beside the state itself, of sinfo(1) "NODE STATE CODES". */
const WORDS: Readonly<Record<string, readonly [base: string, ...flags: string[]]>> = {
  drained: ['idle', 'drain'],
  draining: ['mixed', 'drain'],
  drain: ['idle', 'drain'],
  fail: ['idle', 'fail'],
  failing: ['mixed', 'fail'],
  completing: ['idle', 'completing'],
  'allocated+': ['allocated', 'completing'],
  maint: ['idle', 'maintenance'],
  reserved: ['idle', 'reserved'],
  planned: ['idle', 'planned'],
  blocked: ['idle', 'blocked'],
  perfctrs: ['idle', 'perfctrs'],
  inval: ['idle', 'invalid-reg'],
  reboot: ['idle', 'reboot-requested'],
  rebooting: ['idle', 'reboot-issued'],
  power_down: ['idle', 'power-down'],
  powering_down: ['idle', 'powering-down'],
  powered_down: ['idle', 'powered-down'],
  powering_up: ['idle', 'powering-up'],
};

/** What the signs behind those words mean. */
const SIGNS: Readonly<Record<string, string>> = {
  '*': 'not-responding',
  '~': 'powered-down',
  '#': 'powering-up',
  '!': 'power-down',
  '%': 'powering-down',
  $: 'maintenance',
  '@': 'reboot-requested',
  '^': 'reboot-issued',
  '-': 'planned',
};

const BASES: ReadonlySet<string> = new Set([
  'idle',
  'mixed',
  'allocated',
  'down',
  'error',
  'future',
  'unknown',
  'invalid',
]);

/**
 * A state from any of the spellings: `mixed`, `IDLE+DRAIN`, `drained*`, `["IDLE", "NOT_RESPONDING"]`.
 * @param words in the order in which Slurm gives them; what is no state is a flag
 */
export function readState(words: readonly string[]): Pick<SlurmNode, 'base' | 'flags'> {
  let base: string | undefined;
  const flags = new Set<string>();
  const take = (word: string) => {
    if (BASES.has(word)) base ??= word;
    else if (word !== '') flags.add(word.replaceAll('_', '-'));
  };
  for (const text of words.flatMap((each) => each.toLowerCase().split(/\+(?=.)/))) {
    const sign = WORDS[text] === undefined ? SIGNS[text.at(-1) ?? ''] : undefined;
    const word = sign === undefined ? text : text.slice(0, -1);
    if (sign !== undefined) flags.add(sign);
    for (const each of WORDS[word] ?? [word]) take(each);
  }
  return { base: base ?? 'unknown', flags: [...flags].sort() };
}

const AWAY: readonly string[] = [
  'not-responding',
  'powered-down',
  'powering-down',
  'power-down',
  'powering-up',
  'maintenance',
  'reboot-issued',
  'invalid-reg',
  'blocked',
];

/** Jobs are sent there, or would be once the node answers. */
export function isOpen({ base, flags }: SlurmNode): boolean {
  return !['down', 'error', 'future', 'invalid'].includes(base) && !flags.includes('drain') && !flags.includes('fail');
}

/** Whether its slurmd is there and well, whether or not it is let do anything. */
export function isWell({ base, flags }: SlurmNode): boolean {
  return base !== 'unknown' && base !== 'future' && base !== 'error' && !flags.some((flag) => AWAY.includes(flag));
}

/** `draining (k8s)`, `down, not responding (Node unexpectedly rebooted)`. */
export function stateWords(node: SlurmNode): string {
  const isDrained = node.flags.includes('drain');
  const runs = node.base === 'mixed' || node.base === 'allocated' || node.flags.includes('completing');
  const word = isDrained && node.base !== 'down' ? (runs ? 'draining' : 'drained') : node.base;
  const others = node.flags.filter((flag) => flag !== 'drain').map((flag) => flag.replaceAll('-', ' '));
  const state = [word, ...others].join(', ');
  return node.reason === undefined ? state : `${state} (${node.reason})`;
}

/**
 * Reasons that a node may be taken back into use after: ours, those of DeepOps' doctl.sh, and slurmctld's own for a node that
 * went away and is back (slurmctld/node_mgr.c). Everything else somebody wrote for a purpose: a failed GPU, a repair.
 */
const HARMLESS: readonly RegExp[] = [
  /^(?:k8s|slurm)$/i,
  /^podboot\b/i,
  /^(?:reboot(?:ed)?|reboot-unexpected|Node unexpectedly rebooted)\b/i,
  /^Not responding$/i,
  /^Reboot (?:ASAP|complete)\b/i,
];

export function isHarmless(reason: string): boolean {
  return HARMLESS.some((pattern) => pattern.test(withoutSignature(reason)));
}

/** Down since it was started again without Slurm having been told: the guide sets such a node idle. */
export function isUnexpectedReboot({ base, reason }: SlurmNode): boolean {
  return base === 'down' && /^(?:reboot|Node unexpectedly rebooted)/i.test(reason ?? '');
}

/** Some versions put the writer behind it: `k8s [root@2026-01-01T10:00:00]`. */
export function withoutSignature(reason: string): string {
  return reason.replace(/\s*\[[^\]@]*@[^\]]*\]\s*$/, '').trim();
}

import type { WantedPacket } from './firewall.ts';

/** What becomes of a packet; `chain` as `nft` names it: `inet filter input`. */
export interface Verdict {
  readonly kind: 'accept' | 'drop' | 'unsure';
  readonly why?: string;
  readonly chain?: string;
}

type Json = Readonly<Record<string, unknown>>;

interface Chain {
  readonly id: string;
  readonly hook: string | undefined;
  readonly priority: number;
  readonly policy: string;
  readonly rules: Json[][];
}

type Match = 'yes' | 'no' | 'unsure';

const FAMILIES = new Set(['ip', 'inet']);
const MOST_JUMPS = 16;

/**
 * Takes a packet through the input chains of `nft -j list ruleset` (libnftables-json(5)): those of a firewall as people
 * write them. What is not understood makes the outcome unsure, never wrong.
 */
export function judgePacket(ruleset: unknown, packet: WantedPacket): Verdict {
  const chains = readChains(ruleset);
  const hooked = [...chains.values()].filter(({ hook }) => hook === 'input').sort((a, b) => a.priority - b.priority);
  let unsure: Verdict | undefined;
  for (const chain of hooked) {
    const walk: Walk = { chains, packet, doubts: [] };
    const sure = through(chain, walk, 0) ?? byPolicy(chain);
    const other = walk.doubts.find(({ kind }) => kind !== sure.kind);
    // Each table has its say: one that accepts does not keep the next from dropping.
    if (other === undefined && sure.kind === 'drop') return sure;
    if (other !== undefined) unsure ??= { ...(sure.kind === 'drop' ? sure : other), kind: 'unsure' };
  }
  return unsure ?? { kind: 'accept' };
}

interface Walk {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly packet: WantedPacket;
  /** What rules would decide of which nobody knows whether they match. */
  readonly doubts: Verdict[];
}

function byPolicy({ policy, id }: Chain): Verdict {
  return policy === 'drop' ? { kind: 'drop', why: `the policy of ${id}`, chain: id } : { kind: 'accept' };
}

/** Undefined: no rule has decided for sure. */
function through(chain: Chain, walk: Walk, depth: number): Verdict | undefined {
  for (const rule of chain.rules) {
    const { match, verdict, isReturn = false } = byRule(rule, chain, walk, depth);
    if (match === 'yes' && (verdict !== undefined || isReturn)) return verdict;
    if (match === 'unsure' && verdict !== undefined) walk.doubts.push(verdict);
  }
  return undefined;
}

interface RuleOutcome {
  readonly match: Match;
  /** Undefined: it decides nothing. */
  readonly verdict?: Verdict | undefined;
  readonly isReturn?: boolean;
}

function byRule(rule: readonly Json[], chain: Chain, walk: Walk, depth: number): RuleOutcome {
  let match: Match = 'yes';
  for (const statement of rule) {
    if ('match' in statement) {
      const one = matches(statement.match as Json, walk.packet);
      if (one === 'no') return { match: 'no' };
      if (one === 'unsure') match = 'unsure';
      continue;
    }
    if ('accept' in statement) return { match, verdict: { kind: 'accept' } };
    if ('drop' in statement || 'reject' in statement) {
      const word = 'drop' in statement ? 'drops' : 'rejects';
      return { match, verdict: { kind: 'drop', why: `a rule of ${chain.id} ${word} it`, chain: chain.id } };
    }
    if ('return' in statement) return { match, isReturn: true };
    const target = targetOf(statement);
    if (target !== undefined) {
      const next = walk.chains.get(`${chain.id.split(' ').slice(0, 2).join(' ')} ${target}`);
      return { match, verdict: next === undefined || depth >= MOST_JUMPS ? undefined : through(next, walk, depth + 1) };
    }
    // Old extensions, limits, maps: they may or may not match. Counters and logs change nothing.
    if ('xt' in statement || 'limit' in statement || 'vmap' in statement) match = 'unsure';
  }
  return { match };
}

function targetOf(statement: Json): string | undefined {
  const jump = (statement.jump ?? statement.goto) as Json | undefined;
  return typeof jump?.target === 'string' ? jump.target : undefined;
}

function matches({ left, right, op }: Json, packet: WantedPacket): Match {
  const value = fieldOf(left as Json, packet);
  if (value === undefined) return 'unsure';
  const within = isWithin(right, value);
  if (within === 'unsure') return 'unsure';
  return (op === '!=') === (within === 'no') ? 'yes' : 'no';
}

/** What the packet has there; undefined where that is not known. */
function fieldOf(left: Json | undefined, { interfaceName, protocol, port }: WantedPacket): string | number | undefined {
  const meta = (left?.meta as Json | undefined)?.key;
  if (meta === 'iifname' || meta === 'iif') return interfaceName;
  if (meta === 'l4proto') return protocol;
  if (meta === 'nfproto') return 'ipv4';
  const payload = left?.payload as Json | undefined;
  if (payload?.protocol === 'ip' && payload.field === 'protocol') return protocol;
  const isTransport = payload?.protocol === 'udp' || payload?.protocol === 'tcp' || payload?.protocol === 'th';
  if (isTransport && payload?.field === 'dport')
    return payload.protocol === 'th' || payload.protocol === protocol ? port : -1;
  if (payload?.protocol === 'ip6' || payload?.protocol === 'icmp' || payload?.protocol === 'icmpv6') return -1;
  // The first packet of a machine: nobody has spoken to it before.
  if ((left?.ct as Json | undefined)?.key === 'state') return 'new';
  return undefined;
}

function isWithin(right: unknown, value: string | number): Match {
  if (Array.isArray(right)) return anyOf(right, value);
  if (typeof right === 'string') return fits(right, value);
  if (typeof right === 'number') return right === value ? 'yes' : 'no';
  const set = (right as Json | null)?.set;
  if (Array.isArray(set)) return anyOf(set, value);
  const range = (right as Json | null)?.range;
  if (Array.isArray(range))
    return Number(range[0]) <= Number(value) && Number(value) <= Number(range[1]) ? 'yes' : 'no';
  return 'unsure';
}

function anyOf(values: readonly unknown[], value: string | number): Match {
  const found = values.map((each) => isWithin(each, value));
  return found.includes('yes') ? 'yes' : found.includes('unsure') ? 'unsure' : 'no';
}

/** `eno*` is any interface of that name; `@set` is one that is kept elsewhere. */
function fits(pattern: string, value: string | number): Match {
  if (pattern.startsWith('@')) return 'unsure';
  if (pattern.endsWith('*')) return String(value).startsWith(pattern.slice(0, -1)) ? 'yes' : 'no';
  return pattern === String(value) ? 'yes' : 'no';
}

function readChains(ruleset: unknown): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const entries = (ruleset as Json | null)?.nftables;
  for (const entry of Array.isArray(entries) ? (entries as Json[]) : []) {
    const chain = entry.chain as Json | undefined;
    if (chain !== undefined && FAMILIES.has(String(chain.family))) {
      const id = `${chain.family} ${chain.table} ${chain.name}`;
      const hook = chain.type === 'filter' && typeof chain.hook === 'string' ? chain.hook : undefined;
      chains.set(id, {
        id,
        hook,
        priority: Number(chain.prio ?? 0),
        policy: String(chain.policy ?? 'accept'),
        rules: [],
      });
    }
    const rule = entry.rule as Json | undefined;
    if (rule !== undefined && Array.isArray(rule.expr)) {
      chains.get(`${rule.family} ${rule.table} ${rule.chain}`)?.rules.push(rule.expr as Json[]);
    }
  }
  return chains;
}

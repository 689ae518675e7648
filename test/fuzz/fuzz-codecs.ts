import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MalformedPacket } from '../../src/codecs/malformed-packet.ts';
import { goldenDhcp } from '../codecs/golden/dhcp.ts';
import { goldenDnsAnswers, goldenDnsQueries } from '../codecs/golden/dns.ts';
import { goldenTftp } from '../codecs/golden/tftp.ts';
import { type Check, checkDhcp, checkTftp, optionTargets } from './codec-targets.ts';
import { checkDnsMessage, checkDnsQuery } from './dns-targets.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export interface FuzzReport {
  readonly packets: number;
  /** Of these, still well-formed after their mutations. A fuzzer that finds none tests nothing. */
  readonly wellFormed: number;
  readonly malformed: number;
  readonly slowestMs: number;
  readonly heapGrowthBytes: number;
}

interface FuzzTarget {
  readonly name: string;
  readonly check: Check;
  readonly seeds: readonly Uint8Array[];
}

/** A packet that takes longer could be used to stall the loop that answers everybody. */
export const SLOW_PACKET_MS = 50;

const TARGETS: readonly FuzzTarget[] = [
  { name: 'decodeDhcp', check: checkDhcp, seeds: Object.values(goldenDhcp) },
  { name: 'decodeTftp', check: checkTftp, seeds: Object.values(goldenTftp) },
  { name: 'readQuery', check: checkDnsQuery, seeds: Object.values(goldenDnsQueries) },
  { name: 'readMessage', check: checkDnsMessage, seeds: Object.values(goldenDnsAnswers) },
  ...optionTargets.map(({ code, check, seeds }) => ({ name: `option ${code}`, check, seeds })),
];

/**
 * Mutated packets for every codec; the same seed gives the same packets.
 *
 * @throws Error that names the packet, where a codec throws anything but MalformedPacket, changes a value between
 *   decoding, encoding and decoding, or takes longer than SLOW_PACKET_MS
 */
export function fuzzCodecs(seed: number, packets: number): FuzzReport {
  const random = new Random(seed);
  const collectGarbage = garbageCollector();
  let wellFormed = 0;
  let slowestMs = 0;
  let heapBefore = 0;
  for (let index = 0; index < packets; index += 1) {
    if (index === Math.floor(packets / 10)) heapBefore = heapAfter(collectGarbage);
    const { name, check, seeds } = pickTarget(random);
    const packet = mutate(seeds, random);
    const startedAt = performance.now();
    try {
      check(packet);
      wellFormed += 1;
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw new Error(describe(name, seed, index, packet), { cause: error });
    }
    let tookMs = performance.now() - startedAt;
    if (tookMs > SLOW_PACKET_MS) tookMs = fastestMs(check, packet);
    if (tookMs > SLOW_PACKET_MS) throw new Error(`${Math.round(tookMs)} ms: ${describe(name, seed, index, packet)}`);
    slowestMs = Math.max(slowestMs, tookMs);
  }
  return {
    packets,
    wellFormed,
    malformed: packets - wellFormed,
    slowestMs,
    heapGrowthBytes: heapAfter(collectGarbage) - heapBefore,
  };
}

/** Most packets are whole messages; DHCP's options then go to the options' codecs. */
function pickTarget(random: Random): FuzzTarget {
  const roll = random.below(10);
  if (roll < 4) return TARGETS[0]!;
  return roll < 5
    ? TARGETS[1]!
    : roll < 8
      ? TARGETS[2 + random.below(2)]!
      : TARGETS[4 + random.below(TARGETS.length - 4)]!;
}

/** Another process may have had the CPU: only a packet that is slow each time is slow. */
function fastestMs(check: Check, packet: Uint8Array): number {
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    try {
      check(packet);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
    }
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}

function describe(name: string, seed: number, index: number, packet: Uint8Array): string {
  return `${name}, seed ${seed}, packet ${index}: ${Buffer.from(packet).toString('hex')}`;
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

function heapAfter(collectGarbage: () => void): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

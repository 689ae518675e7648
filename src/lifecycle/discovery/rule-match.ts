import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import { type Ipv4, subnetContains } from '../../domain/ipv4.ts';
import type { DiscoveryMatch, DiscoveryRule } from '../../domain/settings.ts';
import { matchPattern, readPattern } from '../../domain/text-pattern.ts';
import { subOptionText } from './switch-port-text.ts';

/** What a rule looks at. */
export interface MachineFacts {
  readonly machine: DiscoveredMachine;
  readonly vendor?: string;
  /** Ours on the interface where it was heard. */
  readonly interfaceAddress?: Ipv4;
}

/** The words of the rule's patterns as the machine has them; undefined: the rule is not for it. */
export type RuleWords = ReadonlyMap<string, string>;

/** A test that fits, with the words that it found. */
type Fit = RuleWords | undefined;
const NO_WORDS: RuleWords = new Map();

/** Everything that the rule names has to fit. */
export function matchRule({ match }: DiscoveryRule, facts: MachineFacts): Fit {
  const words = new Map<string, string>();
  for (const fit of fits(match, facts)) {
    if (fit === undefined) return undefined;
    for (const [word, value] of fit) words.set(word, value);
  }
  return words;
}

/** One for each thing that the rule names, as far as they are looked at. */
function* fits(match: DiscoveryMatch, { machine, vendor, interfaceAddress }: MachineFacts): Generator<Fit> {
  const { mac, uuid, serialNumber, vendorClass, architecture, firmware, switchPort } = machine;
  if (match.oui !== undefined) yield when(mac?.startsWith(match.oui) === true);
  if (match.architecture !== undefined) yield when(architecture === match.architecture);
  if (match.firmware !== undefined) yield when(firmware === match.firmware);
  if (match.subnet !== undefined) {
    const place = machine.address ?? machine.relay ?? interfaceAddress;
    yield when(place !== undefined && subnetContains(match.subnet, place));
  }
  if (match.vendor !== undefined) yield when(vendor?.toLowerCase().includes(match.vendor.toLowerCase()) === true);
  if (match.mac !== undefined) yield pattern(match.mac, mac);
  if (match.uuid !== undefined) yield pattern(match.uuid, uuid);
  if (match.serialNumber !== undefined) yield pattern(match.serialNumber, serialNumber);
  if (match.vendorClass !== undefined) yield pattern(match.vendorClass, vendorClass);
  if (match.circuitId !== undefined) yield subOption(match.circuitId, switchPort?.circuitId);
  if (match.remoteId !== undefined) yield subOption(match.remoteId, switchPort?.remoteId);
}

function when(fits: boolean): Fit {
  return fits ? NO_WORDS : undefined;
}

function pattern(written: string, text: string | undefined): Fit {
  if (text === undefined) return undefined;
  const compiled = readOnce(written);
  return 'reason' in compiled ? undefined : matchPattern(compiled, text);
}

/** Rules are matched against thousands of machines. */
const patterns = new Map<string, ReturnType<typeof readPattern>>();
/** More than a configuration has; what a reload took away makes room. */
const MAX_READ = 4_096;

function readOnce(written: string): ReturnType<typeof readPattern> {
  let found = patterns.get(written);
  if (found === undefined) {
    if (patterns.size >= MAX_READ) patterns.clear();
    found = readPattern(written);
    patterns.set(written, found);
  }
  return found;
}

const TEXT_MARK = 'text:';

/** As in reservations: `text:Ethernet1/{port}`, else hex digits. */
function subOption(written: string, hex: string | undefined): Fit {
  if (hex === undefined) return undefined;
  if (!written.startsWith(TEXT_MARK)) return pattern(written, hex);
  return pattern(written.slice(TEXT_MARK.length), subOptionText(hex));
}

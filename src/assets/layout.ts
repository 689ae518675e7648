import type { Architecture, AssetKind } from '../domain/asset.ts';
import type { Medium } from './medium.ts';

/** What is taken of a medium, and what it says of itself. */
export interface Layout {
  readonly kind: AssetKind;
  readonly release: string;
  /** As the medium says; absent where only the kernel tells. */
  readonly architecture?: Architecture;
  /** Begins the name that the asset gets unless told: `rocky`. */
  readonly family: string;
  readonly title: string;
  /** Paths on the medium. */
  readonly kernel: string;
  readonly initrds: readonly string[];
  /** Its installer fetches the ISO whole. */
  readonly keepsIso: boolean;
  /** Its installer reads the unpacked tree. */
  readonly keepsTree: boolean;
  readonly notes: readonly string[];
}

/** One way in which media are laid out. A new one is one file and one line in recognise.ts. */
export interface LayoutReader {
  /** For the error that lists what was looked for. */
  readonly looksFor: string;
  /** Undefined: it is another. @throws UnreadableMedium where it is this one and lacks something */
  read(medium: Medium): Promise<Layout | undefined>;
}

const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ['amd64', 'amd64'],
  ['x86_64', 'amd64'],
  ['arm64', 'arm64'],
  ['aarch64', 'arm64'],
]);

export function architectureNamed(word: string | undefined): Architecture | undefined {
  return ARCHITECTURES.get(word?.toLowerCase() ?? '');
}

/** The first architecture that a text names as a word. */
export function architectureIn(text: string): Architecture | undefined {
  return architectureNamed(/(?<![a-z0-9_])(amd64|x86_64|arm64|aarch64)(?![a-z0-9_])/i.exec(text)?.[1]);
}

/** One line of printable characters, as `.disk/info` is meant to be. */
export function titleOf(text: string): string {
  return (text.split('\n')[0] ?? '')
    .replace(/[^\x20-\x7e]/g, '')
    .trim()
    .slice(0, 200);
}

import type { Layout, LayoutReader } from './layout.ts';
import { casper } from './layouts/casper.ts';
import { debianCd, netboot } from './layouts/debian-installer.ts';
import { redHat } from './layouts/red-hat.ts';
import { fileAt, type Medium, printablePath, UnreadableMedium } from './medium.ts';

/** In the order in which they are tried: what carries most of a name of its own first. */
const LAYOUTS: readonly LayoutReader[] = [redHat, casper, netboot, debianCd];

/** What the operator says himself, for a layout that podboot doesn't know. */
export interface ByHand {
  /** Paths on the medium. */
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly release?: string;
}

/** @throws UnreadableMedium with everything that was looked for */
export async function recognise(medium: Medium): Promise<Layout> {
  for (const layout of LAYOUTS) {
    const found = await layout.read(medium);
    if (found !== undefined) return found;
  }
  const wanted = LAYOUTS.map(({ looksFor }) => looksFor).join('; ');
  throw new UnreadableMedium(
    `${medium.path} is laid out like nothing that podboot knows. Looked for: ${wanted}`,
    'Name its files yourself: --kernel PATH --initrd PATH, as they are on the medium.',
  );
}

/** @throws UnreadableMedium */
export function layoutByHand(medium: Medium, { kernel, initrds, release = '' }: ByHand): Layout {
  for (const path of [kernel, ...initrds]) {
    if (fileAt(medium, path) !== undefined) continue;
    const entry = medium.entries.get(path);
    const why = entry?.target === undefined ? 'holds no file' : `has a link to ${printablePath(entry.target)} as`;
    throw new UnreadableMedium(
      `${medium.path} ${why} ${printablePath(path)}`,
      'Write its path from the top of the medium, without a leading slash.',
    );
  }
  return {
    kind: 'other',
    release,
    family: 'other',
    title: medium.volumeId,
    kernel,
    initrds,
    keepsIso: false,
    keepsTree: false,
    notes: [],
  };
}

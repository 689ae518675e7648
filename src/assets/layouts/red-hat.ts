import { architectureNamed, type Layout, type LayoutReader, titleOf } from '../layout.ts';
import { fileAt, type Medium, readText, UnreadableMedium } from '../medium.ts';

const KERNEL = 'images/pxeboot/vmlinuz';
const INITRD = 'images/pxeboot/initrd.img';

/** Rocky Linux and whatever else Anaconda installs: RHEL, AlmaLinux, CentOS Stream, Fedora. */
export const redHat: LayoutReader = {
  looksFor: `.treeinfo and ${KERNEL} (Rocky Linux, RHEL)`,

  async read(medium): Promise<Layout | undefined> {
    const text = await readText(medium, '.treeinfo');
    if (text === undefined) return undefined;
    const info = parseTreeInfo(text);
    const general = info.get('general');
    if (general === undefined) return undefined;
    const images = info.get(`images-${general.get('arch') ?? ''}`);
    const kernel = inTree(medium, images?.get('kernel') ?? KERNEL);
    const initrd = inTree(medium, images?.get('initrd') ?? INITRD);
    const family = general.get('family') ?? general.get('name') ?? '';
    const architecture = architectureNamed(general.get('arch'));
    return {
      kind: 'rocky',
      release: general.get('version') ?? '',
      ...(architecture === undefined ? {} : { architecture }),
      family: slug(family),
      title: titleOf(general.get('name') ?? family),
      kernel,
      initrds: [initrd],
      keepsIso: false,
      keepsTree: true,
      notes: hasPackages(medium)
        ? []
        : ['it holds no packages (no repodata): give the installer a mirror as well, as a boot ISO needs one'],
    };
  },
};

function inTree(medium: Medium, path: string): string {
  if (fileAt(medium, path) !== undefined) return path;
  throw new UnreadableMedium(
    `${medium.path}: its .treeinfo names ${path}, which it does not hold`,
    'Take the whole tree: the DVD or boot ISO, or all of the mirror’s os folder.',
  );
}

function hasPackages(medium: Medium): boolean {
  for (const path of medium.entries.keys()) if (path.endsWith('repodata/repomd.xml')) return true;
  return false;
}

/** `Rocky Linux` is `rocky`, `Red Hat Enterprise Linux` is `rhel`. */
function slug(family: string): string {
  if (/red hat enterprise/i.test(family)) return 'rhel';
  return (family.split(/\s+/)[0] ?? '').toLowerCase().replace(/[^a-z0-9]/g, '') || 'linux';
}

/** productmd's .treeinfo: sections of `key = value`. */
export function parseTreeInfo(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const pair = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
    if (heading !== undefined) {
      section = sections.get(heading) ?? new Map();
      sections.set(heading, section);
    } else if (pair !== null) section.set((pair[1] ?? '').toLowerCase(), pair[2] ?? '');
  }
  return sections;
}

import { architectureIn, type Layout, type LayoutReader } from '../layout.ts';
import { fileAt, type Medium, UnreadableMedium } from '../medium.ts';
import { dgxRelease, diskInfo, firstRelease } from './disk-info.ts';

/** Of Ubuntu's live systems, and of Debian's live-boot, which DGX OS 5 starts. */
const PAIRS: readonly (readonly [kernel: string, initrds: readonly string[]])[] = [
  ['casper/vmlinuz', ['casper/initrd', 'casper/initrd.gz', 'casper/initrd.lz']],
  ['live/vmlinuz', ['live/initrd', 'live/initrd.img']],
  ['vmlinuz', ['initrd', 'initrd.img', 'initrd.gz']],
];

/** Ubuntu's live server, and DGX OS from 5 on: their installers fetch the ISO whole. */
export const casper: LayoutReader = {
  looksFor: 'casper/vmlinuz and casper/initrd (Ubuntu live-server ISO, DGX OS 6 and 7)',

  async read(medium): Promise<Layout | undefined> {
    const pair = findPair(medium);
    if (pair === undefined) return undefined;
    const [kernel, initrd] = pair;
    const info = await diskInfo(medium);
    const release = dgxRelease(medium, info);
    const isUbuntu = kernel.startsWith('casper/');
    if (release === undefined && !isUbuntu) return undefined;
    if (!medium.isIso) {
      throw new UnreadableMedium(
        `${medium.path} is an unpacked ISO, and its installer fetches the ISO itself`,
        'Import the ISO file.',
      );
    }
    const architecture = architectureIn(info);
    const shared = {
      ...(architecture === undefined ? {} : { architecture }),
      title: info,
      kernel,
      initrds: [initrd],
      keepsIso: true,
      keepsTree: false,
    };
    if (release !== undefined) {
      // Until 5 its media start live-boot; what they say of themselves may leave the release out.
      return { ...shared, kind: 'dgx-os', release: release || (isUbuntu ? '' : '5'), family: 'dgx-os', notes: [] };
    }
    const isServer = /server/i.test(info) || /server/i.test(medium.volumeId);
    const notes = isServer
      ? []
      : ['it does not say that it is a server medium: a desktop’s installer needs more memory'];
    return { ...shared, kind: 'ubuntu-live-server', release: firstRelease(info), family: 'ubuntu', notes };
  },
};

function findPair(medium: Medium): readonly [string, string] | undefined {
  for (const [kernel, initrds] of PAIRS) {
    if (fileAt(medium, kernel) === undefined) continue;
    const initrd = initrds.find((path) => fileAt(medium, path) !== undefined);
    if (initrd !== undefined) return [kernel, initrd];
  }
  return undefined;
}

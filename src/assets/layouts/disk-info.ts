import { basename } from 'node:path';
import { titleOf } from '../layout.ts';
import { type Medium, readText } from '../medium.ts';

/** What a medium of the Debian family says of itself: `.disk/info`, else its volume identifier. */
export async function diskInfo(medium: Medium): Promise<string> {
  const info = await readText(medium, '.disk/info');
  return titleOf(info ?? '') || medium.volumeId;
}

/**
 * The release where the medium is DGX OS; '' where it is and doesn't say which. DGX OS is Ubuntu underneath and its
 * media differ in what they say of themselves, so the volume identifier and the ISO's own name count too.
 */
export function dgxRelease(medium: Medium, info: string): string | undefined {
  const told = [info, medium.volumeId.replaceAll('_', ' '), medium.isIso ? basename(medium.path) : ''];
  const isDgx = told.some((text) => /\bDGX/i.test(text));
  if (!isDgx) return undefined;
  for (const text of told) {
    const release =
      /\bDGX[ _-]?(?:OS|BaseOS|Base[ _-]OS|Server)?\D{0,24}?(?<![\d.])([4-9](?:\.\d+){0,2})(?![\d])/i.exec(text)?.[1];
    if (release !== undefined) return release;
  }
  return '';
}

/** `24.04.1`, `12.5.0`: the first number with a point in it. */
export function firstRelease(text: string): string {
  return /(?<![\d.])(\d+(?:\.\d+)+)/.exec(text)?.[1] ?? '';
}

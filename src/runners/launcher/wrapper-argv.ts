import { fileURLToPath } from 'node:url';

/** Its name ends as ours does: `.ts` in a checkout, `.js` in a package whose types were stripped. */
const WRAPPER = fileURLToPath(
  new URL(`wrapper${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url),
);

/** A wrapper holds no more than the lines of a moment: hundreds of MB of heap would be the default's. */
export function wrapperArgv(folder: string): string[] {
  return [process.execPath, '--max-old-space-size=64', WRAPPER, folder];
}

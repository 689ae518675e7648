import { fileURLToPath } from 'node:url';

const WRAPPER = fileURLToPath(new URL('./wrapper.ts', import.meta.url));

/** A wrapper holds no more than the lines of a moment: hundreds of MB of heap would be the default's. */
export function wrapperArgv(folder: string): string[] {
  return [process.execPath, '--max-old-space-size=64', WRAPPER, folder];
}

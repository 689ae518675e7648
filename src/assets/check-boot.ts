import type { Architecture } from '../domain/asset.ts';
import { HEAD_BYTES, identifyInitrd, identifyKernel } from './kernel-image.ts';
import type { Layout } from './layout.ts';
import { fileAt, type Medium, UnreadableMedium } from './medium.ts';

/**
 * Before anything is copied: is it a kernel, is it an initrd, and do they fit what the medium says?
 * @returns what machines they are for
 * @throws UnreadableMedium
 */
export async function checkBoot(medium: Medium, layout: Layout): Promise<Architecture> {
  const kernel = identifyKernel(await headOf(medium, layout.kernel));
  if (kernel === undefined) {
    throw new UnreadableMedium(
      `${medium.path}: ${layout.kernel} is no Linux kernel for amd64 or arm64`,
      'It is damaged, or for another machine. 32-bit kernels are not booted.',
    );
  }
  if (layout.architecture !== undefined && layout.architecture !== kernel.architecture) {
    throw new UnreadableMedium(
      `${medium.path} says that it is for ${layout.architecture}, and ${layout.kernel} is a kernel for ${kernel.architecture}`,
      'Take the medium of one architecture as its vendor publishes it.',
    );
  }
  for (const path of layout.initrds) {
    if (identifyInitrd(await headOf(medium, path)) !== undefined) continue;
    throw new UnreadableMedium(
      `${medium.path}: ${path} is no initial RAM disk that Linux unpacks`,
      'It is damaged, or another file: name the initrd with --initrd.',
    );
  }
  return kernel.architecture;
}

/** The medium gives files whole; nothing of an initrd but its head is kept. */
async function headOf(medium: Medium, path: string): Promise<Buffer> {
  const file = fileAt(medium, path);
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  await medium.copy(file === undefined ? [] : [file], async () => ({
    write: async (chunk) => {
      if (lengthBytes >= HEAD_BYTES) return;
      chunks.push(Buffer.from(chunk));
      lengthBytes += chunk.length;
    },
    end: async () => undefined,
  }));
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES);
}

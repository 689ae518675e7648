import type { AssetName } from '../../domain/boot.ts';
import { AccessDenied, NotFound } from '../../domain/errors.ts';

const MAX_NAME_BYTES = 512;

/**
 * A name as a machine sends it, made relative and plain: leading slashes and doubled ones go (GRUB asks for
 * `/grub/grub.cfg`, shim over HTTP for `//grubx64.efi`).
 * @throws AccessDenied for a name that could leave the asset root on any system or by any decoding: `..`, a backslash, a
 *   control character, a percent-encoded byte that is still there
 * @throws NotFound for an empty or overlong one
 */
export function normalizeAssetName(name: string): AssetName {
  if (name.length > MAX_NAME_BYTES) throw new NotFound(`a name of ${name.length} characters: nothing is called that`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\x00-\x1f\x7f\\]/.test(name))
    throw new AccessDenied(`${printable(name)}: no control characters or backslashes`);
  // Decoded once where it came from. What is left would be decoded again by whoever believes in it.
  if (/%[0-9a-f]{2}/i.test(name)) throw new AccessDenied(`${printable(name)}: no percent-encoding`);
  const parts = name.split('/').filter((part) => part !== '');
  if (parts.some((part) => part === '..' || part === '.')) {
    throw new AccessDenied(`${printable(name)}: no . or .. as a part of a name`);
  }
  if (parts.length === 0) throw new NotFound('an empty name');
  return parts.join('/');
}

/** For logs, consoles and answers: one line of printable ASCII, cut at 200 characters. */
export function printable(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

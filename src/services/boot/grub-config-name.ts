import type { AssetName } from '../../domain/boot.ts';
import type { Firmware } from '../../domain/client.ts';
import { type MacAddress, parseMac } from '../../domain/mac.ts';

/** A GRUB configuration that is rendered when it is asked for: for whoever asks, or for a MAC address. */
export interface GrubConfigName {
  readonly firmware?: Firmware;
  readonly mac?: MacAddress;
}

/** The architectures in the compiled-in prefix of the Debian installer's GRUB. */
const INSTALLER_FIRMWARE: Readonly<Record<string, Firmware>> = {
  amd64: 'uefi-x64',
  arm64: 'uefi-arm64',
  i386: 'uefi-ia32',
};

/**
 * `grub/grub.cfg` (Debian's signed GRUB), `debian-installer/<arch>/grub/grub.cfg` (the installer's), and
 * `grub/mac-52:54:00:77:00:01.cfg`, which podboot's own configuration asks for. Undefined: a file like any other.
 */
export function parseGrubConfigName(name: AssetName): GrubConfigName | undefined {
  if (name === 'grub/grub.cfg') return {};
  const architecture = /^debian-installer\/([a-z0-9]+)\/grub\/grub\.cfg$/.exec(name)?.[1];
  const firmware = architecture === undefined ? undefined : INSTALLER_FIRMWARE[architecture];
  if (firmware !== undefined) return { firmware };
  const mac = parseMac(/^grub\/mac-([0-9a-fA-F:-]+)\.cfg$/.exec(name)?.[1] ?? '');
  return mac === undefined ? undefined : { mac };
}

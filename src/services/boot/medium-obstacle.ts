import type { Architecture } from '../../domain/asset.ts';
import type { BootClient, Firmware } from '../../domain/client.ts';
import type { ProfileSettings } from '../../domain/settings.ts';

/** 32-bit UEFI is on 64-bit machines, whose kernels start from it (EFI mixed mode). */
const MACHINES: Readonly<Record<Firmware, Architecture>> = {
  bios: 'amd64',
  'uefi-ia32': 'amd64',
  'uefi-x64': 'amd64',
  'uefi-arm64': 'arm64',
};

export interface MediumObstacle {
  /** Of the event. */
  readonly type: 'asset.missing' | 'asset.unfit';
  readonly text: string;
  readonly mend: string;
}

/** Why a machine can't boot the asset of its profile, and what to do about it; undefined: it can, or there is none. */
export function mediumObstacle(
  { name, asset, medium }: ProfileSettings,
  { firmware }: BootClient,
): MediumObstacle | undefined {
  if (asset === undefined) return undefined;
  if (medium === undefined) {
    return {
      type: 'asset.missing',
      text: `the asset ${asset} of its profile ${name} is missing or damaged`,
      mend: `podboot assets import PATH --name ${asset} --replace, then podboot reload`,
    };
  }
  if (firmware === undefined || MACHINES[firmware] === medium.architecture) return undefined;
  return {
    type: 'asset.unfit',
    text: `the asset ${asset} of its profile ${name} is for ${medium.architecture}, and this machine is ${MACHINES[firmware]}`,
    mend: `Give the node a profile whose asset is for ${MACHINES[firmware]}.`,
  };
}

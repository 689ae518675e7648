import type { ProfileSettings } from '../domain/settings.ts';
import { installerKind } from './installer-kind.ts';
import type { InstallValues } from './values/install-values.ts';

/**
 * DGX OS 5: a live system (live-boot) that fetches its ISO and hands `force-curtin` to curtin (DGX OS 5 user guide,
 * "PXE boot setup").
 */
export const curtin = installerKind({
  kind: 'curtin',
  summary: 'installs by curtin, as DGX OS 5 does with force-curtin',
  answerFiles: [
    {
      name: 'curtin.yaml',
      template: 'curtin/curtin.yaml.liquid',
      language: 'yaml',
      contentType: 'text/yaml; charset=utf-8',
    },
  ],
  answerWords: ({ baseUrl }) => [`force-curtin=${baseUrl}curtin.yaml`],
  mediaWords: (url) => [`fetch=${url}`],
  validate: (profile) =>
    profile.media === undefined && profile.asset === undefined
      ? [
          {
            path: `profiles.${profile.name}.media`,
            message: 'a profile of kind curtin fetches its ISO, and none is named',
            mend: 'Name it, relative to assetsDir: `media: dgx-os-5/dgxos.iso`.',
          },
        ]
      : [],
  valueProblems: curtinDisk,
});

/** Its storage configuration is read before any command of ours could look at the disks. */
function curtinDisk(profile: ProfileSettings, { disk }: InstallValues) {
  if (profile.template !== undefined) return [];
  const named = disk?.serial !== undefined || disk?.path !== undefined;
  const others = Object.keys(disk ?? {}).filter((key) => key !== 'serial' && key !== 'path');
  if (named && others.length === 0) return [];
  return [
    {
      path: 'disk',
      message: 'curtin takes the disk by its serial number or its path alone, and would guess with anything else',
      mend: 'Write for example { serial: S4YPNE0N800123 } under install of the node.',
    },
  ];
}

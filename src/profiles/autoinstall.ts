import { installerKind } from './installer-kind.ts';
import type { AnswerTemplate } from './profile-kind.ts';

/** cloud-init's NoCloud source asks for them by these names, below the seed's URL. */
function seedFile(name: string): AnswerTemplate {
  return {
    name,
    template: `autoinstall/${name}.yaml.liquid`,
    language: 'yaml',
    contentType: 'text/yaml; charset=utf-8',
  };
}

/**
 * subiquity: Ubuntu Server since 20.04 by a NoCloud seed (cloud-init), DGX OS 6 and 7 by `force-ai`, since the
 * autoinstall file in their ISO is stronger than any seed.
 */
export const autoinstall = installerKind({
  kind: 'autoinstall',
  summary: 'installs by subiquity and an autoinstall file: Ubuntu, DGX OS 6 and 7',
  answerFiles: [seedFile('user-data'), seedFile('meta-data'), seedFile('vendor-data')],
  answerWords: ({ baseUrl }, { delivery }) =>
    delivery === 'force-ai'
      ? ['autoinstall', `force-ai=${baseUrl}user-data`]
      : // cloud-init would take `url=`, which is casper's, for a configuration of its own, and load the ISO into memory.
        ['autoinstall', 'cloud-config-url=/dev/null', `ds=nocloud;s=${baseUrl}`],
  mediaWords: (url) => ['ip=dhcp', `url=${url}`],
  machineWords: ({ hostName }) => [`hostname=${hostName}`],
  validate: (profile) =>
    profile.media === undefined && profile.asset === undefined
      ? [
          {
            path: `profiles.${profile.name}.media`,
            message: 'a profile of kind autoinstall fetches its ISO, and none is named',
            mend: 'Name it, relative to assetsDir: `media: ubuntu-24.04/ubuntu.iso`.',
          },
        ]
      : [],
});

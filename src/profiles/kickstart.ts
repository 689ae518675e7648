import { installerKind } from './installer-kind.ts';

/** Anaconda and a kickstart file: RHEL and those made of it (Red Hat, "Boot options for RHEL installer"). */
export const kickstart = installerKind({
  kind: 'kickstart',
  summary: 'installs by Anaconda and a kickstart file: RHEL, Rocky, Alma',
  answerFiles: [
    {
      name: 'ks.cfg',
      template: 'kickstart/ks.cfg.liquid',
      language: 'kickstart',
      contentType: 'text/plain; charset=utf-8',
    },
  ],
  answerWords: ({ baseUrl }) => [`inst.ks=${baseUrl}ks.cfg`, 'inst.text', 'rd.neednet=1', 'ip=dhcp'],
  mediaWords: (url) => [`inst.repo=${url}`],
  validate: (profile) =>
    profile.media === undefined && profile.asset === undefined
      ? [
          {
            path: `profiles.${profile.name}.media`,
            message: 'Anaconda loads the rest of itself from an installation tree, and none is named',
            mend: 'Name a folder below assetsDir: `media: rocky-9/tree`; what is in it is what is on the DVD.',
          },
        ]
      : [],
});

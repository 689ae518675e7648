import { refuseKeys } from './boot-files.ts';
import { installerKind } from './installer-kind.ts';

/**
 * debian-installer, which reads a preseed file (Debian installation guide, appendix B): Debian, Ubuntu up to 20.04's
 * legacy images, DGX OS 4.
 */
export const preseed = installerKind({
  kind: 'preseed',
  summary: 'installs by debian-installer and a preseed file: Debian, DGX OS 4',
  answerFiles: [
    {
      name: 'preseed.cfg',
      template: 'preseed/preseed.cfg.liquid',
      language: 'preseed',
      contentType: 'text/plain; charset=utf-8',
    },
    {
      name: 'disk.sh',
      template: 'preseed/disk.sh.liquid',
      language: 'shell',
      contentType: 'text/x-shellscript; charset=utf-8',
    },
  ],
  // `auto` puts the questions off until the network is up and the file is there (B.2.3). One comes before: where DHCP names no
  // name server, netcfg asks for one, whatever the priority.
  answerWords: ({ baseUrl, origin }) => [
    'auto=true',
    'priority=critical',
    `netcfg/get_nameservers=${new URL(origin).hostname}`,
    `preseed/url=${baseUrl}preseed.cfg`,
  ],
  mediaWords: () => [],
  machineWords: ({ hostName }) => ['interface=auto', `hostname=${hostName}`],
  // Its netboot image brings what it needs, and packages come from the mirror that the preseed file names.
  validate: (profile) => refuseKeys(profile, ['media']),
});

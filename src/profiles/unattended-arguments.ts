import { unquoteKernelWord } from './kernel-arguments.ts';

/** Kernel arguments that make a system install, or run what somebody else sends, without a person at the console. */
interface UnattendedArgument {
  /** Against the whole word, in lower case. */
  readonly pattern: RegExp;
  readonly reader: string;
}

const UNATTENDED: readonly UnattendedArgument[] = [
  { pattern: /^auto(=|$)|^auto-install\//, reader: "Debian's installer, automatic mode" },
  // Any debconf question may be answered on the command line; these aliases name a whole file of answers.
  { pattern: /^(preseed\/|url(=|$)|file(=|$)|preseed-md5=)/, reader: 'a preseed file' },
  { pattern: /^partman[a-z-]*\//, reader: "Debian's installer, answers about the disk" },
  { pattern: /^automatic-ubiquity(=|$)/, reader: "Ubuntu's desktop installer" },
  { pattern: /^(autoinstall|subiquity\.autoinstallpath)(=|$)/, reader: "Ubuntu's installer" },
  { pattern: /^(ds|ci\.ds|ci\.datasource)=/, reader: 'cloud-init: a data source for autoinstall' },
  { pattern: /^(cloud-config-url=|cc:|end_cc$)/, reader: 'cloud-init: configuration on the command line' },
  { pattern: /^(force-ai|force-curtin|force-bootdisk)(=|$)/, reader: "DGX OS's installer" },
  { pattern: /^(inst\.)?ks(=|$|\.)/, reader: 'a kickstart file' },
  // linuxrc takes its parameters in any case, with or without - and _.
  { pattern: /^(inst\.auto|auto[-_.]?yast2?|agama\.auto|inst\.auto_url)(=|$)/, reader: 'AutoYaST or Agama' },
  { pattern: /^coreos\.inst(\.|=|$)/, reader: "CoreOS's installer" },
  { pattern: /^(ignition|coreos|flatcar)\.config\.(url|data)=/, reader: 'Ignition, which may partition disks' },
  { pattern: /^talos\.config(\.|=)/, reader: 'Talos, which installs what its configuration says' },
  { pattern: /^(harvester|k3os|elemental|cos)\.install(\.|=|$)/, reader: 'an installer of immutable systems' },
  { pattern: /^proxmox-start-auto-installer(=|$)/, reader: "Proxmox's installer" },
  { pattern: /^ocs_live_run(_[a-z0-9]+)?=/, reader: 'Clonezilla, batch mode' },
  { pattern: /^(nuke=|autonuke$)/, reader: 'a disk eraser' },
];

export interface UnattendedWord {
  readonly word: string;
  readonly reader: string;
}

/** Those of the words of a kernel command line that would start an installation nobody granted. */
export function findUnattended(words: readonly string[]): UnattendedWord[] {
  const found: UnattendedWord[] = [];
  for (const word of words) {
    const plain = (unquoteKernelWord(word) ?? word.replaceAll('"', '')).toLowerCase();
    const argument = UNATTENDED.find(({ pattern }) => pattern.test(plain));
    if (argument !== undefined) found.push({ word, reader: argument.reader });
  }
  return found;
}

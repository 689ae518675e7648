import { splitShlex } from './shlex.ts';

/** Commands of RHEL 9's Anaconda (pykickstart's F34/RHEL9 handlers) with the options that each takes; null: no options, a word. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  text: ['non-interactive'],
  reboot: ['eject', 'kexec'],
  eula: ['agreed'],
  lang: ['addsupport'],
  keyboard: ['vckeymap', 'xlayouts', 'switch'],
  timezone: ['utc', 'nontp'],
  timesource: ['ntp-server', 'ntp-pool', 'ntp-disable', 'nts'],
  url: ['url', 'mirrorlist', 'proxy', 'noverifyssl'],
  network: [
    'bootproto',
    'device',
    'activate',
    'onboot',
    'hostname',
    'ip',
    'netmask',
    'gateway',
    'nameserver',
    'noipv6',
  ],
  firstboot: ['disable', 'enable'],
  selinux: ['enforcing', 'permissive', 'disabled'],
  services: ['enabled', 'disabled'],
  rootpw: ['lock', 'iscrypted', 'plaintext', 'allow-ssh'],
  user: ['name', 'gecos', 'shell', 'groups', 'password', 'iscrypted', 'lock', 'homedir', 'uid', 'gid', 'plaintext'],
  sshkey: ['username'],
  '%include': [],
};
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  '%packages': ['ignoremissing', 'excludedocs', 'inst-langs'],
  '%pre': ['erroronfail', 'interpreter', 'log'],
  '%post': ['nochroot', 'erroronfail', 'interpreter', 'log'],
};
/** How many words beside the options. */
const WORDS: Readonly<Record<string, number>> = { lang: 1, timezone: 1, '%include': 1, sshkey: 1 };
const REQUIRED = ['lang', 'keyboard', 'timezone', 'rootpw', '%include', 'reboot', 'url'];

/** Everything that is wrong with a kickstart file; lines from 1. */
export function kickstartProblems(text: string): string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  let section: string | undefined;
  text.split('\n').forEach((line, index) => {
    const complain = (message: string) => problems.push(`line ${index + 1}: ${message}: ${line}`);
    if (section !== undefined) {
      if (line === '%end') section = undefined;
      else if (/^%\w/.test(line)) complain('a section within a section');
      else if (section === '%packages' && !/^(@\^?|-)?[A-Za-z0-9][A-Za-z0-9.+:_-]*$/.test(line)) complain('no package');
      return;
    }
    if (line.trim() === '' || line.startsWith('#')) return;
    const words = splitShlex(line);
    const [command = '', ...rest] = words ?? [];
    if (words === undefined) complain('a quote without its partner');
    seen.add(command);
    const isSection = Object.hasOwn(SECTIONS, command);
    if (isSection) section = command;
    const known = isSection ? SECTIONS[command] : Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (known === undefined) {
      complain('no command of Anaconda');
      return;
    }
    const options = rest.filter((word) => word.startsWith('--')).map((word) => word.slice(2).replace(/=.*$/s, ''));
    for (const option of options) if (!known.includes(option)) complain(`${command} has no --${option}`);
    const plain = rest.length - options.length;
    const expected = command === 'rootpw' && options.includes('iscrypted') ? 1 : (WORDS[command] ?? 0);
    if (plain !== expected) complain(`${command} takes ${expected} words, has ${plain}`);
  });
  if (section !== undefined) problems.push(`${section} has no %end`);
  for (const command of REQUIRED) if (!seen.has(command)) problems.push(`${command} is missing`);
  return problems;
}

import type { AnswerContext, AnswerFile } from '../../src/domain/answer-file.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { parseMac } from '../../src/domain/mac.ts';
import type { Node } from '../../src/domain/node.ts';
import type { BootSettings, ProfileSettings, WrittenInstallValues } from '../../src/domain/settings.ts';
import { createProfileRenderer, type ProfileRenderer, type RendererParts } from '../../src/profiles/answer-renderer.ts';
import { readyMadeNames, readyMadeProfile } from '../../src/profiles/ready-made.ts';
import { createSecretReader } from '../../src/profiles/values/secrets.ts';

export const KEY = `ssh-ed25519 ${'A'.repeat(68)} ops@example.com`;
/** Of the word "podboot-test"; made by `openssl passwd -6`. */
export const SHA512 =
  '$6$saltsalt$B4Aga3POy.uwNt1FUw5vToPuXXVRo6aPvWGNZrH98M4dOwKKsiZhqrPnJ3bDs/fVNXySA2GuU8En.n.mW8yj/0';

export const CONTEXT: AnswerContext = {
  origin: 'http://10.77.0.1',
  token: 'abcdef0123456789',
  baseUrl: 'http://10.77.0.1/install/abcdef0123456789/',
  address: parseIpv4('10.77.0.100')!,
};

export function node(change: Partial<Node> = {}): Node {
  return {
    id: 'n1',
    name: 'dgx01',
    interfaces: [{ name: 'eno1', role: 'boot', mac: parseMac('52:54:00:77:00:01')! }],
    roles: [],
    labels: {},
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...change,
  };
}

export function profile(change: Partial<ProfileSettings> & { readonly kind: string }): ProfileSettings {
  return { name: change.kind, kernel: 'x/linux', initrds: ['x/initrd'], arguments: '', ...change };
}

/** As the configuration makes it of `{ base: NAME }`, with the asset's files in reach. */
export function readyMade(name: string): ProfileSettings {
  const base = readyMadeProfile(name)!;
  const media =
    base.kind === 'preseed' ? {} : { media: `${base.asset}/${base.kind === 'kickstart' ? 'tree' : 'image.iso'}` };
  return {
    name,
    kind: base.kind,
    kernel: `${base.asset}/linux`,
    initrds: [`${base.asset}/initrd.gz`],
    arguments: base.arguments,
    base: name,
    ...media,
    ...(base.delivery === undefined ? {} : { delivery: base.delivery }),
    values: { base: base.values, own: {} },
  };
}

export const KINDS: readonly ProfileSettings[] = [
  profile({ kind: 'preseed' }),
  profile({ kind: 'autoinstall', media: 'x/x.iso' }),
  profile({ kind: 'curtin', media: 'x/x.iso' }),
  profile({ kind: 'kickstart', media: 'x/tree' }),
];

export interface World {
  readonly site?: WrittenInstallValues;
  readonly roles?: Readonly<Record<string, WrittenInstallValues>>;
  readonly templatesDir?: string;
  readonly profiles?: readonly ProfileSettings[];
  readonly credentialsDir?: string;
  readonly disks?: RendererParts['disks'];
}

export function rendererOf(world: World = {}): ProfileRenderer {
  const profiles = world.profiles ?? [...KINDS, ...readyMadeNames().map(readyMade)];
  const settings: BootSettings = {
    profiles: new Map(profiles.map((each) => [each.name, each])),
    programs: {},
    loader: 'auto',
    diskMethods: {},
    install: {
      site: world.site ?? {},
      roles: new Map(Object.entries(world.roles ?? {})),
      ...(world.templatesDir === undefined ? {} : { templatesDir: world.templatesDir }),
    },
  };
  return createProfileRenderer({
    settings: () => settings,
    secrets: createSecretReader(world.credentialsDir),
    ...(world.disks === undefined ? {} : { disks: world.disks }),
  });
}

export function fileNamed(files: readonly AnswerFile[], name: string): string {
  const found = files.find((file) => file.name === name);
  if (found === undefined) throw new Error(`there is no ${name} among ${files.map((file) => file.name).join(', ')}`);
  return found.text;
}

/** What every kind can be told at once. */
export const FULL: WrittenInstallValues = {
  disk: { serial: 'S4YPNE0N800123' },
  users: [
    { name: 'ops', fullName: `Ops "the" O'Neil #1`, sudo: true, groups: ['docker'], sshKeys: [KEY] },
    { name: 'guest', shell: '/bin/sh' },
  ],
  rootSshKeys: [KEY],
  packages: ['chrony', 'nvme-cli'],
  mirror: 'http://mirror.example.com/debian',
  proxy: 'http://proxy.example.com:3128',
  kernelArguments: 'iommu=pt',
  console: 'ttyS1,115200n8',
  timeZone: 'Europe/Berlin',
  locale: 'de_DE.UTF-8',
  keyboard: 'de',
  ntpServers: ['10.77.0.1', 'ntp.example.com'],
  postInstall: ['systemctl enable chrony', `echo "it's #{done}" >/root/done\ntrue`],
  infiniband: { bondAddress: '10.1.0.1/24', mtu: 2044 },
};

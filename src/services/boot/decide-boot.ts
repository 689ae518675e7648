import type { AnswerContext } from '../../domain/answer-file.ts';
import type { BootDecision } from '../../domain/boot.ts';
import type { BootGrant } from '../../domain/boot-grant.ts';
import type { BootClient, Firmware } from '../../domain/client.ts';
import type { GrantStanding } from '../../domain/install-ports.ts';
import type { NodeBoot, NodePort } from '../../domain/node.ts';
import type { BootSettings, ProfileSettings } from '../../domain/settings.ts';
import { LOCAL_PROFILE } from '../../profiles/local.ts';
import type { BootMachine, ProfileBoot } from '../../profiles/profile-kind.ts';
import { profileKind } from '../../profiles/registry.ts';
import { mergeInstallValues, valueLayers } from '../../profiles/values/merge-install-values.ts';
import type { Loader } from './boot-programs.ts';
import { type DiskQuirk, diskMethod } from './disk-methods.ts';
import { mediumObstacle } from './medium-obstacle.ts';

/** Debian has no iPXE for arm64 and ia32. */
const DEFAULT_LOADERS: Readonly<Record<Firmware, Loader>> = {
  bios: 'ipxe',
  'uefi-x64': 'ipxe',
  'uefi-arm64': 'grub',
  'uefi-ia32': 'grub',
};

/** The program that is to load the kernel: iPXE where it already runs, else the node's choice, the site's, the firmware's. */
export function loaderFor(boot: NodeBoot, client: BootClient, settings: BootSettings): Loader {
  if (client.stage === 'ipxe') return 'ipxe';
  // No GRUB runs on a BIOS here; a site that wants it for Secure Boot means its UEFI machines.
  if (client.firmware === 'bios') return 'ipxe';
  if (boot.loader !== 'auto') return boot.loader;
  if (settings.loader !== 'auto') return settings.loader;
  return client.firmware === undefined ? 'ipxe' : DEFAULT_LOADERS[client.firmware];
}

/**
 * What a machine is to boot now, and why. Pure.
 * @param port the node and interface that asks; undefined for a machine that is not enrolled
 * @param standing of the node's boot grant: without an armed one nothing is booted that can write to a disk
 * @param answers where the grant's answer files are; absent where only the kind of boot is asked for (DHCP)
 */
export function decideBoot(
  port: NodePort | undefined,
  client: BootClient,
  settings: BootSettings,
  quirks: readonly DiskQuirk[],
  standing: GrantStanding,
  answers?: AnswerContext,
): BootDecision {
  if (port === undefined) return nothing('not enrolled');
  const { node } = port;
  if (port.interface.role !== 'boot') {
    return nothing(`interface ${port.interface.name} has the role ${port.interface.role} and never boots its node`);
  }
  if (client.stage === 'os') return nothing('an operating system that asks for an address');
  if (client.stage === 'bootp') return nothing('a BOOTP client');

  if (standing.kind === 'retired') return nothing(standing.reason);

  // The grant says what is installed, whatever the node boots otherwise.
  const granted = standing.kind === 'armed' ? standing.grant.profile : undefined;
  const name = granted ?? node.boot.profile;
  const profile = settings.profiles.get(name);
  const disk = (reason: string): BootDecision => ({
    action: 'disk',
    method: diskMethod(node, client, loaderFor(node.boot, client, settings), settings, quirks),
    reason,
  });
  if (name === LOCAL_PROFILE) return disk('its profile is local');
  if (profile === undefined) return disk(`its profile ${name} is not in the configuration`);
  const kind = profileKind(profile.kind);
  if (kind === undefined) return disk(`its profile ${profile.name} is of an unknown kind ${profile.kind}`);
  const obstacle = mediumObstacle(profile, client);
  if (obstacle !== undefined) return disk(obstacle.text);
  // A configuration is checked before it comes into force; a disk is worth a second look.
  const problem = kind.validate(profile)[0];
  if (problem !== undefined) return disk(`its profile ${profile.name} is wrong: ${problem.message}`);

  if (standing.kind !== 'armed' && kind.destructive(profile)) {
    return disk(`its profile ${profile.name} can write to its disks, and ${standing.reason}`);
  }
  const reason = standing.kind === 'armed' ? grantText(standing.grant) : `its profile is ${profile.name}`;
  const machine = bootMachine(port, profile, settings);
  return (
    kernelOrScript(kind.boot(profile, answers, machine), { profile: profile.name, reason }, answers) ??
    disk(`its profile ${profile.name} is of kind ${profile.kind}`)
  );
}

/** What the kernel's arguments say of the machine itself. */
function bootMachine(port: NodePort, profile: ProfileSettings, settings: BootSettings): BootMachine {
  const layers = valueLayers(port.node, profile, settings.install).map((layer) => layer.values);
  const { mac } = port.interface;
  return { hostName: port.node.name, values: mergeInstallValues(layers), ...(mac === undefined ? {} : { mac }) };
}

function kernelOrScript(
  boot: ProfileBoot,
  said: { readonly profile: string; readonly reason: string },
  answers: AnswerContext | undefined,
): BootDecision | undefined {
  switch (boot.action) {
    case 'disk':
      return undefined;
    case 'script':
      return { ...boot, ...said, ...(answers === undefined ? {} : { answers: answers.baseUrl }) };
    case 'kernel':
      return { ...boot, ...said };
  }
}

function grantText({ profile, armedBy }: BootGrant): string {
  return `it is armed for ${profile} by ${armedBy}`;
}

function nothing(reason: string): BootDecision {
  return { action: 'nothing', reason };
}

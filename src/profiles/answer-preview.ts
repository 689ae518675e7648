import type { AnswerContext, AnswerPreview, AnswerPreviewer } from '../domain/answer-file.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { Node } from '../domain/node.ts';
import type { BootSettings, ProfileSettings } from '../domain/settings.ts';
import type { ProfileRenderer } from './answer-renderer.ts';
import { LOCAL_PROFILE } from './local.ts';
import type { ProfileBoot } from './profile-kind.ts';
import { profileKind } from './registry.ts';
import { mergeInstallValues, valueLayers } from './values/merge-install-values.ts';

/** In the place of a token: of a form that every file takes. */
const NO_TOKEN = 'TOKEN-OF-THE-GRANT';

export interface PreviewParts {
  readonly settings: () => BootSettings;
  readonly renderer: ProfileRenderer;
  /** `http://10.77.0.1`, as the nodes see it. */
  readonly origin: () => string;
}

export function createAnswerPreviewer({ settings, renderer, origin }: PreviewParts): AnswerPreviewer {
  return {
    preview(node, named) {
      const { profiles, install } = settings();
      const profile = profiles.get(named ?? node.boot.profile);
      if (profile === undefined) throw noProfile(node, named);
      const context = contextOf(node, origin());
      const files = renderer.preview(node, profile.name, context);
      const values = mergeInstallValues(valueLayers(node, profile, install).map((layer) => layer.values));
      const mac = node.interfaces.find((each) => each.role === 'boot')?.mac;
      const machine = { hostName: node.name, values, ...(mac === undefined ? {} : { mac }) };
      const boot = profileKind(profile.kind)?.boot(profile, context, machine);
      return { profile: profile.name, kind: profile.kind, ...bootView(boot, profile), files };
    },
  };
}

function contextOf(node: Node, origin: string): AnswerContext {
  const address = node.interfaces.find((each) => each.role === 'boot')?.address ?? (0 as Ipv4);
  return { origin, token: NO_TOKEN, baseUrl: `${origin}/install/${NO_TOKEN}/`, address };
}

function bootView(boot: ProfileBoot | undefined, profile: ProfileSettings): Partial<AnswerPreview> {
  if (boot?.action === 'script') return { script: boot.script };
  if (boot?.action !== 'kernel') return {};
  return {
    initrds: boot.initrds,
    arguments: boot.arguments,
    ...(profile.kernel === undefined ? {} : { kernel: boot.kernel }),
  };
}

function noProfile(node: Node, named: string | undefined): InvalidInput {
  if (named !== undefined) {
    const mend = 'Name one that stands under profiles.';
    return new InvalidInput(`There is no profile ${named}.`, [
      { path: '?profile', message: 'podboot.yaml does not have it', mend },
    ]);
  }
  const { profile } = node.boot;
  const why =
    profile === LOCAL_PROFILE ? 'boots from its own disk' : `boots ${profile}, which podboot.yaml does not have`;
  return new InvalidInput(`${node.name} ${why}: which profile is to be shown?`, [
    { path: '?profile', message: 'is missing', mend: `podboot render ${node.name} --profile PROFILE` },
  ]);
}

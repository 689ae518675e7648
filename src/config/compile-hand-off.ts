import type { ClusterSettings, SshSettings } from '../domain/hand-off.ts';
import type { ConfigPath, Sited } from './config-path.ts';
import { atKey } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import { absolutePathNotation, nameNotation } from './notations.ts';
import { type Report, read, readDuration } from './report.ts';
import type { PodbootYaml } from './schema.ts';
import { RUNNER_OPTION_NAMES } from './schema-hand-off.ts';

type ClusterYaml = NonNullable<PodbootYaml['clusters']>[string];

const SETTLE = { minSeconds: 0, maxSeconds: 3_600 };
const INACTIVITY = { minSeconds: 60, maxSeconds: 86_400 };

export function compileClusters(yaml: PodbootYaml['clusters'], report: Report): Sited<ClusterSettings>[] {
  return Object.entries(yaml ?? {}).flatMap(([key, entry]): Sited<ClusterSettings>[] => {
    const path = ['clusters', key];
    const name = read(nameNotation, key, path, (finding) => report(atKey(finding)));
    // A part of it that was refused is told already.
    if (name === undefined || entry?.runner === undefined || entry.roles === undefined) return [];
    return [{ path, value: compileCluster(name, entry, path, report) }];
  });
}

function compileCluster(name: string, yaml: ClusterYaml, path: ConfigPath, report: Report): ClusterSettings {
  const { cluster } = DEFAULTS;
  const ms = (key: 'settle' | 'inactivity', limits: typeof SETTLE): number =>
    (readDuration(yaml[key] ?? cluster[key], [...path, key], limits, report) ?? 0) * 1_000;
  const acceptance = yaml.acceptance?.startsWith('/')
    ? filePath(yaml.acceptance, [...path, 'acceptance'], report)
    : yaml.acceptance;
  return {
    name,
    runner: yaml.runner,
    roles: yaml.roles.filter((role) => role !== undefined),
    settleMs: ms('settle', SETTLE),
    inactivityMs: ms('inactivity', INACTIVITY),
    waves: {
      canaryNodes: yaml.waves?.canary ?? cluster.canary,
      maxNodes: yaml.waves?.size ?? cluster.wave,
      maxFailedShare: yaml.waves?.maxFailed ?? cluster.maxFailed,
    },
    ssh: compileSsh(yaml.ssh, [...path, 'ssh'], report),
    ...(acceptance === undefined ? {} : { acceptance }),
    options: Object.fromEntries(
      RUNNER_OPTION_NAMES.flatMap((option) => (yaml[option] === undefined ? [] : [[option, yaml[option]]])),
    ),
  };
}

function compileSsh(yaml: ClusterYaml['ssh'], path: ConfigPath, report: Report): SshSettings {
  const user = yaml?.user ?? DEFAULTS.cluster.sshUser;
  const keyFile = filePath(yaml?.key, [...path, 'key'], report);
  const bastion = yaml?.bastion;
  const bastionKey = filePath(bastion?.key, [...path, 'bastion', 'key'], report);
  return {
    user,
    port: yaml?.port ?? 22,
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(bastion === undefined
      ? {}
      : {
          bastion: {
            host: bastion.host,
            user: bastion.user ?? user,
            port: bastion.port ?? 22,
            ...(bastionKey === undefined ? {} : { keyFile: bastionKey }),
          },
        }),
  };
}

function filePath(value: string | undefined, path: ConfigPath, report: Report): string | undefined {
  return value === undefined ? undefined : read(absolutePathNotation, value, path, report);
}

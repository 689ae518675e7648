import type { CredentialsRule, PowerSettings, Stagger } from '../domain/power.ts';
import { fault } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import { absolutePathNotation, nameNotation } from './notations.ts';
import { entriesOf, type Report, read, readDuration } from './report.ts';
import type { PodbootYaml } from './schema.ts';

const LIMITS = {
  minGap: { minSeconds: 0, maxSeconds: 60 },
  pollInterval: { minSeconds: 10, maxSeconds: 3_600 },
  actionTime: { minSeconds: 30, maxSeconds: 3_600 },
  offTime: { minSeconds: 1, maxSeconds: 300 },
};
const STAGGER = { minSeconds: 1, maxSeconds: 3_600 };

export function compilePower(yaml: PodbootYaml['power'], report: Report): PowerSettings {
  const ms = (key: keyof typeof LIMITS): number =>
    (readDuration(yaml?.[key] ?? DEFAULTS.power[key], ['power', key], LIMITS[key], report) ?? 0) * 1_000;
  const key = keyOf(yaml, report);
  const stagger = staggerOf(yaml, report);
  return {
    ...(key === undefined ? {} : { key }),
    atOnce: yaml?.atOnce ?? DEFAULTS.power.atOnce,
    minGapMs: ms('minGap'),
    pollMs: ms('pollInterval'),
    actionMs: ms('actionTime'),
    offMs: ms('offTime'),
    bootAttempts: yaml?.bootAttempts ?? DEFAULTS.power.bootAttempts,
    ...(stagger === undefined ? {} : { stagger }),
    console: { ...DEFAULTS.console, ...yaml?.console },
    credentials: rules(yaml, report),
  };
}

function keyOf(yaml: PodbootYaml['power'], report: Report): PowerSettings['key'] {
  const { keyFile, keyCredential } = yaml ?? {};
  if (keyFile !== undefined && keyCredential !== undefined)
    report(fault(['power', 'keyCredential'], 'there is a keyFile too', 'Leave one of them out.'));
  if (keyCredential !== undefined) {
    const credential = read(nameNotation, keyCredential, ['power', 'keyCredential'], report);
    return credential === undefined ? undefined : { credential };
  }
  const file = keyFile === undefined ? undefined : read(absolutePathNotation, keyFile, ['power', 'keyFile'], report);
  return file === undefined ? undefined : { file };
}

function staggerOf(yaml: PodbootYaml['power'], report: Report): Stagger | undefined {
  const { stagger } = yaml ?? {};
  if (stagger === undefined) return undefined;
  const seconds = readDuration(stagger.per, ['power', 'stagger', 'per'], STAGGER, report);
  return seconds === undefined ? undefined : { nodes: stagger.nodes, perMs: seconds * 1_000, by: stagger.by ?? 'rack' };
}

function rules(yaml: PodbootYaml['power'], report: Report): CredentialsRule[] {
  return [...entriesOf(yaml?.credentials)].flatMap(([index, entry]): CredentialsRule[] => {
    const use = read(nameNotation, entry.use, ['power', 'credentials', index, 'use'], report);
    const { roles = [], groups = [], labels = {} } = entry;
    return use === undefined ? [] : [{ use, roles, groups, labels }];
  });
}

import type { ArmRule, DeadlineTimes, LifecycleSettings } from '../domain/settings.ts';
import { type ConfigPath, fault } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import { nameNotation } from './notations.ts';
import { entriesOf, type Report, read, readDuration } from './report.ts';
import type { PodbootYaml } from './schema.ts';
import type { DEADLINE_KEYS } from './schema-lifecycle.ts';

const DEADLINE = { minSeconds: 10, maxSeconds: 7 * 86_400 };
const GRANT = { minSeconds: 300, maxSeconds: 30 * 86_400 };
const CLAIM = { minSeconds: 60, maxSeconds: 86_400 };

type DeadlinesYaml = NonNullable<PodbootYaml['deadlines']>;
type Written = { readonly [K in (typeof DEADLINE_KEYS)[number]]?: string | number };

export function compileLifecycle(yaml: Partial<PodbootYaml>, report: Report): LifecycleSettings {
  const base = times(yaml.deadlines ?? {}, undefined, ['deadlines'], report);
  const { install } = yaml;
  const ms = (key: 'grantTime' | 'claimTime', limits: typeof GRANT): number =>
    (readDuration(install?.[key] ?? DEFAULTS.install[key], ['install', key], limits, report) ?? 0) * 1_000;
  return {
    deadlines: base,
    platforms: platforms(yaml.deadlines, base, report),
    grantMs: ms('grantTime', GRANT),
    claimMs: ms('claimTime', CLAIM),
    retries: install?.retries ?? DEFAULTS.install.retries,
    rules: rules(yaml, report),
  };
}

/** @param base undefined: the defaults of podboot */
function times(yaml: Written, base: DeadlineTimes | undefined, path: ConfigPath, report: Report): DeadlineTimes {
  const ms = (key: (typeof DEADLINE_KEYS)[number], inherited: number | undefined): number => {
    const value = yaml[key] ?? (inherited === undefined ? DEFAULTS.deadlines[key] : undefined);
    if (value === undefined) return inherited ?? 0;
    return (readDuration(value, [...path, key], DEADLINE, report) ?? 0) * 1_000;
  };
  return {
    powering: ms('powering', base?.powering),
    booting: ms('booting', base?.booting),
    loading: ms('loading', base?.loading),
    installing: ms('installing', base?.installing),
    silence: ms('silence', base?.silence),
    finishing: ms('finishing', base?.finishing),
    installed: ms('installed', base?.installed),
    'handing-off': ms('handingOff', base?.['handing-off']),
  };
}

function platforms(yaml: DeadlinesYaml | undefined, base: DeadlineTimes, report: Report): Map<string, DeadlineTimes> {
  const found = new Map<string, DeadlineTimes>();
  for (const [name, entry] of Object.entries(yaml?.platforms ?? {})) {
    found.set(name, times(entry, base, ['deadlines', 'platforms', name], report));
  }
  return found;
}

function rules(yaml: Partial<PodbootYaml>, report: Report): ArmRule[] {
  const found: ArmRule[] = [];
  for (const [index, entry] of entriesOf(yaml.install?.rules)) {
    const path: ConfigPath = ['install', 'rules', index];
    const name = read(nameNotation, entry.name, [...path, 'name'], report);
    const profile = read(nameNotation, entry.profile, [...path, 'profile'], report);
    const { roles = [], racks = [], groups = [] } = entry;
    if (roles.length + racks.length + groups.length === 0) {
      report(
        fault(
          path,
          'would arm every node that is enrolled, whatever it is',
          'Name the roles, racks or groups that it is for.',
        ),
      );
    } else if (profile !== undefined && yaml.profiles?.[profile] === undefined) {
      report(fault([...path, 'profile'], `no profile is called ${profile}`, 'Write it under profiles.'));
    }
    if (name !== undefined && profile !== undefined) found.push({ name, profile, roles, racks, groups });
  }
  return found;
}

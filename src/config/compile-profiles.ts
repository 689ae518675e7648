import type { InstallSettings, ProfileSettings, WrittenInstallValues } from '../domain/settings.ts';
import { atKey, type ConfigPath, fault, formatPath, type Sited } from './config-path.ts';
import type { WrittenNames } from './draft.ts';
import { onBase, readBase, readInstallValues } from './install-section.ts';
import type { Notation } from './notation.ts';
import { absolutePathNotation, assetNotation, nameNotation } from './notations.ts';
import { entriesOf, type Report, read } from './report.ts';
import type { PodbootYaml, ProfileYaml } from './schema.ts';

export function compileProfiles(
  yaml: PodbootYaml['profiles'],
  written: WrittenNames,
  report: Report,
): Sited<ProfileSettings>[] {
  const profiles: Sited<ProfileSettings>[] = [];
  for (const [key, entry] of Object.entries(yaml ?? {})) {
    const path = ['profiles', key];
    const name = read(nameNotation, key, path, (finding) => report(atKey(finding)));
    let isWhole = !written.partlyRefused.has(formatPath(path));
    const value = compileProfile(name ?? key, entry, path, (finding) => {
      isWhole = false;
      report(finding);
    });
    // A profile that lost a part would be judged for not having it.
    if (name !== undefined && isWhole && value !== undefined) profiles.push({ path, value });
  }
  return profiles;
}

function compileProfile(
  name: string,
  entry: ProfileYaml,
  path: ConfigPath,
  report: Report,
): ProfileSettings | undefined {
  const optional = <K extends string>(key: K, text: string | undefined, notation: Notation<string>) => {
    const value = text === undefined ? undefined : read(notation, text, [...path, key], report);
    return value === undefined ? {} : ({ [key]: value } as Record<K, string>);
  };
  const initrds: string[] = [];
  for (const [index, initrd] of entriesOf(entry.initrds)) {
    const asset = read(assetNotation, initrd, [...path, 'initrds', index], report);
    if (asset !== undefined) initrds.push(asset);
  }
  const base = readBase(entry.base, [...path, 'base'], report);
  const values = readInstallValues(entry.values, [...path, 'values'], report);
  const { kind, delivery, script, destructive } = entry;
  const own = {
    name,
    initrds,
    arguments: entry.arguments ?? '',
    ...(kind === undefined ? {} : { kind }),
    ...optional('asset', entry.asset, nameNotation),
    ...optional('kernel', entry.kernel, assetNotation),
    ...optional('media', entry.media, assetNotation),
    ...optional('template', entry.template, assetNotation),
    ...(delivery === undefined ? {} : { delivery }),
    ...(script === undefined ? {} : { script }),
    ...(destructive === undefined ? {} : { destructive }),
  };
  const profile = onBase(own, base, values);
  if (profile === undefined && entry.base === undefined) {
    report(
      fault([...path, 'kind'], 'is missing', 'Write what the profile is, for example `kind: live`, or name a `base`.'),
    );
  }
  return profile;
}

/** Undefined where nothing is said to installers. */
export function compileInstall(yaml: Partial<PodbootYaml>, report: Report): InstallSettings | undefined {
  const site = readInstallValues(yaml.install?.values, ['install', 'values'], report);
  const roles = new Map<string, WrittenInstallValues>();
  for (const [key, entry] of Object.entries(yaml.roles ?? {})) {
    const role = read(nameNotation, key, ['roles', key], (finding) => report(atKey(finding)));
    const values = readInstallValues(entry.values, ['roles', key, 'values'], report);
    if (role !== undefined) roles.set(role, values);
  }
  const templatesDir =
    yaml.templatesDir === undefined
      ? undefined
      : read(absolutePathNotation, yaml.templatesDir, ['templatesDir'], report);
  if (yaml.install?.values === undefined && yaml.roles === undefined && templatesDir === undefined) return undefined;
  return { site, roles, ...(templatesDir === undefined ? {} : { templatesDir }) };
}

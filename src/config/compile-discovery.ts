import type { DiscoveryAdoption, DiscoveryMatch, DiscoveryRule, DiscoverySettings } from '../domain/settings.ts';
import type { ConfigPath, Sited } from './config-path.ts';
import { formatPath } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import type { WrittenNames } from './draft.ts';
import { nameNotation } from './notations.ts';
import { nameTextNotation, ouiNotation, portPatternNotation, textPatternNotation } from './notations-discovery.ts';
import { subnetNotation } from './notations-network.ts';
import { entriesOf, type Report, read } from './report.ts';
import type { PodbootYaml } from './schema.ts';

type RuleYaml = NonNullable<NonNullable<PodbootYaml['discovery']>['rules']>[number];

export function compileDiscovery(
  yaml: PodbootYaml['discovery'],
  written: WrittenNames,
  report: Report,
): { readonly settings: DiscoverySettings; readonly rules: readonly Sited<DiscoveryRule>[] } {
  const rules: Sited<DiscoveryRule>[] = [];
  for (const [index, entry] of entriesOf(yaml?.rules)) {
    const path: ConfigPath = ['discovery', 'rules', index];
    const value = compileRule(entry, path, report);
    // A rule that lost a part would fit machines that it was not written for.
    if (value !== undefined && !isPartlyRefused(path, written)) rules.push({ path, value });
  }
  const settings = {
    identify: yaml?.identify ?? DEFAULTS.discovery.identify,
    rules: rules.map(({ value }) => value),
  };
  return { settings, rules };
}

function isPartlyRefused(path: ConfigPath, { partlyRefused }: WrittenNames): boolean {
  const text = formatPath(path);
  return [...partlyRefused].some((each) => each === text || each.startsWith(`${text}.`));
}

function compileRule(yaml: RuleYaml, path: ConfigPath, report: Report): DiscoveryRule | undefined {
  const name = read(nameNotation, yaml.name, [...path, 'name'], report);
  const match = compileMatch(yaml.match, [...path, 'match'], report);
  const adopt = compileAdoption(yaml.adopt, [...path, 'adopt'], report);
  if (name === undefined || match === undefined || adopt === undefined) return undefined;
  return { name, match, adopt, automatic: yaml.automatic ?? DEFAULTS.discovery.automatic };
}

const PATTERNS = {
  oui: ouiNotation,
  mac: textPatternNotation,
  uuid: textPatternNotation,
  serialNumber: textPatternNotation,
  vendorClass: textPatternNotation,
  circuitId: portPatternNotation,
  remoteId: portPatternNotation,
} as const;

function compileMatch(yaml: RuleYaml['match'], path: ConfigPath, report: Report): DiscoveryMatch | undefined {
  const { vendor, architecture, firmware } = yaml;
  let isWhole = true;
  const patterns: Partial<Record<keyof typeof PATTERNS, string>> = {};
  for (const [key, notation] of Object.entries(PATTERNS) as [keyof typeof PATTERNS, (typeof PATTERNS)['mac']][]) {
    const text = yaml[key];
    if (text === undefined) continue;
    const value = read(notation, text, [...path, key], report);
    if (value === undefined) isWhole = false;
    else patterns[key] = value;
  }
  const subnet = yaml.subnet === undefined ? undefined : read(subnetNotation, yaml.subnet, [...path, 'subnet'], report);
  if (!isWhole || (yaml.subnet !== undefined && subnet === undefined)) return undefined;
  return {
    ...patterns,
    ...(vendor === undefined ? {} : { vendor }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(subnet === undefined ? {} : { subnet }),
  };
}

function compileAdoption(yaml: RuleYaml['adopt'], path: ConfigPath, report: Report): DiscoveryAdoption | undefined {
  const namePattern = read(nameTextNotation, yaml.namePattern, [...path, 'namePattern'], report);
  if (namePattern === undefined) return undefined;
  const { rack, position, group, profile } = yaml;
  const roles = [...entriesOf(yaml.roles)].flatMap(
    ([index, role]) => read(nameNotation, role, [...path, 'roles', index], report) ?? [],
  );
  return {
    namePattern,
    interfaceName: yaml.interface ?? DEFAULTS.discovery.interface,
    roles,
    labels: { ...yaml.labels },
    ...(rack === undefined ? {} : { rack }),
    ...(position === undefined ? {} : { position }),
    ...(group === undefined ? {} : { group }),
    ...(profile === undefined ? {} : { profile }),
  };
}

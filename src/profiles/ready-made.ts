import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PodbootError } from '../domain/errors.ts';
import type { WrittenInstallValues } from '../domain/settings.ts';
import { PACKAGED_TEMPLATES } from './templates/template-files.ts';
import { isRecord } from './values/check-install-values.ts';

/** boot-assets/profiles/NAME.yaml: what `base: NAME` of a profile brings. */
export interface ReadyMadeProfile {
  readonly name: string;
  /** For lists. */
  readonly summary: string;
  /** What of it was run in the lab, or `not run`. */
  readonly lab: string;
  /** What its operator has to know. */
  readonly notes?: string;
  readonly kind: string;
  /** The imported asset's name, unless the profile says another. */
  readonly asset: string;
  readonly delivery?: 'nocloud' | 'force-ai';
  /** Before those of the profile. */
  readonly arguments: string;
  readonly values: WrittenInstallValues;
}

const FOLDER = join(PACKAGED_TEMPLATES, 'profiles');

export function readyMadeNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** Undefined: there is none of the name. @throws PodbootError where the file, which is a part of podboot, is damaged */
export function readyMadeProfile(name: string): ReadyMadeProfile | undefined {
  if (!readyMadeNames().includes(name)) return undefined;
  const written: unknown = parse(readFileSync(join(FOLDER, `${name}.yaml`), 'utf8'));
  if (!isRecord(written)) throw damaged(name, 'is no mapping');
  const { delivery } = written;
  if (delivery !== undefined && delivery !== 'nocloud' && delivery !== 'force-ai')
    throw damaged(name, 'has no delivery');
  if (written.values !== undefined && !isRecord(written.values)) throw damaged(name, 'has no values');
  return {
    name,
    summary: text(name, written, 'summary'),
    lab: text(name, written, 'lab'),
    kind: text(name, written, 'kind'),
    asset: text(name, written, 'asset'),
    arguments: written.arguments === undefined ? '' : text(name, written, 'arguments'),
    ...(written.notes === undefined ? {} : { notes: text(name, written, 'notes') }),
    ...(delivery === undefined ? {} : { delivery }),
    values: written.values ?? {},
  };
}

function text(name: string, written: Readonly<Record<string, unknown>>, key: string): string {
  const value = written[key];
  if (typeof value !== 'string') throw damaged(name, `has no ${key}`);
  return value;
}

function damaged(name: string, why: string): PodbootError {
  return new PodbootError('ready-made-profile', `boot-assets/profiles/${name}.yaml ${why}`, {
    mend: 'Restore the file from the release of podboot that is installed.',
  });
}

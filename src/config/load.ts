import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { HostRefused, InvalidInput, NotFound, type Problem } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';
import { compile } from './compile.ts';
import { type ConfigPath, type Finding, fault, formatPath } from './config-path.ts';
import { crossCheck } from './cross-checks.ts';
import type { WrittenNames } from './draft.ts';
import { deepFreeze } from './freeze.ts';
import { hostCheck, hostCheckAtStart } from './host-checks.ts';
import type { HostFacts } from './host-facts.ts';
import { prune } from './prune.ts';
import { resolveAssets } from './resolve-assets.ts';
import { type SchemaVerdict, schemaVerdict } from './schema-findings.ts';
import { rootNode } from './schema-walk.ts';
import { type ConfigSource, readSource, toProblem } from './source.ts';

/** Ten thousand reservations have about a megabyte. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

export interface LoadedConfig {
  /** Deep-frozen. */
  readonly settings: Settings;
  readonly warnings: readonly Problem[];
}

/** `start`: the daemon must come up where it can. `change`: the operator looks on, and everything has to be right. */
export type Occasion = 'start' | 'change';

export interface CheckedConfig {
  /** Every error, in the order of the file. */
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** There where there is no problem. */
  readonly settings?: Settings;
}

/**
 * Reads podboot.yaml. The daemon, its reload and `podboot check-config` all come here.
 *
 * @param host the machine that it is for; without it nothing is asked about interfaces, ports and files
 * @throws NotFound, HostRefused where the file can't be read
 * @throws InvalidInput with all problems at once, each with its path, line and mend
 */
export function loadConfig(path: string, host?: HostFacts, occasion: Occasion = 'change'): LoadedConfig {
  const { settings, problems, warnings } = checkConfig(readConfig(path), host, occasion);
  if (settings !== undefined) return { settings, warnings };
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new InvalidInput(
    `${path} has ${count}`,
    problems,
    `\`podboot check-config ${path}\` shows each with its line.`,
  );
}

/** @throws NotFound, HostRefused */
export function readConfig(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) {
      throw new HostRefused(
        `${path} has ${size} bytes: that is no configuration`,
        'Name the file that `podboot init` wrote.',
      );
    }
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') throw new NotFound(`there is no ${path}`, '`podboot init --interface NAME` writes one.');
    if (code === 'EISDIR') throw new HostRefused(`${path} is a directory`, 'Name the file in it.', error);
    if (code === 'EACCES') {
      throw new HostRefused(
        `${basename(path)} can't be read by this user`,
        `Run \`ls -l ${path}\` to see who may.`,
        error,
      );
    }
    throw error;
  }
}

export function checkConfig(
  bytes: Uint8Array | string,
  host?: HostFacts,
  occasion: Occasion = 'change',
): CheckedConfig {
  const text = typeof bytes === 'string' ? bytes : decodeUtf8(bytes);
  if (text === undefined) {
    return { problems: [{ path: '', message: 'the file is not UTF-8 text', mend: 'Save it as UTF-8.' }], warnings: [] };
  }
  const source = readSource(text);
  const syntax = source.syntax.map(
    ({ line, message, mend }): Problem => ({ path: '', line, message, ...(mend === undefined ? {} : { mend }) }),
  );
  if (source.syntax.some((finding) => finding.fatal)) return { problems: inFileOrder(syntax), warnings: [] };
  const { findings, settings } = checkValue(source.value, host, occasion);
  const problems = [...syntax, ...placed(source, findings, 'error')];
  const warnings = inFileOrder(placed(source, findings, 'warning'));
  if (problems.length > 0) return { problems: inFileOrder(problems), warnings };
  return { problems: [], warnings, settings: deepFreeze(settings) };
}

const EMPTY: SchemaVerdict = {
  findings: [fault([], 'the file is empty', '`podboot init --interface NAME` writes a configuration.')],
  refused: [[]],
};

function checkValue(
  value: unknown,
  host: HostFacts | undefined,
  occasion: Occasion,
): { findings: readonly Finding[]; settings: Settings } {
  const verdict = value === null || value === undefined ? EMPTY : schemaVerdict(value);
  const written = compile(prune(value, verdict.refused), writtenNames(value, verdict.refused));
  // Not even a mapping: nothing else can be said about it.
  if (verdict.refused.some((path) => path.length === 0))
    return { findings: verdict.findings, settings: written.draft.settings };
  const { draft, findings } = host === undefined ? { ...written, findings: [] } : resolveAssets(written.draft, host);
  const assets = occasion === 'start' ? findings.map((each) => ({ ...each, severity: 'warning' as const })) : findings;
  const all = [...verdict.findings, ...written.findings, ...assets, ...crossCheck(draft)];
  if (host !== undefined) all.push(...(occasion === 'start' ? hostCheckAtStart : hostCheck)(draft, host));
  return { findings: all, settings: draft.settings };
}

const NAMING_SECTIONS = ['interfaces', 'subnets', 'groups', 'profiles'];

function writtenNames(value: unknown, refused: readonly ConfigPath[]): WrittenNames {
  const isKnown = (key: string): boolean =>
    rootNode.properties !== undefined && Object.hasOwn(rootNode.properties, key);
  return {
    interfaces: new Set(keysOf(value, 'interfaces')),
    subnetCount: keysOf(value, 'subnets').length,
    groups: new Set(keysOf(value, 'groups')),
    profiles: new Set(keysOf(value, 'profiles')),
    isUnclear: refused.some(
      ([key, ...rest]) => rest.length === 0 && (NAMING_SECTIONS.includes(String(key)) || !isKnown(String(key))),
    ),
    partlyRefused: new Set(refused.map((path) => formatPath(path.slice(0, -1)))),
  };
}

function keysOf(value: unknown, section: string): string[] {
  const entries = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[section] : undefined;
  return typeof entries === 'object' && entries !== null && !Array.isArray(entries) ? Object.keys(entries) : [];
}

function placed(source: ConfigSource, findings: readonly Finding[], severity: Finding['severity']): Problem[] {
  return findings.filter((finding) => finding.severity === severity).map((finding) => toProblem(source, finding));
}

function inFileOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER));
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

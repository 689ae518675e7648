import type { Node } from '../../domain/node.ts';
import type { InstallSettings, ProfileSettings, WrittenInstallValues } from '../../domain/settings.ts';
import { isRecord } from './check-install-values.ts';

/** One place where install values were written, and how an operator finds it. */
export interface ValueLayer {
  readonly path: string;
  readonly values: WrittenInstallValues;
}

/**
 * Weakest first: what the ready-made profile brings, the site, the profile, the node's roles in the order of its record, the
 * node itself.
 */
export function valueLayers(node: Node, profile: ProfileSettings, install: InstallSettings | undefined): ValueLayer[] {
  const layers: ValueLayer[] = [];
  const add = (path: string, values: WrittenInstallValues | undefined) => {
    if (values !== undefined) layers.push({ path, values });
  };
  add(`the ready-made profile ${profile.base}`, profile.values?.base);
  add('install.values', install?.site);
  add(`profiles.${profile.name}.values`, profile.values?.own);
  for (const role of node.roles) add(`roles.${role}.values`, install?.roles.get(role));
  add(`install of the node ${node.name}`, node.install);
  return layers;
}

/**
 * Keys within keys are merged; anything else, lists too, is replaced whole; null takes away what the weaker layers say.
 * A disk is chosen by one layer alone: conditions of two would hardly mean what either says.
 */
export function mergeInstallValues(layers: readonly WrittenInstallValues[]): WrittenInstallValues {
  let merged: WrittenInstallValues = {};
  for (const layer of layers) merged = mergeRecords(merged, layer, true);
  return merged;
}

const REPLACED_WHOLE = new Set(['disk', 'rootPasswordHash']);

function mergeRecords(below: WrittenInstallValues, above: WrittenInstallValues, top: boolean): WrittenInstallValues {
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const before = merged.get(key);
    const whole = top && REPLACED_WHOLE.has(key);
    if (value === null) merged.delete(key);
    else if (!whole && isRecord(before) && isRecord(value) && !isReference(value)) {
      merged.set(key, mergeRecords(before, value, false));
    } else merged.set(key, withoutNulls(value));
  }
  return Object.fromEntries(merged);
}

function isReference(value: Readonly<Record<string, unknown>>): boolean {
  return 'file' in value || 'credential' in value;
}

function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}

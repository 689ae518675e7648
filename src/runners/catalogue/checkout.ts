import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogueEntry, EntryStep, StepVariant } from './entry.ts';

/** Of the operator's files and of the checkout, as far as a plan looks at them. */
export interface Files {
  isFile(path: string): boolean;
  /** Undefined where it can't be read. */
  read(path: string): string | undefined;
  /** Permission bits; undefined where it is not there. */
  mode(path: string): number | undefined;
}

export const HOST_FILES: Files = {
  isFile: (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  mode: (path) => statSync(path, { throwIfNoEntry: false })?.mode,
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/** What is run of a step: paths differ between versions of DeepOps, so the checkout is looked at, not its name. */
export function chosenVariant(
  step: EntryStep,
  settings: Readonly<Record<string, string>>,
  checkout: string | undefined,
  files: Files,
): StepVariant | undefined {
  return step.variants.find(
    (variant) =>
      Object.entries(variant.when).every(([name, value]) => settings[name] === value) &&
      isThere(variant, checkout, files),
  );
}

function isThere({ file, holds }: StepVariant, checkout: string | undefined, files: Files): boolean {
  if (file === undefined) return true;
  if (checkout === undefined) return false;
  const path = join(checkout, file);
  return files.isFile(path) && (holds === undefined || files.read(path)?.includes(holds) === true);
}

/** For people who have another version: `scripts/k8s/deploy_rook.sh (20.10 and later)`. */
export function variantText({ file, argv, versions }: StepVariant): string {
  return `${file ?? argv?.slice(0, 2).join(' ') ?? ''} (${versions})`;
}

/** The settings of an entry as the cluster has them, over the defaults. */
export function settingsOf(
  { settings }: CatalogueEntry,
  written: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    settings.flatMap(({ name, default: standard }) => {
      const value = written[name] ?? standard;
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

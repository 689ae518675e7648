import type { DiskChoice } from './install-values.ts';

/** A disk of a machine, as an inventory has it. */
export interface DiskFacts {
  /** `/dev/nvme0n1`, and other names of it. */
  readonly paths: readonly string[];
  readonly sizeBytes: number;
  readonly serial?: string;
  readonly model?: string;
  readonly bus?: string;
}

export type ChosenDisk = { readonly disk: DiskFacts } | { readonly refusal: string };

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  PB: 1e15,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  PiB: 2 ** 50,
};

/** `960GB`, `1.9TB`, `4TiB`; disks are sold in powers of ten. */
export function diskBytes(text: string): number {
  const match = /^([0-9.]+) ?([A-Za-z]*)$/.exec(text);
  return Math.round(Number(match?.[1] ?? Number.NaN) * (FACTORS[match?.[2] ?? ''] ?? Number.NaN));
}

/** Exactly one disk has to fit: erasing one of several would be a guess. The same rule as boot-assets/shell/disk.sh. */
export function chooseDisk(choice: DiskChoice, disks: readonly DiskFacts[]): ChosenDisk {
  const fitting = disks.filter((disk) => fits(choice, disk));
  const [disk] = fitting;
  if (disk !== undefined && fitting.length === 1) return { disk };
  const named = (fitting.length === 0 ? disks : fitting).map(nameOf).join(', ') || 'none';
  if (fitting.length === 0) return { refusal: `no disk fits ${describeChoice(choice)}; there are ${named}` };
  return { refusal: `${fitting.length} disks fit ${describeChoice(choice)}: ${named}` };
}

function fits(choice: DiskChoice, disk: DiskFacts): boolean {
  const { serial, model, minSize, maxSize, bus, path } = choice;
  return (
    (serial === undefined || disk.serial?.trim() === serial.trim()) &&
    (model === undefined || globMatches(model.trim(), disk.model?.trim() ?? '')) &&
    (minSize === undefined || disk.sizeBytes >= diskBytes(minSize)) &&
    (maxSize === undefined || disk.sizeBytes <= diskBytes(maxSize)) &&
    (bus === undefined || disk.bus === bus) &&
    (path === undefined || disk.paths.includes(path))
  );
}

/** `*` stands for anything, everything else for itself. */
function globMatches(pattern: string, text: string): boolean {
  const source = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's').test(text);
}

export function describeChoice(choice: DiskChoice): string {
  const parts = Object.entries(choice).map(([key, value]) => `${key} ${value}`);
  return parts.length === 0 ? 'a choice of the only disk' : parts.join(', ');
}

function nameOf(disk: DiskFacts): string {
  const size = `${(disk.sizeBytes / 1e9).toFixed(0)} GB`;
  return [disk.paths[0] ?? 'a disk', disk.model, disk.serial, size].filter((part) => part !== undefined).join(' ');
}

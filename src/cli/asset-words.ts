import type { AssetView } from '../api/schemas/asset.ts';
import { table } from './table.ts';

/** `740 B`, `49 MB`, `3.2 GB`: powers of ten, as disks are sold and downloads counted. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
  ] as const) {
    if (bytes < size * 1_000) return `${shortNumber(bytes / size)} ${unit}`;
  }
  return `${shortNumber(bytes / 1e9)} GB`;
}

function shortNumber(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

export function assetTable(assets: readonly AssetView[]): string {
  return table(
    ['name', 'kind', 'release', 'arch', 'size', 'state', 'used by'],
    assets.map(({ name, kind, release, architecture, sizeBytes, state, usedBy }) => [
      name,
      kind,
      release,
      architecture,
      sizeBytes === undefined ? undefined : sizeText(sizeBytes),
      state,
      usersText(usedBy),
    ]),
  );
}

function usersText({ profiles, settings, nodes }: AssetView['usedBy']): string {
  const users = [...profiles, ...settings].join(', ');
  return nodes.length === 0 ? users : `${users} (${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'})`;
}

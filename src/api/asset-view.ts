import type { AssetSummary } from '../domain/asset.ts';
import type { AssetView } from './schemas/asset.ts';

export function assetView(asset: AssetSummary): AssetView {
  const { notes, troubles, usedBy } = asset;
  return {
    ...asset,
    state: troubles.length === 0 ? 'ready' : 'damaged',
    notes: [...notes],
    troubles: [...troubles],
    usedBy: { profiles: [...usedBy.profiles], settings: [...usedBy.settings], nodes: [...usedBy.nodes] },
  };
}

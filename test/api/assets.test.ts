import assert from 'node:assert/strict';
import { afterEach, beforeEach, it } from 'node:test';
import type { AssetSummary } from '../../src/domain/asset.ts';
import { ApiFixture } from './api-fixture.ts';

let pod: ApiFixture;
beforeEach(() => {
  pod = new ApiFixture();
});
afterEach(() => pod.api.close());

function asset(name: string, change: Partial<AssetSummary> = {}): AssetSummary {
  return {
    ...{ name, kind: 'debian-installer', release: '12', architecture: 'amd64', title: 'Debian 12', files: 2 },
    ...{ sizeBytes: 49_032_932, source: '/usr/lib/x', importedAt: '2026-01-01T00:00:00.000Z', notes: [], troubles: [] },
    usedBy: { profiles: ['rescue'], settings: [], nodes: ['dgx01'] },
    ...change,
  };
}

it('lists the assets page by page, with their folder', async () => {
  pod.assets = ['a', 'b', 'c'].map((name) => asset(name));
  const first = (await pod.call('GET', '/assets?limit=2')).json();
  assert.equal(first.folder, '/var/lib/podboot/assets');
  assert.deepEqual(first.items[0], { ...asset('a'), state: 'ready' });
  assert.deepEqual([first.items.length, first.next], [2, 'b']);
  // One that was removed between two pages.
  pod.assets = ['a', 'c'].map((name) => asset(name));
  const second = (await pod.call('GET', '/assets?limit=2&after=b')).json();
  assert.deepEqual([second.items.map(({ name }: AssetSummary) => name), second.next], [['c'], undefined]);
});

it('tells of one what is wrong with it, also where its manifest can’t be read', async () => {
  const troubles = [{ message: 'linux is missing', mend: 'Import it again.' }];
  pod.assets = [
    asset('damaged', { troubles }),
    { name: 'broken', notes: [], troubles, usedBy: { profiles: [], settings: [], nodes: [] } },
  ];
  for (const name of ['damaged', 'broken']) {
    const { state, troubles: told } = (await pod.call('GET', `/assets/${name}`)).json();
    assert.deepEqual([state, told], ['damaged', troubles]);
  }
  const response = await pod.call('GET', '/assets/none');
  assert.equal(response.statusCode, 404);
  assert.match(response.json().detail, /no asset none/);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deployOwners } from '../../src/daemon/owners-for-plans.ts';
import { Conflict } from '../../src/domain/errors.ts';
import type { Node } from '../../src/domain/node.ts';
import type { NodeDirectory } from '../../src/domain/ports.ts';
import type { OwnerChange } from '../../src/domain/schedulers.ts';
import type { OwnerAnswer, OwnerRequest } from '../../src/runners/owner/owner-desk.ts';

const nodes = {
  byName: (name: string) => (name.startsWith('dgx') ? ({ id: name, name } as Node) : undefined),
} as NodeDirectory;

function desk(changes: Readonly<Record<string, Partial<OwnerChange>>>, outcome: OwnerAnswer['outcome'] = 'started') {
  const asked: (OwnerRequest & { readonly node: string })[] = [];
  const owners = deployOwners(
    {
      change: (id) => ({ from: 'k8s', to: 'slurm', ...changes[id] }) as OwnerChange,
      ask: async (node, request) => {
        asked.push({ node: node.name, ...request });
        if (node.name === 'dgx09') throw new Conflict('it is held', [], 'Free it.');
        return { outcome, text: '' };
      },
    },
    nodes,
  );
  return { owners, asked };
}

describe('who owns nodes, as deployment plans see it', () => {
  test('what waits, what has gone well and what has not', () => {
    const { owners } = desk({
      dgx01: { stage: 'clearing', waitsFor: ['job 4711', 'job 4712'] },
      dgx02: { stage: 'done' },
      dgx03: { stage: 'put-back', trouble: 'job 4711 still runs' },
      dgx04: { stage: 'taking' },
    });
    assert.deepEqual(owners.look('dgx01'), { owner: 'k8s', underWay: 'job 4711, job 4712' });
    assert.deepEqual(owners.look('dgx02'), { owner: 'slurm' });
    assert.deepEqual(owners.look('dgx03'), { owner: 'k8s', trouble: 'job 4711 still runs' });
    assert.deepEqual(owners.look('dgx04'), { owner: 'k8s', underWay: 'taking' });
  });

  test('a node that belongs there already is known to, whatever its last change was', async () => {
    const { owners, asked } = desk({ dgx01: { stage: 'put-back', trouble: 'long ago' } }, 'already');
    await owners.give(['dgx01'], 'k8s', 'deploy pod1', 3_600_000);
    assert.deepEqual(asked, [{ node: 'dgx01', to: 'k8s', by: 'deploy pod1', force: false, waitMs: 3_600_000 }]);
    assert.deepEqual(owners.look('dgx01'), { owner: 'k8s' });
  });

  test('a refusal of one is told when all were asked', async () => {
    const { owners, asked } = desk({});
    await assert.rejects(owners.give(['dgx09', 'dgx01', 'gone'], 'slurm', 'deploy pod1', 0), {
      message: 'dgx09: it is held',
      mend: 'Free it.',
    });
    assert.deepEqual(
      asked.map(({ node }) => node),
      ['dgx09', 'dgx01'],
    );
  });
});

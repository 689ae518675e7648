import { Value } from 'typebox/value';
import { NodeBody } from '../../../src/api/schemas/node.ts';
import { InvalidInput, type Problem } from '../../../src/domain/errors.ts';
import type { Node } from '../../../src/domain/node.ts';
import { readColumnMap } from '../../../src/lifecycle/enrolment/column-map.ts';
import type { ImportFormat, ImportReading } from '../../../src/lifecycle/enrolment/imported-node.ts';
import { planImport } from '../../../src/lifecycle/enrolment/plan-import.ts';
import { readImport } from '../../../src/lifecycle/enrolment/read-import.ts';
import { createNodeRegistry } from '../../../src/lifecycle/node-registry.ts';
import type { AppliedNode, NodeRegistry } from '../../../src/lifecycle/registry-port.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock } from '../../harness/clock.ts';

export interface ReadOptions {
  readonly format?: ImportFormat;
  readonly map?: string;
}

export function read(file: string | Uint8Array, { map, format }: ReadOptions = {}): ImportReading {
  return readImport(typeof file === 'string' ? Buffer.from(file) : file, {
    checkShape: (node) =>
      Value.Check(NodeBody, node) ? [] : [{ path: '', message: 'It is no node.', mend: 'Look at its members.' }],
    ...(format === undefined ? {} : { format }),
    ...(map === undefined ? {} : { map: readColumnMap(map) }),
  });
}

/** A registry with nothing in it, and a configuration that has something against a group and some addresses. */
export class Site {
  readonly store = new MemoryStore();
  readonly registry: NodeRegistry = createNodeRegistry({
    nodes: [],
    commit: (batch) => this.store.commit(batch),
    clock: new FakeClock(),
    events: { wantsDebug: false, emit: () => undefined },
    checkNode: (node) => [...groupProblems(node), ...subnetProblems(node)],
  });

  async import(file: string | Uint8Array, options: ReadOptions = {}): Promise<readonly AppliedNode[]> {
    return this.registry.apply(planImport(read(file, options)));
  }

  /** Everything that is wrong with it. */
  async problems(file: string | Uint8Array, options: ReadOptions = {}): Promise<readonly Problem[]> {
    const before = this.store.batches.length;
    try {
      await this.import(file, options);
    } catch (error) {
      if (!(error instanceof InvalidInput) && !(error instanceof Error && 'problems' in error)) throw error;
      if (this.store.batches.length !== before) throw new Error('something was written');
      return error.problems as readonly Problem[];
    }
    throw new Error('it was taken');
  }

  node(name: string): Node {
    const node = this.registry.byName(name);
    if (node === undefined) throw new Error(`there is no ${name}`);
    return node;
  }
}

function groupProblems(node: Node): Problem[] {
  if (node.group === undefined || node.group === 'dgx') return [];
  return [{ path: 'group', message: `There is no group ${node.group}.`, mend: 'Use dgx.' }];
}

function subnetProblems(node: Node): Problem[] {
  return node.interfaces.flatMap(({ address }, index) => {
    if (address === undefined || address >>> 16 === 0x0a4d) return [];
    return [{ path: `interfaces[${index}].address`, message: 'It is in no subnet.', mend: 'Use 10.77.0.0/16.' }];
  });
}

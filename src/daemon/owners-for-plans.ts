import { Conflict, PodbootError } from '../domain/errors.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import type { Owner } from '../domain/schedulers.ts';
import type { DeployOwners } from '../runners/deploy/ports.ts';
import type { OwnerDesk } from '../runners/owner/owner-desk.ts';

/** The hand-over between schedulers, as plans see it. */
export function deployOwners(desk: Pick<OwnerDesk, 'ask' | 'change'>, nodes: NodeDirectory): DeployOwners {
  /** Those of whom it was said that they belong there: no change of theirs says so. */
  const there = new Map<string, Owner>();
  return {
    look(name) {
      const node = nodes.byName(name);
      const change = node === undefined ? undefined : desk.change(node.id);
      const known = there.get(name);
      if (known !== undefined) return { owner: known };
      if (change === undefined) return undefined;
      const { stage, from, to, waitsFor, trouble } = change;
      if (stage === 'done') return { owner: to };
      if (stage === 'put-back' || stage === 'stuck')
        return { owner: stage === 'put-back' ? from : 'none', trouble: trouble ?? `it is ${stage}` };
      return { owner: from, underWay: waitsFor?.slice(0, 3).join(', ') || stage };
    },
    async give(names, to, by, waitMs) {
      const refusals: { readonly name: string; readonly error: PodbootError }[] = [];
      await Promise.all(
        names.map(async (name) => {
          there.delete(name);
          const node = nodes.byName(name);
          if (node === undefined) return;
          try {
            const { outcome } = await desk.ask(node, { to, by, force: false, waitMs });
            if (outcome === 'already') there.set(name, to);
          } catch (error) {
            if (!(error instanceof PodbootError)) throw error;
            refusals.push({ name, error });
          }
        }),
      );
      const [first] = refusals;
      if (first === undefined) return;
      const more = refusals.length === 1 ? '' : ` (and ${refusals.length - 1} more nodes)`;
      throw new Conflict(`${first.name}: ${first.error.message}${more}`, [], first.error.mend);
    },
  };
}

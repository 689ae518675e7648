import type { Problem } from '../domain/errors.ts';
import type { AppliedNode } from '../lifecycle/registry-port.ts';
import type { AppliedView } from './schemas/enrolment.ts';

/** What came of a plan, or would come of it. */
export function appliedView(
  applied: readonly AppliedNode[],
  options: { readonly dryRun: boolean; readonly notes?: readonly Problem[] },
): AppliedView {
  const count = (wanted: AppliedNode['action']) => applied.filter(({ action }) => action === wanted).length;
  const { dryRun, notes = [] } = options;
  return {
    dryRun,
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    items: applied.map(({ action, node, changes, where }) => ({
      action,
      name: node.name,
      ...(dryRun && action === 'created' ? {} : { id: node.id }),
      ...(where === undefined ? {} : { where }),
      changes: [...changes],
    })),
    ...(notes.length === 0 ? {} : { notes: [...notes] }),
  };
}

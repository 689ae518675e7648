import { Conflict, InvalidInput, type Problem } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import { type Claim, claimProblem, claimsOf } from './node-claims.ts';
import { shown } from './node-input.ts';
import { nodeProblems } from './node-rules.ts';
import type { NodeLookup, NodePlan } from './registry-port.ts';

/** Problems that are told at once: a wrong file of 4,000 lines has as many. */
const MAX_PROBLEMS = 1_000;

/**
 * Looks at the nodes as they would be after all of the plan: what one of them gives up, another one may take.
 *
 * @throws InvalidInput with every problem, or Conflict where other owners are all that is wrong
 */
export function judge(plan: NodePlan, nodes: NodeLookup, checkNode: (node: Node) => readonly Problem[]): void {
  const invalid: Problem[] = [...(plan.problems ?? [])];
  const conflicts: Problem[] = [];
  const changing = new Set(plan.nodes.map(({ reading }) => reading.node.id));
  const claimed = new Map<string, { readonly claim: Claim; readonly where: string | undefined }>();
  for (const { reading, place, where } of plan.nodes) {
    const at = place ?? ((problem: Problem) => problem);
    const { node, problems, unreadable } = reading;
    const own = [...problems, ...nodeProblems(node, unreadable)];
    // What is wrong by itself is told once, though the configuration may have something against it too.
    const told = new Set(own.map(({ path }) => path));
    for (const problem of [...own, ...checkNode(node).filter(({ path }) => !told.has(path))]) invalid.push(at(problem));
    for (const claim of claimsOf(node)) {
      const key = `${claim.kind} ${claim.value}`;
      const inPlan = claimed.get(key);
      const stored = nodes.holder(claim.kind, claim.value);
      const holder = inPlan?.claim ?? (stored === undefined || changing.has(stored.node.id) ? undefined : stored);
      if (holder === undefined) claimed.set(key, { claim, where });
      else conflicts.push(at(claimProblem(claim, holder, inPlan?.where)));
    }
  }
  refuse(plan, invalid, conflicts);
}

function refuse(plan: NodePlan, invalid: readonly Problem[], conflicts: readonly Problem[]): void {
  const problems = [...invalid, ...conflicts];
  if (problems.length === 0) return;
  // In the order in which whoever mends them goes through the file; a stable sort keeps the rest as it is.
  problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  const message = `${subjectOf(plan)} can’t be stored like this; nothing was changed: ${countOf(problems)}.`;
  const told = problems.slice(0, MAX_PROBLEMS);
  if (invalid.length > 0) throw new InvalidInput(message, told);
  throw new Conflict(message, told);
}

/** A file of which something could not be read is more than the nodes that could. */
function subjectOf({ nodes, problems = [] }: NodePlan): string {
  const [first] = nodes;
  if (problems.length > 0 || first === undefined) return 'The list';
  return nodes.length === 1 ? `The node ${shown(first.reading.node.name)}` : `The list of ${nodes.length} nodes`;
}

function countOf(problems: readonly Problem[]): string {
  if (problems.length > MAX_PROBLEMS) return `the first ${MAX_PROBLEMS} of ${problems.length} problems`;
  return problems.length === 1 ? 'one problem' : `${problems.length} problems`;
}

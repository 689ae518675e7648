import type { CheckResult } from '../../domain/hand-off.ts';
import type { KubernetesNodes } from '../../domain/schedulers.ts';
import type { SchedulerExpectation } from './check-list.ts';
import { shown } from './judge-check.ts';

const GPU_RESOURCE = 'nvidia.com/gpu';

/** What the cluster says of a node at this moment. */
export async function kubernetesChecks(
  cluster: KubernetesNodes,
  name: string,
  { gpus }: SchedulerExpectation,
): Promise<readonly CheckResult[]> {
  const node = await cluster.node(name);
  if (node === undefined) {
    const mend = 'Look in the log of its run why it did not join, and on it: journalctl -u kubelet.';
    return [{ check: 'kubernetes-ready', ok: false, expected: 'Ready', found: 'the cluster has no such node', mend }];
  }
  const notReady = node.notReadyBecause ?? 'NotReady';
  const ready: CheckResult = node.isReady
    ? { check: 'kubernetes-ready', ok: true, expected: 'Ready', found: 'Ready' }
    : {
        check: 'kubernetes-ready',
        ok: false,
        expected: 'Ready',
        found: shown(notReady),
        mend: 'Look at “kubectl describe node” and, on it, journalctl -u kubelet.',
      };
  if (gpus === undefined) return [ready];
  const found = node.allocatable[GPU_RESOURCE] ?? '0';
  const ok = Number(found) >= gpus;
  const mend = 'Look whether its device plugin runs (GPU operator or nvidia-device-plugin), and at nvidia-smi on it.';
  const allocatable: CheckResult = {
    check: 'kubernetes-gpus',
    ok,
    expected: `at least ${gpus} ${GPU_RESOURCE}`,
    found: shown(found),
    ...(ok ? {} : { mend }),
  };
  return [ready, allocatable];
}

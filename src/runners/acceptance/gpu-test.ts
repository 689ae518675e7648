import { randomBytes } from 'node:crypto';
import { PodbootError } from '../../domain/errors.ts';
import type { CheckResult } from '../../domain/hand-off.ts';
import type { Clock } from '../../domain/ports.ts';
import type { KubernetesNodes } from '../../domain/schedulers.ts';
import type { SlurmPrograms } from '../slurm/slurm-programs.ts';
import type { GpuTest } from './check-list.ts';
import { shown } from './judge-check.ts';
import type { Pauses } from './pauses.ts';

const LOOK_MS = 3_000;
const MAX_LOG_BYTES = 16 * 1024;
const EXPECTED = 'a job that sees one GPU';
/** `GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-…)` of `nvidia-smi -L`. */
const GPU_LINE = /^GPU [0-9]+: .*/m;

/** One pod with one GPU on this very node: scheduler, kubelet, device plugin and container toolkit all have a part in it. */
export function gpuPod(
  node: string,
  { image, namespace, timeoutMs }: GpuTest,
  suffix: string,
): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `podboot-gpu-test-${node.slice(0, 40)}-${suffix}`,
      namespace,
      labels: { 'app.kubernetes.io/name': 'podboot-gpu-test', 'app.kubernetes.io/managed-by': 'podboot' },
    },
    spec: {
      restartPolicy: 'Never',
      // It ends even where podboot does not come back to remove it.
      activeDeadlineSeconds: Math.ceil(timeoutMs / 1_000),
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
          },
        },
      },
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      containers: [
        {
          name: 'gpu',
          image,
          command: ['nvidia-smi', '-L'],
          resources: { limits: { 'nvidia.com/gpu': 1 } },
        },
      ],
    },
  };
}

export async function kubernetesGpuTest(
  cluster: KubernetesNodes,
  node: string,
  test: GpuTest,
  clock: Clock,
  pauses: Pauses,
): Promise<CheckResult> {
  const pod = await cluster.createPod(gpuPod(node, test, randomBytes(3).toString('hex')));
  try {
    const deadline = clock.monotonic() + test.timeoutMs;
    for (;;) {
      const state = await cluster.podPhase(pod);
      if (state === undefined) return failed('its pod was removed by somebody', 'Run it again.');
      if (state.phase === 'succeeded') return seen(await cluster.podLog(pod, MAX_LOG_BYTES));
      if (state.phase === 'failed') {
        const log = await cluster.podLog(pod, MAX_LOG_BYTES).catch(() => '');
        return failed(
          `the pod failed: ${state.because ?? lastOf(log)}`,
          'Look at nvidia-smi on it and at its container toolkit.',
        );
      }
      if (clock.monotonic() >= deadline || pauses.isClosed) {
        const because = state.because === undefined ? '' : `: ${state.because}`;
        return failed(
          `the pod is ${state.phase} after ${Math.round(test.timeoutMs / 1_000)} s${because}`,
          'Look at its free GPUs, its taints, and whether the image can be fetched.',
        );
      }
      await pauses.pause(LOOK_MS);
    }
  } finally {
    await cluster.deletePod(pod).catch(() => {
      // activeDeadlineSeconds ends it.
    });
  }
}

/** `srun --gres=gpu:1 nvidia-smi -L` on this very node. */
export async function slurmGpuTest(
  programs: SlurmPrograms,
  node: string,
  test: GpuTest,
  { signal }: Pauses,
): Promise<CheckResult> {
  const seconds = Math.ceil(test.timeoutMs / 1_000);
  const argv = [
    'srun',
    `--nodelist=${node}`,
    ...['--nodes=1', '--ntasks=1', '--gres=gpu:1', '--job-name=podboot-gpu-test'],
    `--immediate=${seconds}`,
    `--time=${Math.max(1, Math.ceil(seconds / 60))}`,
    ...['nvidia-smi', '-L'],
  ];
  const { exitCode, stdout, stderr } = await programs(argv, { deadlineMs: test.timeoutMs + 10_000, signal });
  if (exitCode === 0) return seen(stdout);
  return failed(
    `srun ended with ${exitCode}: ${lastOf(stderr)}`,
    'Look at “squeue”, at gres.conf and at nvidia-smi on it.',
  );
}

function seen(output: string): CheckResult {
  const line = GPU_LINE.exec(output)?.[0];
  if (line !== undefined) return { check: 'gpu-test', ok: true, expected: EXPECTED, found: shown(line) };
  return failed(`it saw none: ${lastOf(output)}`, 'Look at nvidia-smi on the node.');
}

/** For whatever is thrown on the way. */
export function gpuTestFailed(error: unknown): CheckResult {
  const mend = error instanceof PodbootError ? error.mend : undefined;
  return failed(error instanceof Error ? error.message : String(error), mend ?? 'Run it again.');
}

function failed(found: string, mend: string): CheckResult {
  return { check: 'gpu-test', ok: false, expected: EXPECTED, found: shown(found), mend };
}

function lastOf(text: string): string {
  return shown(text.trim().split('\n').at(-1) ?? '') || 'it said nothing';
}

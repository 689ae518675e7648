import type { RunnerKind } from '../domain/hand-off.ts';
import { commandRunner } from './kinds/command.ts';
import { playbookRunner } from './kinds/playbook.ts';
import { webhookRunner } from './kinds/webhook.ts';
import { kubesprayRunner } from './kubespray/kubespray-runner.ts';
import type { RunnerModule } from './runner.ts';
import { slurmRunner } from './slurm/slurm-runner.ts';

/** Every kind of runner: one file and one line. */
const MODULES: readonly RunnerModule[] = [kubesprayRunner, slurmRunner, commandRunner, playbookRunner, webhookRunner];

const BY_KIND: ReadonlyMap<RunnerKind, RunnerModule> = new Map(MODULES.map((module) => [module.kind, module]));

export function runnerModule(kind: RunnerKind): RunnerModule | undefined {
  return BY_KIND.get(kind);
}

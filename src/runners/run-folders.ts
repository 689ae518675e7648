import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { HostRefused, NotFound } from '../domain/errors.ts';
import type { ClusterSettings, RunId, RunPlan, RunStep } from '../domain/hand-off.ts';
import { ansibleEnvironment } from './ansible/ansible-environment.ts';
import {
  eventsFile,
  type OrderedStep,
  RUN_FILES,
  type RunOrder,
  readRecord,
  writeAtomically,
} from './launcher/run-folder.ts';
import { RUN_MARK } from './launcher/run-mark.ts';
import { smallEnvironment } from './launcher/small-environment.ts';
import { isRunId } from './run-id.ts';

const MIB = 1024 * 1024;
const LOG_HEAD_BYTES = 16 * MIB;
const LOG_TAIL_BYTES = 16 * MIB;
const STOP = { interruptMs: 10_000, terminateMs: 5_000 };

/** Of the plan, what has to be known of a run to the end of its life; in its folder beside the order. */
export interface KeptPlan extends Pick<RunPlan, 'request' | 'runner' | 'inventoryHash' | 'leftOut'> {
  readonly hosts: readonly { readonly name: string }[];
  readonly steps: readonly Pick<RunStep, 'name' | 'speaks' | 'hosts'>[];
  readonly inactivityMs: number;
  readonly startedAt: number;
}

const PLAN = 'plan.json';

/** The folders of runs, `<runsDir>/<id>/`. */
export class RunFolders {
  readonly #runsDir: string;

  constructor(runsDir: string) {
    this.#runsDir = runsDir;
  }

  /** @throws NotFound for what is no id of a run, so that it names no other folder */
  of(id: RunId): string {
    if (!isRunId(id)) throw new NotFound(`${JSON.stringify(id)} is no run.`, 'podboot runs list shows them.');
    return join(this.#runsDir, id);
  }

  /** With everything that its wrapper needs. @throws HostRefused; nothing is left then */
  create(id: RunId, cluster: ClusterSettings, plan: RunPlan, now: number): string {
    const folder = this.of(id);
    try {
      mkdirSync(this.#runsDir, { recursive: true, mode: 0o700 });
      mkdirSync(folder, { mode: 0o700 });
      for (const { path, content } of plan.files) writeFile(folder, path, content);
      const kept: KeptPlan = {
        ...{ request: plan.request, runner: plan.runner },
        ...(plan.inventoryHash === undefined ? {} : { inventoryHash: plan.inventoryHash }),
        ...(plan.leftOut === undefined ? {} : { leftOut: plan.leftOut }),
        hosts: plan.hosts.map(({ name }) => ({ name })),
        steps: plan.steps.map(({ name, speaks, hosts }) => ({ name, speaks, hosts })),
        ...{ inactivityMs: cluster.inactivityMs, startedAt: now },
      };
      writeAtomically(folder, PLAN, kept);
      const order: RunOrder = {
        id,
        steps: plan.steps.map((step, index) => orderedStep(id, folder, step, index)),
        inactivityMs: cluster.inactivityMs,
        ...{ logHeadBytes: LOG_HEAD_BYTES, logTailBytes: LOG_TAIL_BYTES, stop: STOP },
      };
      writeAtomically(folder, RUN_FILES.order, order);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      const why = error instanceof Error ? error.message : String(error);
      throw new HostRefused(
        `the folder of a run can’t be written: ${why}`,
        `Look at the disk and the owner of ${this.#runsDir}.`,
        error,
      );
    }
    return folder;
  }

  /** Undefined where there is no such folder, or nothing in it was finished. */
  plan(id: RunId): KeptPlan | undefined {
    return readRecord<KeptPlan>(this.of(id), PLAN);
  }

  exists(id: RunId): boolean {
    return statSync(this.of(id), { throwIfNoEntry: false })?.isDirectory() === true;
  }

  remove(id: RunId): void {
    rmSync(this.of(id), { recursive: true, force: true });
  }
}

function orderedStep(id: RunId, folder: string, step: RunStep, index: number): OrderedStep {
  const here = (text: string) => text.replaceAll('{run}/', `${folder}/`);
  const tells = step.speaks === 'plain' ? {} : { PODBOOT_EVENTS: eventsFile(folder, index) };
  const own = Object.entries(step.env ?? {}).map(([name, value]): [string, string] => [name, here(value)]);
  return {
    name: step.name,
    argv: step.argv.map(here),
    ...(step.cwd === undefined ? {} : { cwd: here(step.cwd) }),
    env: {
      ...smallEnvironment(),
      ...(step.speaks === 'ansible' ? ansibleEnvironment(join(folder, 'ansible')) : {}),
      ...Object.fromEntries(own),
      ...tells,
      [RUN_MARK]: id,
    },
  };
}

function writeFile(folder: string, path: string, content: string): void {
  const normal = normalize(path);
  if (isAbsolute(normal) || normal === '..' || normal.startsWith('../'))
    throw new RangeError(`${path} is outside of the run's folder`);
  mkdirSync(dirname(join(folder, normal)), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, normal), content, { mode: 0o600, flag: 'wx' });
}

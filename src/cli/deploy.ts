import type { Command } from 'commander';
import type { DeploymentListView, DeploymentView, ForecastOfPlanView } from '../api/schemas/deployment.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { readArgumentFile } from './argument-file.ts';
import { personOf } from './person.ts';
import { printable, table } from './table.ts';

interface DeployOptions extends ApiOptions {
  readonly by?: string;
  readonly dryRun?: boolean;
  readonly print?: boolean;
  readonly installs?: string;
  readonly yes?: boolean;
  readonly runs?: boolean;
}

/** `podboot deploy [plan.yaml]`, and its status, stop, resume, confirm and leave-out. */
export function registerDeploy(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  const show = (options: ApiOptions, value: unknown, text: () => string) =>
    output.print(options.json === true ? JSON.stringify(value, null, 2) : text());

  const deploy = withApi(program.command('deploy').description('a deployment plan: the order in which a pod is built'))
    .argument('[plan]', 'a plan as YAML, - for standard input; without one, the plan that follows the guide')
    .option('--dry-run', 'only say what each step would do')
    .option('--print', 'print the plan as YAML, to be edited')
    .option('--installs <n>', 'so many nodes may be WIPED and installed: the number that --dry-run has')
    .option('--yes', 'begin a plan that installs nothing without a further word')
    .option('--by <name>', 'who does it (else the user who runs this)')
    .option('--json', 'print it for programs')
    .action(async (file: string | undefined, options: DeployOptions) => {
      const api = createApiClient(options, env);
      const plan = file === undefined ? {} : { plan: readArgumentFile(file, 'Look at its path.').toString('utf8') };
      const { body } = await api.call<ForecastOfPlanView>('POST', '/deployments/forecast', plan);
      if (options.print === true) return output.print(body.text.trimEnd());
      const problems = body.steps.flatMap((step) => step.problems);
      if (options.dryRun === true) {
        show(options, body, () => forecastText(body));
        if (problems.length > 0) output.exitWith(1);
        return;
      }
      const installs = confirmed(body, options);
      if (installs === undefined) {
        show(options, body, () => forecastText(body));
        const what = body.installs.length === 0 ? '--yes' : `--installs ${body.installs.length}`;
        throw new InvalidInput('nothing was begun', [], `When this is what you mean, say so: ${what}`);
      }
      const order = { ...plan, by: personOf(options.by, env), installs };
      const { body: begun } = await api.call<DeploymentView>('POST', '/deployments', order);
      show(options, begun, () => `${statusText(begun)}\nit goes on by itself: podboot deploy status ${begun.name}`);
    });
  const each = (name: string, description: string) =>
    withApi(deploy.command(name).description(description)).option('--json', 'print it for programs');
  const byOption = (command: Command) => command.option('--by <name>', 'who does it (else the user who runs this)');

  each('status', 'where a plan is: what each step waits for')
    .argument('[name]', 'of the plan; without one, the newest')
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const options: DeployOptions = command.optsWithGlobals();
      const { body } = await createApiClient(options, env).call<DeploymentListView>('GET', '/deployments');
      const found = name === undefined ? body.items[0] : body.items.find((item) => item.name === name);
      if (found === undefined) {
        const there = body.items.map((item) => item.name).join(', ');
        throw new InvalidInput(
          name === undefined ? 'no plan was begun' : `there is no deployment ${name}`,
          [],
          there === '' ? 'podboot deploy begins one.' : `There are ${there}.`,
        );
      }
      show(options, found, () => statusText(found));
      if (found.state === 'failed') output.exitWith(1);
    });
  each('list', 'plans, newest first').action(async (_: unknown, command: Command) => {
    const options: DeployOptions = command.optsWithGlobals();
    const { body } = await createApiClient(options, env).call<DeploymentListView>('GET', '/deployments');
    const rows = body.items.map((item) => [
      item.name,
      item.state,
      item.by,
      item.startedAt,
      `${count(item, 'done')} of ${item.steps.length}`,
    ]);
    show(options, body.items, () =>
      rows.length === 0 ? 'no plan' : table(['plan', 'state', 'by', 'begun', 'steps done'], rows),
    );
  });
  byOption(each('stop', 'begin nothing more'))
    .argument('<name>')
    .option('--runs', 'stop its runs too')
    .action((name: string, _: unknown, command: Command) => {
      const { runs }: DeployOptions = command.optsWithGlobals();
      return change(name, 'stop', command, runs === true ? { runs } : {});
    });
  byOption(each('resume', 'go on; what failed is tried again'))
    .argument('<name>')
    .action((name: string, _: unknown, command: Command) => change(name, 'resume', command));
  byOption(each('confirm', 'a person’s word that a step waits for'))
    .argument('<name>')
    .argument('<step>')
    .action((name: string, step: string, _: unknown, command: Command) => change(name, 'confirm', command, { step }));
  byOption(each('leave-out', 'do without a step that has not ended, or has failed'))
    .argument('<name>')
    .argument('<step>')
    .action((name: string, step: string, _: unknown, command: Command) => change(name, 'leave-out', command, { step }));

  async function change(name: string, what: string, command: Command, more: object = {}): Promise<void> {
    const options: DeployOptions = command.optsWithGlobals();
    const order = { by: personOf(options.by, env), ...more };
    const path = `/deployments/${encodeURIComponent(name)}/${what}`;
    const { body } = await createApiClient(options, env).call<DeploymentView>('POST', path, order);
    show(options, body, () => statusText(body));
  }
}

/** How many installations were agreed to; undefined: nobody has agreed to this yet. */
function confirmed({ installs }: ForecastOfPlanView, options: DeployOptions): number | undefined {
  if (options.installs === undefined) return installs.length === 0 && options.yes === true ? 0 : undefined;
  if (!/^[0-9]{1,5}$/.test(options.installs)) throw new InvalidInput(`--installs ${options.installs} is no number`, []);
  return Number(options.installs);
}

function forecastText({ name, steps, installs }: ForecastOfPlanView): string {
  const rows = steps.map((step) => [
    step.name,
    step.after.join(','),
    [step.text, ...step.problems.map(({ message, mend }) => `${message} → ${mend}`)].join('; '),
  ]);
  const wiped =
    installs.length === 0
      ? 'no node is installed'
      : `${installs.length} nodes are WIPED and installed: ${installs.slice(0, 16).join(', ')}${installs.length > 16 ? ', …' : ''}`;
  return `plan ${printable(name)}; nothing was begun\n${table(['step', 'after', 'what'], rows)}\n${printable(wiped)}`;
}

function statusText(deployment: DeploymentView): string {
  const rows = deployment.steps.map((step) => [
    step.name,
    step.state === 'running' ? 'UNDER WAY' : step.state,
    step.startedAt,
    step.runs.at(-1),
    `${step.text ?? step.title}${step.mend === undefined ? '' : ` → ${step.mend}`}`,
  ]);
  const by = deployment.stoppedBy === undefined ? '' : ` by ${deployment.stoppedBy}`;
  const head = `plan ${deployment.name} is ${deployment.state}${by}: ${count(deployment, 'done')} of ${deployment.steps.length} steps done`;
  return `${printable(head)}\n${table(['step', 'state', 'since', 'run', 'what'], rows)}`;
}

function count({ steps }: DeploymentView, state: string): number {
  return steps.filter((step) => step.state === state).length;
}

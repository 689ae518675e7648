import type { Command } from 'commander';
import type { RenderView } from '../api/schemas/render.ts';
import { NotFound } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';

interface RenderOptions extends ApiOptions {
  readonly profile?: string;
  readonly file?: string;
}

/** `podboot render NODE`. */
export function registerRender(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  withApi(program.command('render'))
    .description('what a node would boot and its installer be told, with secrets masked')
    .argument('<node>', 'its name, id or MAC address')
    .option('--profile <name>', 'a profile of podboot.yaml; unless told, the node’s own')
    .option('--file <name>', 'one answer file alone, as it would be sent')
    .option('--json', 'print it for programs')
    .action(async (name: string, options: RenderOptions) => {
      const query = options.profile === undefined ? '' : `?${new URLSearchParams({ profile: options.profile })}`;
      const path = `/nodes/${encodeURIComponent(name)}/render${query}`;
      const { body } = await createApiClient(options, env).call<RenderView>('GET', path);
      if (options.json === true) output.print(JSON.stringify(body, null, 2));
      else output.print(options.file === undefined ? rendered(body) : fileText(body, options.file));
    });
}

function rendered(view: RenderView): string {
  const said = (label: string, text: string | undefined) =>
    text === undefined || text === '' ? [] : [`${label} ${text}`];
  return [
    `${view.node} by the profile ${view.profile} (${view.kind})`,
    ...said('kernel   ', view.kernel),
    ...said('initrds  ', view.initrds?.join(', ')),
    ...said('arguments', view.arguments),
    ...said('script\n', view.script),
    ...(view.files.length === 0 ? ['It is told nothing: the profile has no answer files.'] : []),
    ...view.files.flatMap(({ name, text }) => ['', `==> ${name} <==`, text.trimEnd()]),
  ].join('\n');
}

function fileText(view: RenderView, name: string): string {
  const found = view.files.find((file) => file.name === name);
  if (found !== undefined) return found.text.trimEnd();
  const names = view.files.map((file) => file.name).join(', ') || 'none';
  throw new NotFound(`${view.profile} has no answer file ${name}.`, `There are ${names}.`);
}

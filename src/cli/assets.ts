import type { Command } from 'commander';
import type { AssetView } from '../api/schemas/asset.ts';
import { removeAsset } from '../assets/remove-asset.ts';
import { Conflict, InvalidInput } from '../domain/errors.ts';
import { withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { registerImport } from './asset-import.ts';
import { type AssetPlaceOptions, askForAssets, assetsDirOf, withConfig, withPlace } from './asset-place.ts';
import { troubleLines, verifyAll } from './asset-verify.ts';
import { assetTable } from './asset-words.ts';

type Options = AssetPlaceOptions & ApiOptions;

/** `podboot assets`: import, list, verify, remove. Files are this machine's; who needs them is asked of the daemon. */
export function registerAssets(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output } = environment;
  const assets = program
    .command('assets')
    .description('imported media that machines boot; with a subcommand, change them');
  const ours = (command: Command) => withConfig(withApi(command)).option('--json', 'print it for programs');

  const list = async (_: unknown, command: Command) => {
    const options: Options = command.optsWithGlobals();
    const found = await askForAssets(options, environment);
    if (options.json === true) output.print(JSON.stringify(found.items, null, 2));
    else
      output.print(
        found.items.length === 0
          ? `There is none in ${found.folder} yet: podboot assets import PATH`
          : assetTable(found.items),
      );
    for (const { name, troubles } of found.items) {
      for (const line of troubles.flatMap(troubleLines)) output.tell(`${name}:${line}`);
    }
  };
  ours(assets).action(list);
  ours(assets.command('list').description('what is imported, and who uses it')).action(list);

  registerImport(assets, environment);

  withPlace(assets.command('verify').description('read every file of assets and compare its checksum'))
    .argument('[names...]', 'which; all unless named')
    .option('--json', 'print progress and results for programs, one JSON object a line')
    .action(async (names: readonly string[], _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      await verifyAll(assetsDirOf(options), names, options.json === true, output);
    });

  ours(assets.command('remove').description('delete an asset that nothing needs'))
    .argument('<name>', 'as podboot assets list shows it')
    .action(async (name: string, _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      await remove(name, options, environment);
    });
}

async function remove(name: string, options: Options, environment: ApiEnvironment): Promise<void> {
  const { output } = environment;
  const { folder, items } = await askForAssets(options, environment);
  const asset = items.find((each) => each.name === name);
  if (asset !== undefined) refuseIfNeeded(asset);
  const own = assetsDirOf(options);
  if (own !== folder) {
    throw new InvalidInput(
      `the daemon serves ${folder}, and the configuration here says ${own}`,
      [],
      'Name the daemon’s configuration with --config.',
    );
  }
  await removeAsset(folder, name);
  output.print(options.json === true ? JSON.stringify({ removed: name }) : `${name} is removed`);
}

/** @throws Conflict */
function refuseIfNeeded({ name, usedBy }: AssetView): void {
  const needs = [...usedBy.profiles.map((profile) => `profiles.${profile}`), ...usedBy.settings];
  if (needs.length === 0) return;
  const [first] = usedBy.nodes;
  const who = usedBy.nodes.length === 1 ? `${first} boots` : `${usedBy.nodes.length} nodes boot`;
  throw new Conflict(
    `${name} is needed by ${needs.join(', ')}${first === undefined ? '' : `, which ${who}`}`,
    [],
    'Take it out of the configuration and run podboot reload, then remove it.',
  );
}

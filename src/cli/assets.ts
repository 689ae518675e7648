import type { Command } from 'commander';
import { assetNames } from '../assets/asset-store.ts';
import { verifyPrograms } from '../assets/import-programs.ts';
import { removeAsset } from '../assets/remove-asset.ts';
import { verifyAsset } from '../assets/verify-asset.ts';
import { Conflict, InvalidInput } from '../domain/errors.ts';
import { withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { registerImport } from './asset-import.ts';
import { type AssetPlaceOptions, askForAssets, assetsDirOf, withConfig, withPlace } from './asset-place.ts';
import { assetTable, sizeText } from './asset-words.ts';
import { interruptible } from './interruptible.ts';
import type { Output } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { printable } from './table.ts';

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
    .option('--json', 'print it for programs')
    .action(async (names: readonly string[], _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      await verify(assetsDirOf(options), names, options, output);
    });

  ours(assets.command('remove').description('delete an asset that nothing needs'))
    .argument('<name>', 'as podboot assets list shows it')
    .action(async (name: string, _: unknown, command: Command) => {
      const options: Options = command.optsWithGlobals();
      await remove(name, options, environment);
    });
}

function troubleLines({ message, mend }: { readonly message: string; readonly mend: string }): string[] {
  return [`  ${printable(message)}`, `    ${printable(mend)}`];
}

async function verify(folder: string, names: readonly string[], options: Options, output: Output): Promise<void> {
  const wanted = names.length > 0 ? names : assetNames(folder);
  const results = [];
  let damaged = 0;
  for (const name of wanted) {
    const line = new ProgressLine(output, options.json === true, `reading ${name}`);
    const { manifest, troubles, timesRenewed } = await interruptible((signal) =>
      verifyAsset(folder, name, { signal, onProgress: (progress) => line.show(progress) }),
    ).finally(() => line.end());
    if (troubles.length > 0) damaged += 1;
    results.push({ name, ok: troubles.length === 0, files: manifest.files.length, troubles, timesRenewed });
    if (options.json === true) continue;
    const bytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (troubles.length === 0) output.print(`${name} is right: ${manifest.files.length} files, ${sizeText(bytes)}`);
    else output.print([`${name} is damaged:`, ...troubles.flatMap(troubleLines)].join('\n'));
  }
  const programs = names.length > 0 ? { count: 0, troubles: [] } : await verifyPrograms(folder);
  if (programs.count > 0) {
    const { count, troubles } = programs;
    if (troubles.length > 0) damaged += 1;
    results.push({ name: 'boot programs', ok: troubles.length === 0, files: count, troubles, timesRenewed: false });
    if (options.json !== true) {
      output.print(
        [`boot programs: ${count - troubles.length} of ${count} are right`, ...troubles.flatMap(troubleLines)].join(
          '\n',
        ),
      );
    }
  }
  if (options.json === true) output.print(JSON.stringify(results, null, 2));
  else if (results.length === 0) output.print(`There is no asset in ${folder}.`);
  if (damaged > 0) output.exitWith(1);
}

async function remove(name: string, options: Options, environment: ApiEnvironment): Promise<void> {
  const { output } = environment;
  const { folder, items } = await askForAssets(options, environment);
  const asset = items.find((each) => each.name === name);
  const needs =
    asset === undefined
      ? []
      : [...asset.usedBy.profiles.map((profile) => `profiles.${profile}`), ...asset.usedBy.settings];
  if (needs.length > 0) {
    const nodes = asset?.usedBy.nodes ?? [];
    const more =
      nodes.length === 0
        ? ''
        : `, which ${nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`} ${nodes.length === 1 ? 'boots' : 'boot'}`;
    throw new Conflict(
      `${name} is needed by ${needs.join(', ')}${more}`,
      [],
      'Take it out of the configuration and run podboot reload, then remove it.',
    );
  }
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

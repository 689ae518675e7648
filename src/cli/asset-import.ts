import type { Command } from 'commander';
import { type ImportResult, importAsset } from '../assets/import-asset.ts';
import { importPrograms } from '../assets/import-programs.ts';
import type { AssetManifest } from '../assets/manifest.ts';
import { mediumOf } from '../assets/manifest.ts';
import type { ByHand } from '../assets/recognise.ts';
import { profileKindFor } from '../config/resolve-assets.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { ApiEnvironment } from './api-environment.ts';
import { type AssetPlaceOptions, assetsDirOf, withPlace } from './asset-place.ts';
import { sizeText } from './asset-words.ts';
import { interruptible } from './interruptible.ts';
import { ProgressLine } from './progress-line.ts';
import { fields } from './table.ts';

interface ImportOptions extends AssetPlaceOptions {
  readonly name?: string;
  readonly replace?: boolean;
  readonly kernel?: string;
  readonly initrd?: readonly string[];
  readonly release?: string;
  readonly profile?: boolean;
  readonly json?: boolean;
}

/** `podboot assets import PATH`, `podboot assets import-programs FOLDER`. Both need no daemon, and disturb none. */
export function registerImport(assets: Command, { output }: ApiEnvironment): void {
  withPlace(assets.command('import'))
    .description('make an asset of an ISO or a folder: kernel, initrd, and what its installer fetches')
    .argument('<path>', 'an ISO, or a folder with debian-installer for network boot or an unpacked tree')
    .option('--name <name>', 'what to call it; else by what it is: debian-12-amd64')
    .option('--replace', 'in place of the other asset of that name')
    .option('--kernel <path>', 'where its kernel is on the medium, if podboot does not know its layout')
    .option('--initrd <path>', 'its initrd, likewise; may be repeated', (path: string, before: string[] = []) => [
      ...before,
      path,
    ])
    .option('--release <release>', 'its release, with --kernel')
    .option('--profile', 'print a profile for podboot.yaml that boots it')
    .option('--json', 'print progress and result for programs, one JSON object a line')
    .action(async (path: string, _: unknown, command: Command) => {
      const options: ImportOptions = command.optsWithGlobals();
      const isJson = options.json === true;
      const byHand = byHandOf(options);
      const line = new ProgressLine(output, isJson, `importing ${path}`);
      const result = await interruptible((signal) =>
        importAsset({
          assetsDir: assetsDirOf(options),
          path,
          signal,
          onProgress: (progress) => line.show(progress),
          replace: options.replace === true,
          ...(options.name === undefined ? {} : { name: options.name }),
          ...(byHand === undefined ? {} : { byHand }),
        }),
      ).finally(() => line.end());
      for (const name of result.restored) output.tell(`${name}, whose replacement was killed, is back.`);
      if (isJson) output.print(JSON.stringify({ event: result.outcome, asset: result.manifest }));
      else output.print(resultText(result));
      if (options.profile === true) output.print(profileText(result.manifest));
    });

  withPlace(assets.command('import-programs'))
    .description('put boot programs (iPXE, shim, GRUB) of a folder in the place of the packages’')
    .argument('<folder>', 'with files named as in boot-assets/programs.yaml, or as Debian’s packages name them')
    .option('--json', 'print them for programs')
    .action(async (folder: string, _: unknown, command: Command) => {
      const options: ImportOptions = command.optsWithGlobals();
      const programs = await importPrograms(assetsDirOf(options), folder);
      if (options.json === true) output.print(JSON.stringify(programs, null, 2));
      else
        output.print(
          fields(programs.map(({ name, sha256, sizeBytes }) => [name, `${sizeText(sizeBytes)}  sha256 ${sha256}`])),
        );
    });
}

function byHandOf({ kernel, initrd, release }: ImportOptions): ByHand | undefined {
  if (kernel !== undefined && initrd !== undefined) {
    return { kernel, initrds: initrd, ...(release === undefined ? {} : { release }) };
  }
  if (kernel === undefined && initrd === undefined && release === undefined) return undefined;
  throw new InvalidInput(
    '--kernel and --initrd go together',
    [],
    'Name both, as they are on the medium; --release is for them alone.',
  );
}

const OUTCOMES: Readonly<Record<ImportResult['outcome'], string>> = {
  imported: 'is imported',
  replaced: 'is replaced; podboot reload takes it up',
  'there-already': 'is there already',
};

function resultText({ outcome, manifest }: ImportResult): string {
  const bytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const medium = mediumOf(manifest);
  return `${manifest.name} ${OUTCOMES[outcome]}\n${fields([
    ['kind', manifest.kind],
    ['release', manifest.release],
    ['architecture', manifest.architecture],
    ['title', manifest.title],
    ['kernel', medium.kernel],
    ...medium.initrds.map((initrd) => ['initrd', initrd] as const),
    ['iso', medium.iso],
    ['tree', medium.tree],
    ['size', `${sizeText(bytes)} in ${manifest.files.length} files`],
    ...manifest.notes.map((note) => ['note', note] as const),
  ])}`;
}

/** For podboot.yaml, under `profiles`. */
function profileText(manifest: AssetManifest): string {
  const kind = profileKindFor(mediumOf(manifest)) ?? 'live';
  return `\nprofiles:\n  ${manifest.name}: { kind: ${kind}, asset: ${manifest.name} }`;
}

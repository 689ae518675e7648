import type { AssetFile } from '../../domain/asset.ts';
import type { AssetName } from '../../domain/boot.ts';
import type { Problem } from '../../domain/errors.ts';
import type { Settings } from '../../domain/settings.ts';
import type { AssetCatalogue } from './asset-catalogue.ts';
import { installHint, type ProgramManifest } from './boot-programs.ts';

/** Every kernel, initrd and boot program that a machine would be told to load and would not find. */
export async function checkAssets(
  settings: Settings,
  manifest: ProgramManifest,
  catalogue: AssetCatalogue,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  // What was imported is looked at when the configuration is read.
  const imported = new Set(importedFiles(settings).map((file) => file.name));
  for (const { path, name } of configuredAssets(settings)) {
    if (imported.has(name)) continue;
    if ((await catalogue.find(name)) !== undefined) continue;
    problems.push({
      path,
      message: `${name} is not under ${settings.assetsDir}, or can't be read`,
      mend: `Put the file at ${settings.assetsDir}/${name} and let the daemon's user read it.`,
    });
  }
  for (const program of manifest.programs) {
    if ((await catalogue.find(program.name)) !== undefined) continue;
    problems.push({
      path: `boot.programs.${program.firmware}`,
      message: `the boot program ${program.name} is not installed; machines with ${program.firmware} firmware can't be started with ${program.loader === 'ipxe' ? 'iPXE' : 'GRUB'}`,
      mend: installHint(program),
    });
  }
  return problems;
}

/** Those of the assets that profiles name. */
export function importedFiles(settings: Settings): AssetFile[] {
  return [...settings.boot.profiles.values()].flatMap((profile) => profile.medium?.files ?? []);
}

/** What the configuration names itself. */
export function configuredAssets(settings: Settings): { readonly path: string; readonly name: AssetName }[] {
  const assets: { path: string; name: AssetName }[] = [];
  for (const profile of settings.boot.profiles.values()) {
    const path = `profiles.${profile.name}`;
    if (profile.kernel !== undefined) assets.push({ path: `${path}.kernel`, name: profile.kernel });
    profile.initrds.forEach((name, index) => {
      assets.push({ path: `${path}.initrds[${index}]`, name });
    });
  }
  for (const [firmware, name] of Object.entries(settings.boot.programs)) {
    assets.push({ path: `boot.programs.${firmware}`, name });
  }
  return assets;
}

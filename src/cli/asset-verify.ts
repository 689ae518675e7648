import { type AssetTrouble, assetNames } from '../assets/asset-store.ts';
import { verifyPrograms } from '../assets/import-programs.ts';
import { verifyAsset } from '../assets/verify-asset.ts';
import { sizeText } from './asset-words.ts';
import { interruptible } from './interruptible.ts';
import type { Output } from './output.ts';
import { ProgressLine } from './progress-line.ts';
import { printable } from './table.ts';

/** Line by line as it goes: a sentence for people, or one JSON object for programs. Exit code 1 where anything is damaged. */
export async function verifyAll(
  folder: string,
  names: readonly string[],
  isJson: boolean,
  output: Output,
): Promise<void> {
  const wanted = names.length > 0 ? names : assetNames(folder);
  let isDamaged = false;
  const tell = (name: string, troubles: readonly AssetTrouble[], files: number, sentence: string) => {
    isDamaged ||= troubles.length > 0;
    if (isJson) output.print(JSON.stringify({ event: 'verified', name, ok: troubles.length === 0, files, troubles }));
    else output.print([sentence, ...troubles.flatMap(troubleLines)].join('\n'));
  };
  for (const name of wanted) {
    const line = new ProgressLine(output, isJson, `reading ${name}`);
    const { manifest, troubles } = await interruptible((signal) =>
      verifyAsset(folder, name, { signal, onProgress: (progress) => line.show(progress) }),
    ).finally(() => line.end());
    const { length } = manifest.files;
    const bytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const right = `${name} is right: ${length} ${length === 1 ? 'file' : 'files'}, ${sizeText(bytes)}`;
    tell(name, troubles, length, troubles.length === 0 ? right : `${name} is damaged:`);
  }
  const programs = names.length > 0 ? { count: 0, troubles: [] } : await verifyPrograms(folder);
  if (programs.count > 0) {
    const { count, troubles } = programs;
    tell('boot programs', troubles, count, `boot programs: ${count - troubles.length} of ${count} are right`);
  } else if (wanted.length === 0 && !isJson) output.print(`There is no asset in ${folder}.`);
  if (isDamaged) output.exitWith(1);
}

export function troubleLines({ message, mend }: AssetTrouble): string[] {
  return [`  ${printable(message)}`, `    ${printable(mend)}`];
}

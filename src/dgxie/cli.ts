import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { Conflict } from '../domain/errors.ts';
import { findDgxieFiles } from './find-files.ts';
import { importDgxie } from './import-dgxie.ts';

export interface ImportOutput {
  print(text: string): void;
}

interface ImportOptions {
  readonly output: string;
  readonly force?: boolean;
}

const STANDARD: ImportOutput = { print: (text) => void process.stdout.write(`${text}\n`) };

/** `podboot import dgxie DIR`: a configuration and a list of nodes from DGXie's files. */
export function registerImport(program: Command, output: ImportOutput = STANDARD): void {
  program
    .command('import')
    .description("take over another boot server's settings")
    .command('dgxie')
    .description("write podboot.yaml and nodes.json from DGXie's machines.json, dnsmasq hosts and variables")
    .argument('<dir>', "the folder with DGXie's files")
    .option('--output <dir>', 'where to write them', '.')
    .option('--force', 'write over files that are there')
    .action((folder: string, options: ImportOptions) => {
      const { configuration, nodes, nodeCount, leftovers } = importDgxie(findDgxieFiles(folder));
      const write = (name: string, text: string) => writeNew(join(options.output, name), text, options.force === true);
      write('podboot.yaml', configuration);
      write('nodes.json', nodes);
      output.print(
        `podboot.yaml is written, and nodes.json with ${nodeCount === 1 ? 'one node' : `${nodeCount} nodes`}`,
      );
      if (leftovers.length > 0) output.print('What was not taken over:');
      for (const { what, why } of leftovers) output.print(`  ${oneLine(what)}: ${oneLine(why)}`);
    });
}

function writeNew(path: string, text: string, force: boolean): void {
  try {
    writeFileSync(path, text, { flag: force ? 'w' : 'wx', mode: 0o640 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    throw new Conflict(
      `${path} is there already`,
      [],
      'Name another folder with --output, or write over it with --force.',
    );
  }
}

/** Text of files that somebody else wrote. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ').slice(0, 300);
}

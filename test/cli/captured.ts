import { Command } from 'commander';
import type { Output } from '../../src/cli/output.ts';

export interface Captured {
  readonly output: Output;
  printed(): string;
  told(): string;
  exitCode(): number | undefined;
}

export function capture(): Captured {
  const printed: string[] = [];
  const told: string[] = [];
  let exitCode: number | undefined;
  return {
    output: {
      print: (text) => void printed.push(text),
      tell: (text) => void told.push(text),
      exitWith: (code) => {
        exitCode = code;
      },
    },
    printed: () => printed.join('\n'),
    told: () => told.join('\n'),
    exitCode: () => exitCode,
  };
}

/** Runs `podboot <words>` with the commands that `register` adds. */
export async function run(register: (program: Command) => void, ...words: string[]): Promise<void> {
  const program = new Command('podboot').exitOverride();
  register(program);
  await program.parseAsync(words, { from: 'user' });
}

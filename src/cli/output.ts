/** Where a command writes, so that its tests can read it. */
export interface Output {
  /** A line of the result, on standard output. */
  print(text: string): void;
  /** A line about the result, on standard error. */
  tell(text: string): void;
  exitWith(code: number): void;
}

export const processOutput: Output = {
  print: (text) => void process.stdout.write(`${text}\n`),
  tell: (text) => void process.stderr.write(`${text}\n`),
  exitWith: (code) => {
    process.exitCode = code;
  },
};

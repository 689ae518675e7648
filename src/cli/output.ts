/** Where a command writes, so that its tests can read it. */
export interface Output {
  /** A line of the result, on standard output. */
  print(text: string): void;
  /** A line about the result, on standard error. */
  tell(text: string): void;
  exitWith(code: number): void;
  /** One line of a terminal that the next one takes the place of; nothing where standard error is none. */
  draw?(text: string): void;
}

/** `podboot nodes | head`: the reader has seen enough, which is no fault. Any other error is one. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

export const processOutput: Output = {
  print: (text) => {
    if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', endWithoutReader);
    process.stdout.write(`${text}\n`);
  },
  tell: (text) => void process.stderr.write(`${text}\n`),
  exitWith: (code) => {
    process.exitCode = code;
  },
  draw: (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  },
};

import { spawn } from 'node:child_process';
import { type BmcDriver, BmcError, type PowerState } from '../driver.ts';

export interface CommandDriverOptions {
  /** Program and arguments; `{name}`, `{address}` and `{action}` stand for themselves within a word. No shell reads it. */
  readonly argv: readonly string[];
  readonly name: string;
  readonly address: string | undefined;
  /** Given on standard input as two lines and in no argument: the program reads them if it needs them. */
  readonly credentials: { readonly userName: string; readonly password: string } | undefined;
}

const MAX_OUTPUT_BYTES = 16 * 1024;
const SHOWN_CHARACTERS = 300;

/**
 * The operator's own program: a PDU, a hypervisor. It is called with `on`, `off`, `cycle`, `reset`, `soft`, and with `status`,
 * for which it prints `on` or `off`. It ends with 0 where it is done.
 */
export function createCommandDriver(options: CommandDriverOptions): BmcDriver {
  const run = (action: string, deadlineMs: number) => runProgram(options, action, deadlineMs);
  return {
    name: 'command',
    power: {
      async read(deadlineMs): Promise<PowerState> {
        const word = (await run('status', deadlineMs)).trim().toLowerCase();
        if (word === 'on' || word === 'off') return word;
        throw new BmcError('refused', `${options.argv[0]} status printed “${shown(word)}”, neither on nor off`);
      },
      async act(action, deadlineMs) {
        await run(action, deadlineMs);
      },
    },
    async close() {},
  };
}

function runProgram(options: CommandDriverOptions, action: string, deadlineMs: number): Promise<string> {
  const [program = '', ...words] = options.argv.map((word) => filled(word, options, action));
  return new Promise((resolve, reject) => {
    const isRead = action === 'status';
    const child = spawn(program, words, {
      shell: false,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', PODBOOT_ACTION: action },
      // A group of its own: what it starts ends with it.
      detached: true,
    });
    let output = '';
    let trouble = '';
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      killGroup(child.pid);
    }, deadlineMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(0, MAX_OUTPUT_BYTES);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      trouble = (trouble + text).slice(-MAX_OUTPUT_BYTES);
    });
    // It may end without having read them.
    child.stdin.on('error', () => {});
    const { credentials } = options;
    child.stdin.end(credentials === undefined ? '' : `${credentials.userName}\n${credentials.password}\n`);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(new BmcError('refused', `${program} can’t be run: ${error.message}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (isLate) {
        const message = `${program} ${action} was ended after ${Math.round(deadlineMs / 1_000)} s`;
        reject(new BmcError('no-answer', message, { mayHaveActed: !isRead }));
      } else if (code === 0) resolve(output);
      else {
        const end = signal === null ? `with ${code}` : `by ${signal}`;
        const said = withoutSecret(shown(trouble), credentials?.password);
        reject(new BmcError('refused', `${program} ${action} ended ${end}${said === '' ? '' : `: ${said}`}`));
      }
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in this moment.
  }
}

function filled(word: string, { name, address }: CommandDriverOptions, action: string): string {
  const values: Readonly<Record<string, string>> = { name, address: address ?? '', action };
  return word.replaceAll(/\{(name|address|action)\}/g, (_, key: string) => values[key] ?? '');
}

function withoutSecret(text: string, secret: string | undefined): string {
  return secret === undefined || secret === '' ? text : text.replaceAll(secret, '********');
}

function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  const line = text.trim().replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 1)}…` : line;
}

import type { Command } from 'commander';
import type { ConsoleView, RecordingListView } from '../api/schemas/console.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { ConsoleNotice } from '../power/console/ports.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { sizeText } from './asset-words.ts';
import type { ConsoleSocket } from './console-socket.ts';
import { ESCAPE_HELP, EscapeKeys } from './escape-keys.ts';
import { personOf } from './person.ts';
import { printable, table } from './table.ts';

interface ConsoleOptions extends ApiOptions {
  readonly readOnly?: boolean;
  readonly takeOver?: boolean;
  readonly log?: string | true;
  readonly logs?: boolean;
  readonly times?: boolean;
  readonly by?: string;
}

/** The terminal, or the pipes, of whoever runs it. */
export interface ConsoleTerminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WritableStream;
}

const REAL_TERMINAL: ConsoleTerminal = { input: process.stdin, output: process.stdout };
/** After the end of piped input: what the machine says to it. */
const QUIET_MS = 2_000;

/** `podboot console`. */
export function registerConsole(
  program: Command,
  { output, env }: ApiEnvironment = REAL_ENVIRONMENT,
  terminal: ConsoleTerminal = REAL_TERMINAL,
): void {
  withApi(program.command('console').description('the serial console of a node, by its BMC; what was recorded of it'))
    .argument('<node>')
    .option('--read-only', 'only read; several may')
    .option('--take-over', 'from whoever writes, and from whoever has the BMC’s console elsewhere')
    .option('--log [n]', 'print what was recorded of the last boot, or of the nth last')
    .option('--times', 'with --log: the time before lines')
    .option('--logs', 'list what was recorded')
    .option('--json', 'with --logs: print it for programs')
    .option('--by <name>', 'who you are, for the others (else the user who runs this)')
    .action(async (node: string, options: ConsoleOptions) => {
      const api = createApiClient(options, env);
      const path = `/nodes/${encodeURIComponent(node)}/console`;
      if (options.logs === true) {
        const { body } = await api.call<RecordingListView>('GET', `${path}s`);
        output.print(options.json === true ? JSON.stringify(body.items, null, 2) : recordingTable(body));
        return;
      }
      if (options.log !== undefined) {
        const { body } = await api.call<RecordingListView>('GET', `${path}s`);
        const { id } = nthLast(node, body, options.log);
        const bytes = await api.downloadBytes(`${path}s/${id}${options.times === true ? '?times=true' : ''}`);
        await new Promise<void>((resolve) => terminal.output.write(bytes, () => resolve()));
        return;
      }
      const query = new URLSearchParams({
        mode: options.readOnly === true ? 'read' : 'write',
        by: personOf(options.by, env),
      });
      if (options.takeOver === true) query.set('takeOver', 'true');
      // Refusals of a socket have no words: asked without one first.
      await api.call<ConsoleView>('GET', `${path}?${query}`);
      const hasWord = await converse(options, terminal, (ends) => api.openConsole(`${path}?${query}`, ends));
      if (hasWord) output.exitWith(1);
    });
}

interface Ends {
  readonly output: (bytes: Uint8Array) => void;
  readonly notice: (notice: ConsoleNotice) => void;
}

/** @returns whether the other side ended it, with its reason told */
async function converse(
  options: ConsoleOptions,
  { input, output }: ConsoleTerminal,
  open: (ends: Ends) => Promise<ConsoleSocket>,
): Promise<boolean> {
  const isTerminal = input.isTTY === true;
  let wasEnded = false;
  let heard = () => {};
  const tell = (text: string, mend?: string) => {
    const words = printable(`[podboot: ${text}${mend === undefined ? '' : ` → ${mend}`}]`);
    process.stderr.write(isTerminal ? `\r\n${words}\r\n` : `${words}\n`);
  };
  const socket = await open({
    output: (bytes) => {
      heard();
      output.write(bytes);
    },
    notice: ({ type, text, mend }) => {
      if (type === 'ended') wasEnded = true;
      if (type === 'opened' && isTerminal) tell(`${text}; ~. ends it, ~? says more`);
      else tell(text, mend);
    },
  });
  const end = () => socket.close();
  const keys = new EscapeKeys();
  const typed = (bytes: Uint8Array) => {
    // A pipe has no keys: its bytes are the machine's, whatever they are.
    const pieces = isTerminal ? keys.read(bytes) : [{ characters: bytes }];
    for (const piece of pieces) {
      if ('characters' in piece) {
        if (options.readOnly !== true) socket.type(piece.characters);
      } else if (piece.action === 'end') end();
      else if (piece.action === 'break') socket.control({ type: 'break' });
      else if (piece.action === 'write') socket.control({ type: 'write', takeOver: true });
      else for (const line of ESCAPE_HELP) process.stderr.write(`\r\n${line}\r\n`);
    }
  };
  // What was piped in is typed; then the machine has its say until it is quiet. Without any input it is read on and on.
  let hasTyped = false;
  const drained = () => {
    if (!hasTyped || isTerminal) return;
    let timer = setTimeout(end, QUIET_MS);
    heard = () => {
      clearTimeout(timer);
      timer = setTimeout(end, QUIET_MS);
    };
  };
  const onData = (bytes: Buffer) => {
    hasTyped = true;
    typed(bytes);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const restore = () => {
    if (isTerminal) input.setRawMode(false);
  };
  // Whatever ends the process, the shell gets its terminal back as it was.
  process.once('exit', restore);
  for (const signal of signals) process.on(signal, end);
  if (isTerminal) input.setRawMode(true);
  input.on('data', onData).on('end', drained);
  try {
    await socket.over;
  } finally {
    input.off('data', onData).off('end', drained).pause();
    restore();
    process.off('exit', restore);
    for (const signal of signals) process.off(signal, end);
    if (isTerminal) process.stderr.write('\r\n');
  }
  return wasEnded;
}

function nthLast(node: string, { items }: RecordingListView, log: string | true): RecordingListView['items'][number] {
  const n = log === true ? 1 : Number(log);
  if (!Number.isInteger(n) || n < 1) throw new InvalidInput(`--log ${log} is no number from 1 on`, []);
  const item = items[n - 1];
  if (item !== undefined) return item;
  const mend = 'A recording begins when a node boots (power.console.record in podboot.yaml).';
  throw new NotFound(
    items.length === 0
      ? `nothing was recorded of ${node}`
      : `there are only ${items.length} recordings of ${node}: podboot console ${node} --logs`,
    mend,
  );
}

function recordingTable({ items }: RecordingListView): string {
  if (items.length === 0) return 'nothing was recorded: a recording begins when the node boots';
  return table(
    ['n', 'began', 'last word', 'size', 'state'],
    items.map(({ startedAt, changedAt, sizeBytes, isOpen }, index) => [
      String(index + 1),
      startedAt,
      changedAt,
      sizeText(sizeBytes),
      isOpen ? 'goes on' : undefined,
    ]),
  );
}

import type { FetchedFile } from './fetched-file.ts';
import { fileText } from './fetched-file.ts';

/** What a script's commands act on. */
export interface IpxeHost {
  /** Rejects with a sentence for people. */
  fetch(url: string): Promise<FetchedFile>;
  /** `net0/mac`, `uuid`, `next-server`, …, as iPXE prints them; undefined where iPXE has none. */
  setting(name: string): string | undefined;
  sleep(seconds: number): Promise<void>;
  /** `echo`. */
  say(text: string): void;
  /** The first disk can be booted: else `sanboot` fails. */
  readonly diskBoots: boolean;
}

export interface IpxeImage {
  readonly name: string;
  readonly file: FetchedFile;
}

/** How a script ended. `finished` came to its last line without booting anything. */
export type IpxeOutcome =
  | {
      readonly ended: 'kernel';
      readonly kernel: IpxeImage;
      readonly initrds: readonly IpxeImage[];
      readonly arguments: string;
    }
  | { readonly ended: 'program'; readonly file: FetchedFile }
  | { readonly ended: 'disk'; readonly drive: string }
  | { readonly ended: 'exit'; readonly status: number }
  | { readonly ended: 'reset'; readonly command: string }
  | { readonly ended: 'finished' }
  | { readonly ended: 'failed'; readonly line: number; readonly reason: string };

/** A script that loops is a fault of the server, not a reason to hang. */
const MAX_COMMANDS = 2_000;
const MAX_CHAIN_DEPTH = 8;
/** Commands of iPXE that change nothing here: the link is up and its one network card is configured. */
const WITHOUT_EFFECT = new Set([
  'dhcp',
  'ifconf',
  'ifopen',
  'ifclose',
  'ifstat',
  'route',
  'imgstat',
  'console',
  'colour',
]);

export function isIpxeScript(file: FetchedFile): boolean {
  return /^#!(ipxe|gpxe)\s/.test(fileText(file));
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Joins lines that end in a backslash, as iPXE's `process_line` does. */
export function scriptLines(text: string): readonly Line[] {
  const lines: Line[] = [];
  let pending = '';
  let first = 1;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (pending === '') first = index + 1;
    if (line.endsWith('\\')) {
      pending += line.slice(0, -1);
      continue;
    }
    lines.push({ number: first, text: pending + line });
    pending = '';
  }
  if (pending !== '') lines.push({ number: first, text: pending });
  return lines;
}

type Joint = '&&' | '||' | ';';

export interface ConditionalCommand {
  readonly words: readonly string[];
  /** What stands before the command; the first one of a line runs always. */
  readonly after: Joint;
}

/** iPXE has no quotes: words end at white space, and a word that begins with `#` begins a comment. */
export function splitCommands(text: string): readonly ConditionalCommand[] {
  const commands: ConditionalCommand[] = [];
  let words: string[] = [];
  let after: Joint = ';';
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (word.startsWith('#')) break;
    if (word === '&&' || word === '||' || word === ';') {
      commands.push({ words, after });
      words = [];
      after = word;
    } else words.push(word);
  }
  // `command ||` at the end of a line: what comes after it is empty, and succeeds.
  commands.push({ words, after });
  return commands;
}

class CommandFailed extends Error {}

/** A script that began to run: its variables and images outlive a `chain` to the next script, as in iPXE. */
class IpxeRun {
  readonly #host: IpxeHost;
  readonly #variables = new Map<string, string>();
  readonly #images: IpxeImage[] = [];
  #kernel: IpxeImage | undefined;
  #arguments = '';
  #commandsLeft = MAX_COMMANDS;

  constructor(host: IpxeHost) {
    this.#host = host;
  }

  async script(file: FetchedFile, depth: number): Promise<IpxeOutcome> {
    const lines = scriptLines(fileText(file));
    let at = 0;
    while (at < lines.length) {
      const line = lines[at] as Line;
      at += 1;
      if (line.text.startsWith(':')) continue;
      const result = await this.#line(line, file.name, depth);
      if (typeof result === 'object') return result;
      if (result === undefined) continue;
      const target = lines.findIndex((each) => each.text.trim() === `:${result}`);
      if (target < 0) return { ended: 'failed', line: line.number, reason: `goto ${result}: there is no such label` };
      at = target + 1;
    }
    return { ended: 'finished' };
  }

  /** An outcome ends the script, a string is a label to go on at. */
  async #line(line: Line, base: string, depth: number): Promise<IpxeOutcome | string | undefined> {
    let failure: string | undefined;
    for (const command of splitCommands(line.text)) {
      if (command.after === '&&' && failure !== undefined) continue;
      if (command.after === '||' && failure === undefined) continue;
      this.#commandsLeft -= 1;
      if (this.#commandsLeft < 0) return { ended: 'failed', line: line.number, reason: 'the script does not end' };
      try {
        failure = undefined;
        const result = await this.#command(
          command.words.map((word) => this.#expand(word)),
          base,
          depth,
        );
        if (result !== undefined) return result;
      } catch (error) {
        failure = `${command.words.join(' ')}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    return failure === undefined ? undefined : { ended: 'failed', line: line.number, reason: failure };
  }

  #expand(word: string): string {
    return word.replace(/\$\{([^{}]*)\}/g, (_whole, expression: string) => {
      const [, name = '', type] = /^(.*?)(?::([a-z0-9]+))?$/.exec(expression) ?? [];
      const value = this.#variables.get(name) ?? this.#host.setting(name) ?? '';
      if (type === 'hexhyp') return value.replaceAll(':', '-');
      if (type === 'hexraw') return value.replaceAll(':', '');
      if (type === 'uristring') return encodeURIComponent(value);
      return value;
    });
  }

  async #command(expanded: readonly string[], base: string, depth: number): Promise<IpxeOutcome | string | undefined> {
    const [name = '', ...words] = expanded.flatMap((word) => word.split(/\s+/)).filter((word) => word !== '');
    if (WITHOUT_EFFECT.has(name) || name === '') return undefined;
    switch (name) {
      case 'echo':
        this.#host.say(words.join(' '));
        return undefined;
      case 'set':
        this.#variables.set(untyped(words[0]), words.slice(1).join(' '));
        return undefined;
      case 'inc': {
        const variable = untyped(words[0]);
        this.#variables.set(variable, String(Number(this.#variables.get(variable) ?? 0) + Number(words[1] ?? 1)));
        return undefined;
      }
      case 'clear':
        this.#variables.delete(untyped(words[0]));
        return undefined;
      case 'isset':
        return accept(words.length > 0, 'is not set');
      case 'iseq':
        return accept(words[0] === words[1], 'is not equal');
      case 'sleep':
        await this.#host.sleep(Number(words.at(-1)) || 0);
        return undefined;
      case 'goto':
        return words[0] ?? '';
      case 'exit':
        return { ended: 'exit', status: Number(words[0] ?? 0) };
      case 'poweroff':
      case 'reboot':
        return { ended: 'reset', command: name };
      case 'kernel':
        this.#kernel = await this.#image(words, base);
        this.#arguments = afterUri(words).join(' ');
        return undefined;
      case 'initrd':
      case 'module':
      case 'imgfetch':
        this.#images.push(await this.#image(words, base));
        return undefined;
      case 'imgargs':
        this.#arguments = words.slice(1).join(' ');
        return undefined;
      case 'imgfree':
        this.#images.length = 0;
        this.#kernel = undefined;
        return undefined;
      case 'sanboot':
        return this.#sanboot(words);
      case 'boot':
      case 'imgexec':
      case 'chain':
        return this.#boot(words, base, depth);
      default:
        throw new CommandFailed('command not found');
    }
  }

  #sanboot(words: readonly string[]): IpxeOutcome {
    const drive = words[words.findIndex((word) => word === '--drive' || word === '-d') + 1] ?? '0x80';
    if (!this.#host.diskBoots) throw new CommandFailed(`nothing to boot on drive ${drive}`);
    return { ended: 'disk', drive };
  }

  async #boot(words: readonly string[], base: string, depth: number): Promise<IpxeOutcome | undefined> {
    if (firstUri(words) === undefined) {
      if (this.#kernel === undefined) throw new CommandFailed('no image is selected');
      return { ended: 'kernel', kernel: this.#kernel, initrds: [...this.#images], arguments: this.#arguments };
    }
    const { file } = await this.#image(words, base);
    if (!isIpxeScript(file)) return { ended: 'program', file };
    if (depth >= MAX_CHAIN_DEPTH) throw new CommandFailed(`${MAX_CHAIN_DEPTH} scripts deep: they chain in a circle`);
    const outcome = await this.script(file, depth + 1);
    if (outcome.ended === 'failed') throw new CommandFailed(`line ${outcome.line} of ${file.name}: ${outcome.reason}`);
    if (outcome.ended !== 'exit') return outcome.ended === 'finished' ? undefined : outcome;
    if (outcome.status !== 0) throw new CommandFailed(`${file.name} exited with ${outcome.status}`);
    return undefined;
  }

  async #image(words: readonly string[], base: string): Promise<IpxeImage> {
    const uri = firstUri(words);
    if (uri === undefined) throw new CommandFailed('which file?');
    const url = URL.canParse(uri, base) ? new URL(uri, base).href : uri;
    const file = await this.#host.fetch(url);
    const option = words.findIndex((word) => word === '--name' || word === '-n');
    const name = option < 0 ? undefined : words[option + 1];
    return { name: name ?? url.split(/[?#]/)[0]?.split('/').at(-1) ?? url, file };
  }
}

/** `set attempt:int32 1` names the variable `attempt`. */
function untyped(name = ''): string {
  return name.split(':')[0] ?? '';
}

function accept(condition: boolean, otherwise: string): undefined {
  if (!condition) throw new CommandFailed(otherwise);
}

/** Options of the image commands that take a value; the others (`--autofree`, `--replace`) stand alone. */
const OPTIONS_WITH_VALUE = new Set(['--name', '-n', '--timeout', '-t']);

function uriIndex(words: readonly string[]): number {
  let index = 0;
  while (index < words.length && words[index]?.startsWith('-')) {
    index += OPTIONS_WITH_VALUE.has(words[index] as string) ? 2 : 1;
  }
  return index;
}

function firstUri(words: readonly string[]): string | undefined {
  return words[uriIndex(words)];
}

function afterUri(words: readonly string[]): readonly string[] {
  return words.slice(uriIndex(words) + 1);
}

/** Runs an iPXE script (https://ipxe.org/scripting) as far as boot scripts use the language. Never rejects. */
export function runIpxeScript(file: FetchedFile, host: IpxeHost): Promise<IpxeOutcome> {
  return new IpxeRun(host).script(file, 0);
}

import { type FetchedFile, fileText } from './fetched-file.ts';
import { type GrubStatement, GrubSyntaxError, type GrubWord, parseGrubConfig } from './grub-syntax.ts';

/** What a configuration's commands act on. */
export interface GrubHost {
  /** `device` as in `(tftp,10.0.0.1)/…`, without brackets. Rejects with a sentence for people. */
  fetch(device: string, path: string): Promise<FetchedFile>;
  /** `insmod`: false where GRUB has no such module and can't get it. */
  loadModule(name: string): Promise<boolean>;
  /** The disk that has such a file (`hd0,gpt1`), undefined where none has. */
  diskWith(path: string): string | undefined;
  sleep(seconds: number): Promise<void>;
  /** `echo`. */
  say(text: string): void;
  /** A string of SMBIOS by its structure's type and its offset there; absent, or undefined: there is none. */
  smbios?(type: number, offset: number): string | undefined;
}

/** How a configuration ended. `prompt`: GRUB came to its end without booting anything, and waits for a person. */
export type GrubOutcome =
  | {
      readonly ended: 'kernel';
      readonly kernel: FetchedFile;
      readonly initrds: readonly FetchedFile[];
      readonly arguments: string;
    }
  | { readonly ended: 'disk'; readonly device: string; readonly path: string }
  | { readonly ended: 'program'; readonly file: FetchedFile }
  | { readonly ended: 'exit' }
  | { readonly ended: 'reset'; readonly command: string }
  | { readonly ended: 'prompt'; readonly reason: string };

const MAX_COMMANDS = 2_000;
const MAX_CONFIG_DEPTH = 8;
/** Terminals and the environment: nothing that a boot's way depends on. */
const WITHOUT_EFFECT = new Set([
  'export',
  'load_env',
  'save_env',
  'terminal_input',
  'terminal_output',
  'serial',
  'loadfont',
  'background_color',
  'clear',
  'cls',
  'net_bootp',
  'net_dhcp',
  'rmmod',
]);

class CommandFailed extends Error {}
class Ended extends Error {
  readonly outcome: GrubOutcome;

  constructor(outcome: GrubOutcome) {
    super(outcome.ended);
    this.outcome = outcome;
  }
}

type Loaded = Exclude<GrubOutcome, { ended: 'exit' | 'reset' | 'prompt' }>;

class GrubRun {
  readonly #host: GrubHost;
  readonly #variables: Map<string, string>;
  readonly #entries: { title: string; body: readonly GrubStatement[] }[] = [];
  #loaded: Loaded | undefined;
  #commandsLeft = MAX_COMMANDS;
  #depth = 0;
  #lastError = 'the configuration boots nothing';

  constructor(host: GrubHost, variables: ReadonlyMap<string, string>) {
    this.#host = host;
    this.#variables = new Map(variables);
  }

  async run(text: string): Promise<GrubOutcome> {
    try {
      await this.#config(text);
      const wanted = this.#variables.get('default') ?? '0';
      const entry = this.#entries.find((each) => each.title === wanted) ?? this.#entries[Number(wanted) || 0];
      if (entry !== undefined) {
        await this.#statements(entry.body);
        // Only an entry of the menu boots what it loaded without being told to.
        if (this.#loaded !== undefined) return this.#loaded;
      }
      return { ended: 'prompt', reason: this.#lastError };
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      if (error instanceof GrubSyntaxError) return { ended: 'prompt', reason: error.message };
      throw error;
    }
  }

  async #config(text: string): Promise<void> {
    this.#depth += 1;
    if (this.#depth > MAX_CONFIG_DEPTH) throw new CommandFailed('configurations load one another in a circle');
    try {
      await this.#statements(parseGrubConfig(text));
    } finally {
      this.#depth -= 1;
    }
  }

  /** True where the last command succeeded: what `if` asks. A failing command does not end a configuration. */
  async #statements(statements: readonly GrubStatement[]): Promise<boolean> {
    let succeeded = true;
    for (const statement of statements) succeeded = await this.#statement(statement);
    return succeeded;
  }

  async #statement(statement: GrubStatement): Promise<boolean> {
    switch (statement.kind) {
      case 'if': {
        for (const arm of statement.arms) {
          if (await this.#statements(arm.condition)) return this.#statements(arm.body);
        }
        return this.#statements(statement.otherwise);
      }
      case 'for': {
        let succeeded = true;
        for (const value of statement.words.flatMap((word) => this.#expand(word))) {
          this.#variables.set(statement.variable, value);
          succeeded = await this.#statements(statement.body);
        }
        return succeeded;
      }
      case 'entry':
        this.#entries.push({ title: this.#expand(statement.title).join(' '), body: statement.body });
        return true;
      case 'command':
        return this.#attempt(statement);
    }
  }

  async #attempt(statement: Extract<GrubStatement, { kind: 'command' }>): Promise<boolean> {
    this.#commandsLeft -= 1;
    if (this.#commandsLeft < 0) throw new Ended({ ended: 'prompt', reason: 'the configuration does not end' });
    const words = statement.words.flatMap((word) => this.#expand(word));
    const negated = words[0] === '!';
    if (negated) words.shift();
    try {
      return (await this.#command(words)) !== negated;
    } catch (error) {
      if (error instanceof Ended || error instanceof GrubSyntaxError) throw error;
      this.#lastError = `line ${statement.line}, ${words[0]}: ${error instanceof Error ? error.message : String(error)}`;
      return negated;
    }
  }

  /** An unquoted variable may become several words, or none. */
  #expand(word: GrubWord): string[] {
    const fields: string[] = [''];
    let empty = true;
    for (const part of word) {
      const text = part.kind === 'text' ? part.text : (this.#variables.get(part.text) ?? '');
      if (part.quoted || part.kind === 'text') {
        fields[fields.length - 1] += text;
        empty = false;
        continue;
      }
      const [first = '', ...rest] = text.trim().split(/\s+/);
      fields[fields.length - 1] += first;
      fields.push(...rest);
      if (first !== '') empty = false;
    }
    return empty ? [] : fields;
  }

  async #command(words: readonly string[]): Promise<boolean> {
    const [name = '', ...rest] = words;
    const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(name === 'set' ? (rest[0] ?? '') : name);
    if (assignment !== null) {
      this.#variables.set(assignment[1] as string, assignment[2] as string);
      return true;
    }
    if (WITHOUT_EFFECT.has(name) || name === '' || name === 'true' || name === 'set') return true;
    switch (name) {
      case 'false':
        return false;
      case '[':
      case 'test':
        return this.#test(name === '[' ? rest.slice(0, -1) : rest);
      case 'unset':
        return this.#variables.delete(rest[0] ?? '') || true;
      case 'echo':
        this.#host.say(rest.filter((word) => word !== '-n').join(' '));
        return true;
      case 'sleep':
        await this.#host.sleep(Number(rest.at(-1)) || 0);
        return true;
      case 'insmod':
        if (await this.#host.loadModule(rest[0] ?? '')) return true;
        throw new CommandFailed(`module ${rest[0]} not found`);
      case 'smbios':
        return this.#smbios(rest);
      case 'linux':
      case 'linuxefi':
        this.#loaded = {
          ended: 'kernel',
          kernel: await this.#fetch(rest[0]),
          initrds: [],
          arguments: rest.slice(1).join(' '),
        };
        return true;
      case 'initrd':
      case 'initrdefi':
        return this.#initrds(rest);
      case 'chainloader':
        return this.#chainloader(rest);
      case 'search':
      case 'search.file':
        return this.#search(rest);
      case 'configfile':
      case 'source':
      case 'normal':
        await this.#config(fileText(await this.#fetch(rest[0])));
        return true;
      case 'boot':
        if (this.#loaded === undefined) throw new CommandFailed('you need to load the kernel first');
        throw new Ended(this.#loaded);
      case 'exit':
        throw new Ended({ ended: 'exit' });
      case 'halt':
      case 'reboot':
        throw new Ended({ ended: 'reset', command: name });
      default:
        throw new CommandFailed("can't find the command");
    }
  }

  #test(words: readonly string[]): boolean {
    const [first = '', second = '', third = ''] = words;
    if (first === '!') return !this.#test(words.slice(1));
    const or = words.indexOf('-o');
    if (or > 0) return this.#test(words.slice(0, or)) || this.#test(words.slice(or + 1));
    const and = words.indexOf('-a');
    if (and > 0) return this.#test(words.slice(0, and)) && this.#test(words.slice(and + 1));
    if (first === '-z') return second === '';
    if (first === '-n') return second !== '';
    if (first === '-f' || first === '-e' || first === '-s') {
      const { device, path } = this.#place(second);
      return isDisk(device) && this.#host.diskWith(path) === device;
    }
    if (second === '=' || second === '==') return first === third;
    if (second === '!=') return first !== third;
    return words.length === 1 && first !== '';
  }

  async #initrds(paths: readonly string[]): Promise<boolean> {
    if (this.#loaded?.ended !== 'kernel') throw new CommandFailed('you need to load the kernel first');
    const initrds: FetchedFile[] = [];
    for (const path of paths) initrds.push(await this.#fetch(path));
    this.#loaded = { ...this.#loaded, initrds };
    return true;
  }

  async #chainloader(words: readonly string[]): Promise<boolean> {
    const { device, path } = this.#place(words.find((word) => !word.startsWith('-')) ?? '');
    if (!isDisk(device)) {
      this.#loaded = { ended: 'program', file: await this.#host.fetch(device, path) };
      return true;
    }
    if (this.#host.diskWith(path) === undefined) throw new CommandFailed(`file ${path} not found`);
    this.#loaded = { ended: 'disk', device, path };
    return true;
  }

  /** `search --no-floppy --set=root --file /EFI/debian/shimx64.efi` (`-f`); without --set it only prints. */
  #search(words: readonly string[]): boolean {
    const path = words.filter((word) => word.startsWith('/')).at(-1);
    const set = words.findIndex((word) => word === '--set' || word.startsWith('--set='));
    const device = path === undefined ? undefined : this.#host.diskWith(path);
    if (device === undefined) throw new CommandFailed(`no such device: ${path ?? words.join(' ')}`);
    if (set < 0) return true;
    const name = words[set] === '--set' ? words[set + 1] : words[set]?.slice('--set='.length);
    this.#variables.set(name === undefined || name.startsWith('-') || name.startsWith('/') ? 'root' : name, device);
    return true;
  }

  /** `smbios --type 1 --get-string 7 --set serial`; the short options too. */
  #smbios(words: readonly string[]): boolean {
    const after = (...names: string[]) => words[words.findIndex((word) => names.includes(word)) + 1] ?? '';
    const value = this.#host.smbios?.(Number(after('--type', '-t')), Number(after('--get-string', '-s')));
    if (value === undefined) throw new CommandFailed('no structures in the SMBIOS tables matched options');
    this.#variables.set(after('--set'), value);
    return true;
  }

  /** `(device)/path`, or a path on `$root`. */
  #place(word: string): { device: string; path: string } {
    const [, device, path] = /^\(([^)]*)\)(.*)$/.exec(word) ?? [];
    return { device: device ?? this.#variables.get('root') ?? '', path: path ?? word };
  }

  #fetch(word: string | undefined): Promise<FetchedFile> {
    if (word === undefined) throw new CommandFailed('filename expected');
    const { device, path } = this.#place(word);
    if (isDisk(device)) throw new CommandFailed(`file ${path} not found on ${device}`);
    return this.#host.fetch(device, path);
  }
}

function isDisk(device: string): boolean {
  return /^(hd|cd|fd|md|lvm)/.test(device);
}

/**
 * Runs a GRUB configuration as GRUB would at its start, with the variables that it then has (`root`, `net_default_mac`,
 * `grub_platform`, …). Never rejects for what the configuration says.
 */
export function runGrubConfig(
  text: string,
  host: GrubHost,
  variables: ReadonlyMap<string, string>,
): Promise<GrubOutcome> {
  return new GrubRun(host, variables).run(text);
}

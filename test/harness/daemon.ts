import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Namespace } from './namespace.ts';
import { Background, until } from './process.ts';

/** podboot.yaml as an object: the shape is the schema's business. */
export type DaemonConfiguration = Readonly<Record<string, unknown>>;

/** One line of the daemon's JSON log. */
export interface LogLine {
  readonly level?: string | number;
  readonly type?: string;
  readonly msg?: string;
  readonly [name: string]: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** The shape of an enrolment, as far as these tests use it. */
export interface Enrolment {
  readonly name: string;
  readonly interfaces: readonly Readonly<Record<string, unknown>>[];
  readonly boot?: { readonly profile: string; readonly loader?: string; readonly diskMethod?: string };
  readonly [name: string]: unknown;
}

/** What is started: PODBOOT_TEST_MAIN puts another program under test, with the same command line. */
export const MAIN_FILE = process.env.PODBOOT_TEST_MAIN ?? new URL('../../src/main.ts', import.meta.url).pathname;

/**
 * The daemon as a site runs it: its own process, in a namespace, with a configuration file and a folder of its own.
 * The folder outlives `kill` and `stop`, so that a restart finds what was on the disk; `remove` ends and deletes all.
 */
export class Daemon {
  readonly folder: string;
  readonly assets: string;
  readonly #namespace: Namespace;
  readonly #env: NodeJS.ProcessEnv;
  readonly #prefix: readonly string[];
  #process: Background | undefined;
  #token: string | undefined;

  /** @param options.prefix what the daemon is started through: `['setpriv', '--reuid', 'nobody', …]` */
  constructor(
    namespace: Namespace,
    configuration: DaemonConfiguration,
    options: { env?: NodeJS.ProcessEnv; prefix?: readonly string[] } = {},
  ) {
    this.#namespace = namespace;
    this.#env = options.env ?? {};
    this.#prefix = options.prefix ?? [];
    this.folder = mkdtempSync(join(tmpdir(), 'podboot-test-'));
    this.assets = join(this.folder, 'assets');
    mkdirSync(this.assets);
    mkdirSync(join(this.folder, 'data'));
    this.configure(configuration);
  }

  static async start(
    namespace: Namespace,
    configuration: DaemonConfiguration,
    files: Readonly<Record<string, Uint8Array | string>> = {},
  ): Promise<Daemon> {
    const daemon = new Daemon(namespace, configuration);
    for (const [name, content] of Object.entries(files)) daemon.putAsset(name, content);
    await daemon.start();
    return daemon;
  }

  /** Writes podboot.yaml; a running daemon reads it at `reload`. */
  configure(configuration: DaemonConfiguration): void {
    const whole = {
      dataDir: join(this.folder, 'data'),
      assetsDir: this.assets,
      api: { listen: [`unix:${this.socketPath}`] },
      log: { level: 'debug', format: 'json' },
      ...configuration,
    };
    writeFileSync(this.configurationFile, stringify(whole));
  }

  putAsset(name: string, content: Uint8Array | string): void {
    mkdirSync(join(this.assets, name, '..'), { recursive: true });
    writeFileSync(join(this.assets, name), content);
  }

  get configurationFile(): string {
    return join(this.folder, 'podboot.yaml');
  }

  get configurationText(): string {
    return readFileSync(this.configurationFile, 'utf8');
  }

  get socketPath(): string {
    return join(this.folder, 'api.sock');
  }

  /** Starts it and waits until its API answers. Throws with its log where it ends instead. */
  async start(): Promise<void> {
    this.launch();
    await until(
      async () => {
        if (!this.running) throw new Error(`the daemon ended at its start:\n${this.output}`);
        return (await this.call('GET', '/api/v1/nodes').catch(() => undefined))?.status === 200;
      },
      { what: 'the API answers', timeoutMs: 20_000, everyMs: 50, evidence: () => this.output },
    );
  }

  /** Starts it and waits for nothing: for starts that must fail. */
  launch(): Background {
    rmSync(this.socketPath, { force: true });
    const argv = [...this.#prefix, process.execPath, MAIN_FILE, '--config', this.configurationFile];
    const env = { ...process.env, PODBOOT_FIRST_TOKEN_FILE: this.#tokenFile, ...this.#env };
    // Into a file: a pipe that the test does not read while it waits for a client would stop the daemon.
    const log = openSync(this.#logFile, 'w');
    this.#process = new Background(this.#namespace.argv(argv), { env, stdio: ['ignore', log, log] });
    closeSync(log);
    return this.#process;
  }

  get #logFile(): string {
    return join(this.folder, 'daemon.log');
  }

  get #tokenFile(): string {
    return join(this.folder, 'first-token');
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  get running(): boolean {
    return this.#process?.running ?? false;
  }

  /** Everything that it wrote since it was last started. */
  get output(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  get log(): LogLine[] {
    return this.output.split('\n').flatMap((line) => {
      try {
        return line.startsWith('{') ? [JSON.parse(line) as LogLine] : [];
      } catch {
        return [];
      }
    });
  }

  async logged(matches: (line: LogLine) => boolean, what: string, timeoutMs = 10_000): Promise<LogLine> {
    let found: LogLine | undefined;
    await until(
      () => {
        found = this.log.find(matches);
        return found !== undefined;
      },
      { what, timeoutMs, evidence: () => this.output },
    );
    return found as LogLine;
  }

  async stop(): Promise<number | null> {
    return (await this.#process?.stop()) ?? null;
  }

  /** SIGKILL, as a power failure of the process: nothing of it runs any more when this resolves. */
  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.exited;
  }

  reload(): void {
    this.#process?.signal('SIGHUP');
  }

  async remove(): Promise<void> {
    await this.stop();
    if (process.env.PODBOOT_TEST_KEEP === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  async enrol(node: Enrolment): Promise<Readonly<Record<string, unknown>>> {
    return this.#json(await this.call('POST', '/api/v1/nodes', node), 201, `enrol ${node.name}`);
  }

  async nodes(): Promise<string> {
    return (await this.call('GET', '/api/v1/nodes')).body;
  }

  #json(answer: ApiAnswer, status: number, what: string): Readonly<Record<string, unknown>> {
    if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as Readonly<Record<string, unknown>>;
  }

  /** Of the first start. */
  get token(): string {
    if (this.#token === undefined && existsSync(this.#tokenFile)) {
      this.#token = readFileSync(this.#tokenFile, 'utf8').trim();
    }
    return this.#token ?? '';
  }

  /** One request to the API over its unix socket, with the token of the first start. */
  call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath: this.socketPath,
          method,
          path,
          headers: {
            authorization: `Bearer ${this.token}`,
            ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }
}

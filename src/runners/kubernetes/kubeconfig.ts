import { dirname, isAbsolute, join } from 'node:path';
import { parseDocument } from 'yaml';
import { InvalidInput, type Problem } from '../../domain/errors.ts';

/** What a kubeconfig file says of the cluster of its current context, with every file it names read. */
export interface ClusterAccess {
  /** Origin of the API server: `https://10.0.0.1:6443`. */
  readonly origin: string;
  /** Path before `/api`: of a server behind a proxy (Rancher), else empty. */
  readonly basePath: string;
  /** Names the host of the certificate, where that is not the server's. */
  readonly serverName?: string;
  /** PEM. Undefined: the system's authorities count. */
  readonly authority?: string;
  /** The certificate is not looked at: only where the operator said so. */
  readonly isBlind: boolean;
  /** PEM, both. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  readonly token?: string;
  /** Read again from time to time: the cluster rotates it. */
  readonly tokenFile?: string;
}

export interface KubeconfigOptions {
  /** Where the text stands: relative paths start there, and messages name it. */
  readonly path: string;
  /** Undefined: the file's `current-context`. */
  readonly context?: string;
  /** `insecure-skip-tls-verify` is taken. */
  readonly allowInsecure?: boolean;
  /** @throws Error with a code where it can't be read */
  readonly readFile: (path: string) => string;
}

type Record_ = Readonly<Record<string, unknown>>;

const MAX_CHARS = 1_048_576;
const MAX_ALIASES = 100;
const EMBEDDED = 'kubectl config view --flatten --minify writes one that has everything in it.';

/**
 * Reads a kubeconfig file (kubectl's documentation, `clientcmd/api/v1`). Programs that fetch credentials (`exec`,
 * `auth-provider`) are refused: the daemon starts no program that a file names.
 * @throws InvalidInput with every problem of what is used
 */
export function readKubeconfig(text: string, options: KubeconfigOptions): ClusterAccess {
  const reader = new Reader(options);
  const access = reader.read(text);
  if (access === undefined || reader.problems.length > 0)
    throw new InvalidInput(`${options.path} can’t be used`, reader.problems);
  return access;
}

class Reader {
  readonly #options: KubeconfigOptions;
  readonly problems: Problem[] = [];

  constructor(options: KubeconfigOptions) {
    this.#options = options;
  }

  read(text: string): ClusterAccess | undefined {
    const root = this.#parse(text);
    if (root === undefined) return undefined;
    const name = this.#options.context ?? textOf(root['current-context']);
    if (name === undefined || name === '')
      return this.#refuse('current-context', 'no context is chosen', 'kubectl config use-context NAME chooses one.');
    const context = this.#entry(root, 'contexts', name, 'context');
    if (context === undefined) return undefined;
    const cluster = this.#entry(root, 'clusters', textOf(context.cluster), 'cluster');
    const user = this.#entry(root, 'users', textOf(context.user), 'user');
    if (cluster === undefined || user === undefined) return undefined;
    return this.#access(cluster, user, textOf(context.cluster) ?? '', textOf(context.user) ?? '');
  }

  #parse(text: string): Record_ | undefined {
    if (text.length > MAX_CHARS) return this.#refuse('', 'it is larger than a kubeconfig file ever is', EMBEDDED);
    const document = parseDocument(text, { logLevel: 'silent' });
    // The parser's words quote the line, and a line may be a key.
    if (document.errors.length > 0)
      return this.#refuse('', `line ${document.errors[0]?.linePos?.[0].line ?? 1} is no valid YAML`, EMBEDDED);
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (isRecord(value)) return value;
    } catch {
      // Aliases of nothing, or of too much.
    }
    return this.#refuse('', 'it is no kubeconfig file', EMBEDDED);
  }

  #entry(root: Record_, list: string, name: string | undefined, key: string): Record_ | undefined {
    const entries = Array.isArray(root[list]) ? root[list] : [];
    const entry: unknown = entries.find((each) => isRecord(each) && each.name === name);
    if (isRecord(entry) && isRecord(entry[key])) return entry[key];
    return this.#refuse(list, `nothing there has the name ${name ?? '(none)'}`, EMBEDDED);
  }

  #access(cluster: Record_, user: Record_, clusterName: string, userName: string): ClusterAccess | undefined {
    const at = `clusters.${clusterName}`;
    const url = URL.parse(textOf(cluster.server) ?? '');
    if (url === null) return this.#refuse(`${at}.server`, 'it is no URL', 'Write https://HOST:6443.');
    if (url.protocol !== 'https:' && !isLoopback(url))
      return this.#refuse(`${at}.server`, 'it is not https, so anybody on the way reads the token', 'Use https.');
    if (cluster['proxy-url'] !== undefined)
      this.#refuse(`${at}.proxy-url`, 'proxies are not supported', 'Take it out, and give podboot a way of its own.');
    const isBlind = cluster['insecure-skip-tls-verify'] === true;
    if (isBlind && this.#options.allowInsecure !== true)
      this.#refuse(
        `${at}.insecure-skip-tls-verify`,
        'the server’s certificate would not be looked at, so anybody could be the server',
        'Put the cluster’s CA into certificate-authority-data (kubespray: /etc/kubernetes/ssl/ca.crt), or set allowInsecure: true beside kubeconfig.',
      );
    const authority = this.#material(cluster, 'certificate-authority', at, 'CERTIFICATE');
    const credentials = this.#credentials(user, `users.${userName}`);
    const serverName = textOf(cluster['tls-server-name']);
    const basePath = url.pathname.replace(/\/+$/, '');
    return {
      origin: url.origin,
      basePath,
      isBlind,
      ...(serverName === undefined ? {} : { serverName }),
      ...(authority === undefined ? {} : { authority }),
      ...credentials,
    };
  }

  #credentials(user: Record_, at: string): Partial<ClusterAccess> {
    for (const key of ['exec', 'auth-provider'])
      if (user[key] !== undefined)
        this.#refuse(
          `${at}.${key}`,
          'it gets its credentials from a program, and podboot starts no program that a kubeconfig file names',
          'Make a service account for podboot, and write its token (or tokenFile) there.',
        );
    if (user.username !== undefined || user.password !== undefined)
      this.#refuse(`${at}.username`, 'API servers take no passwords any more (1.19)', 'Use a certificate or a token.');
    const certificate = this.#material(user, 'client-certificate', at, 'CERTIFICATE');
    const key = this.#material(user, 'client-key', at, 'PRIVATE KEY');
    if ((certificate === undefined) !== (key === undefined))
      this.#refuse(at, `client-${key === undefined ? 'key' : 'certificate'} is missing beside the other`, EMBEDDED);
    const token = textOf(user.token);
    const tokenFile = textOf(user.tokenFile);
    if (certificate === undefined && token === undefined && tokenFile === undefined && this.problems.length === 0)
      this.#refuse(at, 'it has neither a client certificate nor a token', EMBEDDED);
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
      this.#refuse(`${at}.token`, 'it holds characters that no token has', 'Look for a line break at its end.');
    return {
      ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
      // kubectl: the file is preferred where both are there.
      ...(tokenFile !== undefined ? { tokenFile: this.#absolute(tokenFile) } : token === undefined ? {} : { token }),
    };
  }

  /** `NAME-data` in base64, else the file that NAME says. */
  #material(entry: Record_, name: string, at: string, kind: string): string | undefined {
    const data = textOf(entry[`${name}-data`]);
    if (data !== undefined && data !== '')
      return this.#pem(Buffer.from(data, 'base64').toString(), `${at}.${name}-data`, kind);
    const path = textOf(entry[name]);
    if (path === undefined || path === '') return undefined;
    const file = this.#absolute(path);
    try {
      return this.#pem(this.#options.readFile(file), `${at}.${name}`, kind);
    } catch (error) {
      const why = error instanceof Error && 'code' in error ? String(error.code) : 'it can’t be read';
      return this.#refuse(`${at}.${name}`, `${file}: ${why}`, EMBEDDED);
    }
  }

  #pem(text: string, path: string, kind: string): string | undefined {
    if (new RegExp(`-----BEGIN [A-Z ]*${kind}-----`).test(text)) return text;
    return this.#refuse(path, `there is no PEM block of a ${kind.toLowerCase()} in it`, EMBEDDED);
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : join(dirname(this.#options.path), path);
  }

  #refuse(path: string, message: string, mend: string): undefined {
    this.problems.push({ path, message, mend });
  }
}

/** Of `kubectl proxy`, and of tests. */
function isLoopback(url: URL): boolean {
  return url.protocol === 'http:' && (url.hostname === 'localhost' || /^(127\.[0-9.]+|\[::1\])$/.test(url.hostname));
}

function isRecord(value: unknown): value is Record_ {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

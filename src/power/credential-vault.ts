import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { HostRefused, InvalidInput, NotFound, type Problem } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { Clock, StoreChange } from '../domain/ports.ts';
import type { CredentialsRule, SealedCredentials } from '../domain/power.ts';

/** A set of credentials as it is used, in memory only. */
export interface Credentials {
  readonly userName: string;
  readonly password: string;
  /** Kg of IPMI's two-key login, in hexadecimal. */
  readonly bmcKey?: string;
  /** While the password is being changed: the new one, which is tried first where it was set. */
  readonly next?: string;
  /** Ids of the nodes whose BMCs have the new one. */
  readonly rotated?: readonly string[];
}

export interface CredentialVaultOptions {
  readonly known: readonly SealedCredentials[];
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  /** What the key's file holds, or what is wrong with it. */
  readonly readKey: () => string | Problem | undefined;
  readonly rules: () => readonly CredentialsRule[];
}

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const MAX_SETS = 256;
const MIN_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const MEND =
  'Make one with `openssl rand -hex 32`, in a file that podboot’s user alone reads, and name it as power.keyFile.';

/** Names and passwords of BMCs: on disk sealed (AES-256-GCM), in memory open, in answers never. */
export class CredentialVault {
  readonly #options: CredentialVaultOptions;
  readonly #sealed: Map<string, SealedCredentials>;
  readonly #open = new Map<string, Credentials>();
  #key: Buffer | undefined;

  constructor(options: CredentialVaultOptions) {
    this.#options = options;
    this.#sealed = new Map(options.known.map((each) => [each.name, each]));
  }

  /** Nothing of them but their names, and when they changed. */
  list(): readonly { readonly name: string; readonly changedAt: number; readonly isRotating: boolean }[] {
    return [...this.#sealed.values()]
      .map(({ name, changedAt }) => ({ name, changedAt, isRotating: this.#open.get(name)?.next !== undefined }))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  /** Which set a node has: its own, else by the first rule that fits. */
  nameFor(node: Node): string | undefined {
    return node.bmc?.credentials ?? this.#options.rules().find((rule) => fits(rule, node))?.use;
  }

  /** @throws NotFound, HostRefused where there is no key, or another one than they were sealed with */
  read(name: string): Credentials {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const sealed = this.#sealed.get(name);
    if (sealed === undefined)
      throw new NotFound(`There are no credentials ${name}.`, `podboot bmc credentials set ${name}`);
    const credentials = this.#unseal(sealed);
    this.#open.set(name, credentials);
    return credentials;
  }

  /** On disk when it resolves. @throws InvalidInput, HostRefused */
  async write(name: string, credentials: Credentials): Promise<void> {
    this.#check(name, credentials);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(), nonce);
    // A set that is copied under another name in the store is refused.
    cipher.setAAD(Buffer.from(name, 'utf8'));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(credentials), 'utf8'), cipher.final()]);
    const document: SealedCredentials = {
      name,
      nonce: nonce.toString('base64'),
      sealed: sealed.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      changedAt: this.#options.clock.now(),
    };
    await this.#options.commit([{ put: 'document', kind: 'credentials', id: name, document }]);
    this.#sealed.set(name, document);
    this.#open.set(name, credentials);
  }

  /** @throws NotFound */
  async remove(name: string): Promise<void> {
    if (!this.#sealed.has(name)) throw new NotFound(`There are no credentials ${name}.`);
    await this.#options.commit([{ remove: 'document', kind: 'credentials', id: name }]);
    this.#sealed.delete(name);
    this.#open.delete(name);
  }

  #check(name: string, { userName, password, bmcKey }: Credentials): void {
    const problems: Problem[] = [];
    if (!NAME.test(name))
      problems.push({ path: 'name', message: 'It is no name.', mend: 'Use letters, digits and . _ -, as in dgx-bmc.' });
    if (!this.#sealed.has(name) && this.#sealed.size >= MAX_SETS)
      problems.push({ path: 'name', message: `There are ${MAX_SETS} sets already.`, mend: 'Remove some.' });
    for (const [path, value] of Object.entries({ userName, password })) {
      const bytes = Buffer.byteLength(value, 'utf8');
      const isSound = bytes >= 1 && bytes <= 128 && !value.includes('\0');
      if (!isSound)
        problems.push({ path, message: 'It is not 1 to 128 bytes without NUL.', mend: 'Look at the file.' });
    }
    if (bmcKey !== undefined && !/^(?:[0-9a-fA-F]{2}){1,20}$/.test(bmcKey))
      problems.push({
        path: 'bmcKey',
        message: 'It is not 1 to 20 bytes in hexadecimal.',
        mend: 'Write two digits a byte.',
      });
    if (problems.length > 0) throw new InvalidInput('The credentials were refused; nothing was changed.', problems);
  }

  #unseal({ name, nonce, sealed, tag }: SealedCredentials): Credentials {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#keyOf(), Buffer.from(nonce, 'base64'), {
        authTagLength: 16,
      });
      decipher.setAAD(Buffer.from(name, 'utf8')).setAuthTag(Buffer.from(tag, 'base64'));
      const text = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()]).toString('utf8');
      return JSON.parse(text) as Credentials;
    } catch (error) {
      if (error instanceof HostRefused) throw error;
      const mend = `Put the key back that they were sealed with, or set them again: podboot bmc credentials set ${name}`;
      throw new HostRefused(`the credentials ${name} were sealed with another key`, mend);
    }
  }

  #keyOf(): Buffer {
    if (this.#key !== undefined) return this.#key;
    const text = this.#options.readKey();
    if (text === undefined) throw new HostRefused('there is no key to seal credentials with', MEND);
    if (typeof text !== 'string') throw new HostRefused(text.message, text.mend ?? MEND);
    if (Buffer.byteLength(text) < MIN_KEY_BYTES)
      throw new HostRefused(`the key of power.keyFile has less than ${MIN_KEY_BYTES} bytes`, MEND);
    // Random bytes in whatever notation; a hash makes 32 of them.
    this.#key = createHash('sha256').update('podboot credentials\0').update(text).digest();
    return this.#key;
  }
}

function fits({ roles, groups, labels }: CredentialsRule, node: Node): boolean {
  return (
    (roles.length === 0 || roles.some((role) => node.roles.includes(role))) &&
    (groups.length === 0 || (node.group !== undefined && groups.includes(node.group))) &&
    Object.entries(labels).every(([key, value]) => Object.hasOwn(node.labels, key) && node.labels[key] === value)
  );
}

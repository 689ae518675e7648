import { BmcError } from '../bmc/driver.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { CredentialVault } from './credential-vault.ts';
import type { Fleet } from './fleet.ts';
import { lacks, mendOf } from './mends.ts';

export interface RotationOutcome {
  readonly node: Node;
  readonly outcome: 'changed' | 'failed';
  readonly text: string;
  readonly mend?: string;
}

/** BMCs that keep passwords for IPMI 1.5 as well have no more room. */
const MAX_PASSWORD_BYTES = 20;
const MIN_PASSWORD_BYTES = 8;

/** Other passwords for BMCs, and never a moment at which nobody knows which one counts. */
export class PasswordRotation {
  readonly #fleet: Fleet;
  readonly #vault: CredentialVault;
  /** Marks are written one after the other: two at once would each leave out the other. */
  #marking: Promise<void> = Promise.resolve();

  constructor(fleet: Fleet, vault: CredentialVault) {
    this.#fleet = fleet;
    this.#vault = vault;
  }

  /**
   * Another password on every BMC that has this set. It is stored before the first BMC has it, and until the last one has it
   * both are tried: whatever stops it in the middle, it goes on where it was.
   *
   * @param password undefined: goes on with the one that is stored
   * @throws InvalidInput, NotFound, HostRefused
   */
  async rotate(
    name: string,
    nodes: readonly Node[],
    password: string | undefined,
  ): Promise<readonly RotationOutcome[]> {
    const vault = this.#vault;
    const before = vault.read(name);
    const next = before.next ?? password;
    if (next === undefined) throw refused('There is no new password.', 'Give one on standard input or in a file.');
    if (before.next !== undefined && password !== undefined && password !== before.next)
      throw refused(
        'Another change of this password has not come to its end.',
        `podboot bmc rotate ${name} --continue`,
      );
    const bytes = Buffer.byteLength(next, 'utf8');
    if (bytes < MIN_PASSWORD_BYTES || bytes > MAX_PASSWORD_BYTES || next.includes('\0'))
      throw refused(
        `It has ${bytes} bytes.`,
        `BMCs take ${MIN_PASSWORD_BYTES} to ${MAX_PASSWORD_BYTES}; 16 are safe with all.`,
      );
    if (next === before.password) throw refused('It is the old one.', 'Choose another one.');
    await vault.write(name, { ...before, next, rotated: before.rotated ?? [] });
    const all = nodes.filter(
      (node) => node.bmc !== undefined && node.bmc.driver !== 'none' && vault.nameFor(node) === name,
    );
    const outcomes = await Promise.all(all.map((node) => this.#rotateOne(name, node, next)));
    if (outcomes.every(({ outcome }) => outcome === 'changed')) {
      const { next: _, rotated: _rotated, ...rest } = vault.read(name);
      await vault.write(name, { ...rest, password: next });
    }
    return outcomes;
  }

  async #rotateOne(name: string, node: Node, next: string): Promise<RotationOutcome> {
    const vault = this.#vault;
    if (vault.read(name).rotated?.includes(node.id) === true)
      return { node, outcome: 'changed', text: `${node.name} had it already` };
    try {
      await this.#fleet.run(node, 'person', (driver, deadlineMs) => {
        if (driver.password === undefined) throw lacks(driver, 'can’t change passwords');
        return driver.password.change(next, deadlineMs);
      });
      const { userName, bmcKey } = vault.read(name);
      const fresh = { userName, password: next, ...(bmcKey === undefined ? {} : { bmcKey }) };
      await this.#fleet.withCredentials(node, fresh, async (driver, deadlineMs) => driver.power?.read(deadlineMs));
      await this.#mark(name, node);
      return { node, outcome: 'changed', text: `${node.name} has the new password` };
    } catch (error) {
      if (error instanceof RangeError) return { node, outcome: 'failed', text: `${node.name}: ${error.message}` };
      if (!(error instanceof BmcError)) throw error;
      return { node, outcome: 'failed', text: `${node.name}: ${error.message}`, mend: mendOf(error, node) };
    }
  }

  #mark(name: string, { id }: Node): Promise<void> {
    const marked = this.#marking.then(async () => {
      const now = this.#vault.read(name);
      await this.#vault.write(name, { ...now, rotated: [...(now.rotated ?? []), id] });
    });
    this.#marking = marked.catch(() => undefined);
    return marked;
  }
}

function refused(message: string, mend: string): InvalidInput {
  return new InvalidInput('The password was not changed.', [{ path: '/password', message, mend }]);
}

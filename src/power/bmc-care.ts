import { whoseDefault } from '../bmc/default-passwords.ts';
import { BmcError, type BmcInventory } from '../bmc/driver.ts';
import { InvalidInput, PodbootError } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { CredentialVault } from './credential-vault.ts';
import { mendOf } from './mends.ts';
import type { PowerService } from './power-service.ts';

/** What a test of a BMC found, good or bad. */
export interface BmcFinding {
  /** `unreachable`, `ipmi-off`, `wrong-password`, `privilege`, `default-password`, `other-machine`, `works` … */
  readonly code: string;
  readonly isTrouble: boolean;
  readonly text: string;
  readonly mend?: string;
}

export interface BmcCareOptions {
  readonly power: PowerService;
  readonly vault: CredentialVault;
  /** Whether anything is at the address. */
  readonly hostAnswers: (host: string) => Promise<boolean>;
}

export interface RotationOutcome {
  readonly node: Node;
  readonly outcome: 'changed' | 'failed';
  readonly text: string;
  readonly mend?: string;
}

const CODES: Readonly<Record<string, string>> = { credentials: 'wrong-password' };
/** BMCs that keep passwords for IPMI 1.5 as well have no more room. */
const MAX_PASSWORD_BYTES = 20;
const MIN_PASSWORD_BYTES = 8;

/** What is done for BMCs themselves: tests, inventories, other passwords. */
export class BmcCare {
  readonly #options: BmcCareOptions;

  constructor(options: BmcCareOptions) {
    this.#options = options;
  }

  /** Findings that stand until somebody mends them, without asking the BMC. */
  standing(node: Node): readonly BmcFinding[] {
    const name = this.#options.vault.nameFor(node);
    if (name === undefined || node.bmc === undefined || node.bmc.driver === 'none') return [];
    try {
      const { userName, password } = this.#options.vault.read(name);
      const whose = whoseDefault(userName, password);
      if (whose === undefined) return [];
      return [
        {
          code: 'default-password',
          isTrouble: true,
          text: `the BMC of ${node.name} still has its maker’s password (${whose})`,
          mend: `Change it on all that have it: podboot bmc rotate ${name}`,
        },
      ];
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      return [
        {
          code: 'no-credentials',
          isTrouble: true,
          text: error.message,
          ...(error.mend === undefined ? {} : { mend: error.mend }),
        },
      ];
    }
  }

  /** A person wants to know: what was refused before is tried again, once. */
  async test(node: Node): Promise<readonly BmcFinding[]> {
    const { power } = this.#options;
    power.scheduler.forgive(node.id);
    const standing = this.standing(node);
    try {
      const state = await power.fleet.run(node, 'person', (driver, deadlineMs) => {
        if (driver.power === undefined) throw new BmcError('refused', 'it has no control over power');
        return driver.power.read(deadlineMs);
      });
      const works = { code: 'works', isTrouble: false, text: `it answers: ${node.name} is ${state}` };
      return [works, ...standing, ...(await this.#identity(node))];
    } catch (error) {
      if (!(error instanceof BmcError)) throw error;
      return [await this.#trouble(node, error), ...standing];
    }
  }

  async inventory(node: Node): Promise<{ readonly inventory: BmcInventory; readonly findings: readonly BmcFinding[] }> {
    const inventory = await this.#options.power.ask(node, (driver, deadlineMs) => {
      if (driver.inventory === undefined) throw new BmcError('refused', `the driver ${driver.name} has no inventory`);
      return driver.inventory.read(deadlineMs);
    });
    return { inventory, findings: matchInventory(node, inventory) };
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
    const { vault } = this.#options;
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
    const { power, vault } = this.#options;
    if (vault.read(name).rotated?.includes(node.id) === true)
      return { node, outcome: 'changed', text: `${node.name} had it already` };
    try {
      await power.fleet.run(node, 'person', (driver, deadlineMs) => {
        if (driver.password === undefined)
          throw new BmcError('refused', `the driver ${driver.name} can’t change passwords`);
        return driver.password.change(next, deadlineMs);
      });
      const { userName, bmcKey } = vault.read(name);
      const fresh = { userName, password: next, ...(bmcKey === undefined ? {} : { bmcKey }) };
      await power.fleet.withCredentials(node, fresh, async (driver, deadlineMs) => driver.power?.read(deadlineMs));
      const now = vault.read(name);
      await vault.write(name, { ...now, rotated: [...(now.rotated ?? []), node.id] });
      return { node, outcome: 'changed', text: `${node.name} has the new password` };
    } catch (error) {
      if (error instanceof RangeError) return { node, outcome: 'failed', text: `${node.name}: ${error.message}` };
      if (!(error instanceof BmcError)) throw error;
      return { node, outcome: 'failed', text: `${node.name}: ${error.message}`, mend: mendOf(error, node) };
    }
  }

  async #identity(node: Node): Promise<readonly BmcFinding[]> {
    try {
      return (await this.inventory(node)).findings;
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      return [];
    }
  }

  async #trouble(node: Node, error: BmcError): Promise<BmcFinding> {
    const host = this.#options.power.fleet.address(node);
    const isSilent = error.failure === 'unreachable' || error.failure === 'no-answer';
    if (isSilent && host !== undefined && node.bmc?.driver !== 'redfish' && (await this.#options.hostAnswers(host)))
      return {
        code: 'ipmi-off',
        isTrouble: true,
        text: `${host} is there and does not answer IPMI`,
        mend: 'Switch IPMI over LAN on in its web page or setup, and let UDP port 623 through; or use its Redfish: --bmc driver=redfish.',
      };
    return {
      code: CODES[error.failure] ?? error.failure,
      isTrouble: true,
      text: `${node.name}: ${error.message}`,
      mend: mendOf(error, node),
    };
  }
}

/** Whether the machine behind the BMC is the node's. */
export function matchInventory(node: Node, inventory: BmcInventory): readonly BmcFinding[] {
  const { serialNumber, uuid, bmcMac, macs } = inventory;
  const findings: BmcFinding[] = [];
  const differ = (what: string, ours: string, theirs: string) =>
    findings.push({
      code: 'other-machine',
      isTrouble: true,
      text: `the BMC of ${node.name} says that its ${what} is ${theirs}; ${ours} is enrolled`,
      mend: `Is it the BMC of another machine? Compare the labels; podboot bmc inventory ${node.name}`,
    });
  if (
    serialNumber !== undefined &&
    node.serialNumber !== undefined &&
    serialNumber.trim().toUpperCase() !== node.serialNumber.toUpperCase()
  )
    differ('serial number', node.serialNumber, serialNumber);
  if (uuid !== undefined && node.uuid !== undefined && !bothOrders(uuid).includes(node.uuid))
    differ('UUID', node.uuid, uuid);
  const ours = node.interfaces.find(({ role }) => role === 'bmc')?.mac;
  if (bmcMac !== undefined && ours !== undefined && bmcMac.toLowerCase() !== ours)
    differ('BMC’s MAC address', ours, bmcMac);
  const boot = node.interfaces.find(({ role, mac }) => role === 'boot' && mac !== undefined)?.mac;
  const known = (macs ?? []).map((mac) => mac.toLowerCase());
  if (boot !== undefined && known.length > 0 && !known.includes(boot))
    differ('network interfaces have none that', boot, known.join(', '));
  return findings;
}

/** SMBIOS has the first three fields little-endian; BMCs give them in one order or the other. */
function bothOrders(uuid: string): readonly string[] {
  const [a = '', b = '', c = '', ...rest] = uuid.toLowerCase().split('-');
  const turned = [a, b, c].map((field) => Buffer.from(field, 'hex').reverse().toString('hex'));
  return [uuid.toLowerCase(), [...turned, ...rest].join('-')];
}

function refused(message: string, mend: string): InvalidInput {
  return new InvalidInput('The password was not changed.', [{ path: '/password', message, mend }]);
}

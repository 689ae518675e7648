import { isDeepStrictEqual } from 'node:util';
import { type BmcDriver, BmcError } from '../bmc/driver.ts';
import type { BmcCredentials, BmcTarget } from '../bmc/registry.ts';
import { PodbootError } from '../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../domain/ipv4.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node, NodeBmc, NodeId } from '../domain/node.ts';
import type { BmcMeter } from './bmc-meter.ts';
import type { Credentials, CredentialVault } from './credential-vault.ts';
import type { Priority, Scheduler } from './scheduler.ts';

export interface FleetOptions {
  readonly scheduler: Scheduler;
  readonly vault: CredentialVault;
  /** @throws BmcError */
  readonly createDriver: (name: string, target: BmcTarget) => Promise<BmcDriver>;
  /** The address that a BMC has by DHCP. */
  readonly leasedAddress: (mac: MacAddress) => Ipv4 | undefined;
  readonly minGapMs: () => number;
  readonly meter: BmcMeter;
}

interface Made {
  readonly driver: Promise<BmcDriver>;
  /** What it was made of. */
  node: Node;
  readonly address: string | undefined;
  readonly credentials: BmcCredentials | undefined;
}

/** Whether anything here can power the node. */
export function hasPower({ bmc }: Node): boolean {
  return bmc !== undefined && (bmc.driver !== 'none' || bmc.wakeOnLan === true);
}

/** The BMCs of the nodes: each with a driver that is made when it is needed, and anew when what it is made of changes. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #made = new Map<NodeId, Made>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /**
   * In the BMC's turn. Where its password is being changed and the one is refused, the other is tried, once.
   *
   * @throws BmcError; also for a node that has no BMC, or one without credentials
   */
  async run<T>(node: Node, priority: Priority, use: (driver: BmcDriver, deadlineMs: number) => Promise<T>): Promise<T> {
    const { scheduler, meter } = this.#options;
    const inTurn = async (deadlineMs: number) => {
      const [first, second] = this.#candidates(node);
      try {
        return await use(await this.#driver(node, first), deadlineMs);
      } catch (error) {
        const isRefused = error instanceof BmcError && error.failure === 'credentials';
        if (!isRefused || second === undefined) throw error;
        return await use(await this.#driver(node, second), deadlineMs);
      }
    };
    return scheduler.run(node.id, priority, (deadlineMs) => meter.measure(() => inTurn(deadlineMs)));
  }

  /** Its driver as it stands, for consoles and for what a BMC can do. @throws BmcError */
  async driver(node: Node): Promise<BmcDriver> {
    return this.#driver(node, this.#candidates(node)[0]);
  }

  /** Where its BMC is, as far as anybody knows. */
  address(node: Node): string | undefined {
    if (node.bmc?.host !== undefined) return node.bmc.host;
    const port = node.interfaces.find(({ role }) => role === 'bmc');
    const address = port?.address ?? (port?.mac === undefined ? undefined : this.#options.leasedAddress(port.mac));
    return address === undefined ? undefined : formatIpv4(address);
  }

  /** It may be another BMC than the one that was spoken to, or is reached otherwise. */
  isOther(node: Node): boolean {
    const made = this.#made.get(node.id);
    return made === undefined || made.address !== this.address(node) || !isOfOne(made.node, node);
  }

  /** A BMC with other credentials, which nobody stores: for tests of passwords. */
  async withCredentials<T>(
    node: Node,
    credentials: BmcCredentials,
    use: (driver: BmcDriver, deadlineMs: number) => Promise<T>,
    priority: Priority = 'person',
  ): Promise<T> {
    const trial = async (deadlineMs: number) => {
      const driver = await this.#options.createDriver(bmcOf(node).driver, this.#target(node, credentials));
      try {
        return await use(driver, deadlineMs);
      } finally {
        await driver.close();
      }
    };
    return this.#options.scheduler.run(node.id, priority, trial, true);
  }

  forget(nodeId: NodeId): void {
    const made = this.#made.get(nodeId);
    this.#made.delete(nodeId);
    closeQuietly(made);
    this.#options.scheduler.forget(nodeId);
  }

  /** Ends the sessions at all BMCs. */
  async close(): Promise<void> {
    const all = [...this.#made.values()];
    this.#made.clear();
    await Promise.allSettled(all.map(async ({ driver }) => (await driver).close()));
  }

  #driver(node: Node, credentials: BmcCredentials | undefined): Promise<BmcDriver> {
    const address = this.address(node);
    const made = this.#made.get(node.id);
    if (made !== undefined && isMadeOf(made, node, address, credentials)) {
      made.node = node;
      return made.driver;
    }
    closeQuietly(made);
    const driver = this.#options.createDriver(bmcOf(node).driver, this.#target(node, credentials));
    // One that can't be made (a password that is too long) is tried again each time it is asked for.
    driver.catch(() => void this.#made.delete(node.id));
    this.#made.set(node.id, { driver, node, address, credentials });
    return driver;
  }

  #target(node: Node, credentials: BmcCredentials | undefined): BmcTarget {
    const bmc = bmcOf(node);
    return {
      name: node.name,
      host: this.address(node),
      port: bmc.port,
      credentials,
      fingerprint: bmc.fingerprint,
      command: bmc.command ?? [],
      cipherSuite: bmc.cipherSuite,
      wakeMacs: node.interfaces.flatMap(({ role, mac }) => (role === 'boot' && mac !== undefined ? [mac] : [])),
      minGapMs: this.#options.minGapMs(),
    };
  }

  /** The credentials to try, the likelier first. */
  #candidates(node: Node): readonly [BmcCredentials | undefined, BmcCredentials?] {
    const { vault } = this.#options;
    const name = vault.nameFor(node);
    const { driver } = bmcOf(node);
    if (name === undefined || driver === 'none') return [undefined];
    let credentials: Credentials;
    try {
      credentials = vault.read(name);
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      throw new BmcError('refused', error.message, { mend: error.mend });
    }
    const { next, rotated = [], userName, password, bmcKey } = credentials;
    const rest = bmcKey === undefined ? { userName } : { userName, bmcKey };
    const old = { ...rest, password };
    if (next === undefined) return [old];
    const fresh = { ...rest, password: next };
    // The one that let us in the last time: a refusal before each command would lock the account.
    const isFresh = rotated.includes(node.id) || isSame(this.#made.get(node.id)?.credentials, fresh);
    return isFresh ? [fresh, old] : [old, fresh];
  }
}

function isSame(one: BmcCredentials | undefined, other: BmcCredentials | undefined): boolean {
  return one?.userName === other?.userName && one?.password === other?.password && one?.bmcKey === other?.bmcKey;
}

function isMadeOf(made: Made, node: Node, address: string | undefined, credentials: BmcCredentials | undefined) {
  return made.address === address && isSame(made.credentials, credentials) && isOfOne(made.node, node);
}

/** A node that is changed is another object. What its BMC has nothing to do with (a label) leaves consoles open. */
function isOfOne(before: Node, after: Node): boolean {
  if (before === after) return true;
  const { name, bmc, interfaces } = after;
  return before.name === name && isDeepStrictEqual(before.bmc, bmc) && isDeepStrictEqual(before.interfaces, interfaces);
}

function closeQuietly(made: Made | undefined): void {
  made?.driver.then((driver) => driver.close()).catch(() => undefined);
}

function bmcOf(node: Node): NodeBmc {
  if (node.bmc !== undefined) return node.bmc;
  throw new BmcError('unreachable', `${node.name} has no BMC here: podboot nodes set ${node.name} --bmc driver=ipmi`);
}

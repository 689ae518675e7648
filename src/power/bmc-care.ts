import type { BmcMaker } from '../bmc/default-logins.ts';
import { whoseDefault } from '../bmc/default-logins.ts';
import { BmcError, type BmcInventory } from '../bmc/driver.ts';
import { PodbootError } from '../domain/errors.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, StoreChange } from '../domain/ports.ts';
import type { BmcFinding, StandingFinding } from '../domain/power.ts';
import { matchInventory } from './bmc-identity.ts';
import type { CredentialVault } from './credential-vault.ts';
import { DefaultLoginSearch } from './default-login-search.ts';
import type { Fleet } from './fleet.ts';
import { lacks, mendOf } from './mends.ts';
import { askPatiently } from './patience.ts';
import type { BmcLook } from './ports.ts';
import type { Priority, Scheduler } from './scheduler.ts';

export interface BmcCareOptions {
  readonly scheduler: Scheduler;
  readonly fleet: Fleet;
  readonly vault: CredentialVault;
  readonly look: BmcLook;
  readonly clock: Clock;
  /** By node. */
  readonly found: readonly StandingFinding[];
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
}

const CODES: Readonly<Record<string, string>> = { credentials: 'wrong-password' };
const REDFISH_PORT = 443;

/** Whether BMCs can be used, and what is to be mended about them. */
export class BmcCare {
  readonly #options: BmcCareOptions;
  readonly #logins: DefaultLoginSearch;
  /** Of the last time that somebody looked. */
  readonly #found: Map<NodeId, StandingFinding>;

  constructor(options: BmcCareOptions) {
    this.#options = options;
    this.#logins = new DefaultLoginSearch(options.fleet, options.clock);
    this.#found = new Map(options.found.map((each) => [each.nodeId, each]));
  }

  /** Findings that stand until somebody mends them, without asking the BMC. */
  standing(node: Node): readonly BmcFinding[] {
    if (node.bmc === undefined || node.bmc.driver === 'none') return [];
    const found = this.#found.get(node.id);
    return [...this.#ofCredentials(node), ...(found === undefined ? [] : [found.finding])];
  }

  /**
   * @param priority of a person: what was refused before is tried again, once
   */
  async test(node: Node, priority: Priority = 'person'): Promise<readonly BmcFinding[]> {
    const { fleet, scheduler } = this.#options;
    if (node.bmc?.driver === 'none') return [withoutBmc(node)];
    if (priority === 'person') scheduler.forgive(node.id);
    try {
      const state = await fleet.run(node, priority, (driver, deadlineMs) => {
        if (driver.power === undefined) throw new BmcError('refused', 'it has no control over power');
        return driver.power.read(deadlineMs);
      });
      const works = { code: 'works', isTrouble: false, text: `it answers: ${node.name} is ${state}` };
      const { maker, findings } = await this.#identity(node, priority);
      // Its password is another: it let us in.
      await this.#seekDefaults(node, { maker, except: this.#ownNames(node), priority });
      return [works, ...(await this.#certificate(node)), ...this.standing(node), ...findings];
    } catch (error) {
      if (!(error instanceof BmcError)) throw error;
      if (error.failure === 'credentials') await this.#seekDefaults(node, { maker: {}, except: [], priority });
      const certificate = await this.#certificate(node);
      const isUnpinned = error.failure === 'not-trusted' && certificate.length > 0;
      return [...(isUnpinned ? [] : [await this.#trouble(node, error)]), ...certificate, ...this.standing(node)];
    }
  }

  async inventory(node: Node): Promise<{ readonly inventory: BmcInventory; readonly findings: readonly BmcFinding[] }> {
    const inventory = await askPatiently(node, () => this.#inventory(node, 'person'));
    return { inventory, findings: matchInventory(node, inventory) };
  }

  /** The node is gone. */
  forget(nodeId: NodeId): void {
    this.#logins.forget(nodeId);
    this.#remember(nodeId, undefined).catch(() => undefined);
  }

  #ofCredentials(node: Node): readonly BmcFinding[] {
    const { vault } = this.#options;
    const name = vault.nameFor(node);
    if (name === undefined) return [];
    try {
      const { userName, password } = vault.read(name);
      const whose = whoseDefault(userName, password);
      if (whose === undefined) return [];
      const text = `the BMC of ${node.name} still has its maker’s password (${whose})`;
      const mend = `Change it on all that have it: podboot bmc rotate ${name}`;
      return [{ code: 'default-password', isTrouble: true, text, mend }];
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      const mend = error.mend === undefined ? {} : { mend: error.mend };
      return [{ code: 'no-credentials', isTrouble: true, text: error.message, ...mend }];
    }
  }

  #ownNames(node: Node): readonly string[] {
    const { vault } = this.#options;
    const name = vault.nameFor(node);
    return name === undefined ? [] : [vault.read(name).userName];
  }

  #inventory(node: Node, priority: Priority): Promise<BmcInventory> {
    return this.#options.fleet.run(node, priority, (driver, deadlineMs) => {
      if (driver.inventory === undefined) throw lacks(driver, 'has no inventory');
      return driver.inventory.read(deadlineMs);
    });
  }

  async #identity(
    node: Node,
    priority: Priority,
  ): Promise<{ readonly maker: BmcMaker; readonly findings: readonly BmcFinding[] }> {
    try {
      const inventory = await this.#inventory(node, priority);
      const { makerId: id, manufacturer: name } = inventory;
      return { maker: { id, name }, findings: matchInventory(node, inventory) };
    } catch (error) {
      if (!(error instanceof BmcError)) throw error;
      return { maker: {}, findings: [] };
    }
  }

  /** Only BMCs that are spoken to over a network have logins to try. */
  async #seekDefaults(node: Node, search: Parameters<DefaultLoginSearch['search']>[1]): Promise<void> {
    if (node.bmc?.driver === 'command') return;
    const login = await this.#logins.search(node, search);
    if (login === 'unknown') return;
    if (login === 'none') return this.#remember(node.id, undefined);
    const { userName, whose } = login;
    const text = `the BMC of ${node.name} lets in ${userName} with the password that its maker ships (${whose})`;
    const mend = `Change that user’s password, or switch the user off: its web page; or podboot bmc credentials set NAME --user ${userName}, and podboot bmc rotate NAME`;
    await this.#remember(node.id, { code: 'default-login', isTrouble: true, text, mend });
  }

  /** Shown until another look says otherwise. */
  async #remember(nodeId: NodeId, finding: BmcFinding | undefined): Promise<void> {
    const { commit, clock } = this.#options;
    if (finding !== undefined) {
      const document: StandingFinding = { nodeId, finding, at: clock.now() };
      this.#found.set(nodeId, document);
      await commit([{ put: 'document', kind: 'bmc-finding', id: nodeId, document }]);
    } else if (this.#found.delete(nodeId)) {
      await commit([{ remove: 'document', kind: 'bmc-finding', id: nodeId }]);
    }
  }

  /** What is to be compared and pinned before Redfish may be used. Nothing is sent for it. */
  async #certificate(node: Node): Promise<readonly BmcFinding[]> {
    const { fleet, look } = this.#options;
    const { driver, fingerprint, port = REDFISH_PORT } = node.bmc ?? {};
    const host = fleet.address(node);
    if (host === undefined || fingerprint !== undefined || (driver !== 'redfish' && driver !== 'auto')) return [];
    const shown = await look.certificate(host, driver === 'auto' ? REDFISH_PORT : port);
    if (shown === undefined) return [];
    const isTrouble = driver === 'redfish';
    const code = isTrouble ? 'not-pinned' : 'has-redfish';
    const what = isTrouble ? 'nothing is sent to it before that is stored' : 'its Redfish is used once that is stored';
    const text = `${host} shows a certificate with the fingerprint ${shown}; ${what}`;
    const mend = `Compare it with the one in the BMC’s own setup, then podboot nodes set ${node.name} --bmc fingerprint=${shown}`;
    return [{ code, isTrouble, text, mend }];
  }

  async #trouble(node: Node, error: BmcError): Promise<BmcFinding> {
    const host = this.#options.fleet.address(node);
    const known = isByIpmi(node) && host !== undefined ? await this.#ipmiTrouble(node, host, error) : undefined;
    return (
      known ?? {
        code: CODES[error.failure] ?? error.failure,
        isTrouble: true,
        text: `${node.name}: ${error.message}`,
        mend: mendOf(error, node),
      }
    );
  }

  /** What it says to strangers tells more than that it opens no session. */
  async #ipmiTrouble(node: Node, host: string, { failure }: BmcError): Promise<BmcFinding | undefined> {
    const { look } = this.#options;
    const isSilent = failure === 'unreachable' || failure === 'no-answer';
    if (!isSilent && failure !== 'credentials') return undefined;
    const said = await look.ipmi(host, node.bmc?.port);
    const trouble = (code: string, text: string, mend: string) => ({ code, isTrouble: true, text, mend });
    if (failure === 'credentials')
      return said?.needsBmcKey === true && !this.#hasBmcKey(node)
        ? trouble(
            'bmc-key',
            `the BMC of ${node.name} wants a BMC key beside the password (two-key login), and its set has none`,
            'podboot bmc credentials set NAME --user USER --key-file FILE, with the Kg of the BMC in hexadecimal.',
          )
        : undefined;
    if (said !== undefined)
      return said.supportsV20
        ? trouble(
            'ipmi-silent',
            `${host} answers IPMI, and opens no session`,
            `Name a cipher suite (podboot nodes set ${node.name} --bmc cipherSuite=3), or reset the BMC cold.`,
          )
        : trouble(
            'ipmi-1.5',
            `${host} answers IPMI 1.5 alone, which protects nothing and is not used`,
            'Switch IPMI 2.0 (RMCP+) on in its setup, or bring its firmware up to date.',
          );
    if (!(await look.hostAnswers(host))) return undefined;
    return trouble(
      'ipmi-off',
      `${host} is there and does not answer IPMI`,
      'Switch IPMI over LAN on in its web page or setup, and let UDP port 623 through; or use its Redfish: --bmc driver=redfish.',
    );
  }

  #hasBmcKey(node: Node): boolean {
    const { vault } = this.#options;
    const name = vault.nameFor(node);
    return name !== undefined && vault.read(name).bmcKey !== undefined;
  }
}

function isByIpmi({ bmc }: Node): boolean {
  return bmc?.driver === 'ipmi' || (bmc?.driver === 'auto' && bmc.fingerprint === undefined);
}

function withoutBmc({ name, bmc }: Node): BmcFinding {
  const way = bmc?.wakeOnLan === true ? 'by a magic packet' : 'by hand';
  return {
    code: 'no-bmc',
    isTrouble: false,
    text: `${name} has no BMC: it is switched on ${way}, and nobody can ask it`,
  };
}

import { type BmcMaker, type DefaultLogin, defaultLogins } from '../bmc/default-logins.ts';
import { type BmcDriver, BmcError } from '../bmc/driver.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock } from '../domain/ports.ts';
import type { Fleet } from './fleet.ts';
import type { Priority } from './scheduler.ts';

/** A BMC counts what it refuses, and forgets it after some minutes: no more than one round within that. */
const AGAIN_MS = 900_000;

export interface LoginSearch {
  readonly maker: BmcMaker;
  /** Names that are not tried: their password is known to be another. */
  readonly except: readonly string[];
  readonly priority: Priority;
}

/**
 * Whether a BMC lets in somebody who has read its manual: for a finding, and for nothing else. What it lets in is asked
 * whether the machine is on, and is used no further.
 */
export class DefaultLoginSearch {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #searchedAt = new Map<NodeId, number>();

  constructor(fleet: Fleet, clock: Clock) {
    this.#fleet = fleet;
    this.#clock = clock;
  }

  forget(nodeId: NodeId): void {
    this.#searchedAt.delete(nodeId);
  }

  /** @returns `unknown` where nobody can tell now: it was tried a moment ago, or the BMC does not answer */
  async search(node: Node, { maker, except, priority }: LoginSearch): Promise<DefaultLogin | 'none' | 'unknown'> {
    const now = this.#clock.monotonic();
    if (now - (this.#searchedAt.get(node.id) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return 'unknown';
    this.#searchedAt.set(node.id, now);
    try {
      for (const login of defaultLogins(maker)) {
        if (except.includes(login.userName)) continue;
        if (await this.#fleet.withCredentials(node, login, letsIn, priority)) return login;
      }
      return 'none';
    } catch (error) {
      if (error instanceof BmcError) return 'unknown';
      throw error;
    }
  }
}

/** A refusal is an answer here, and not a reason to ask this BMC nothing more. */
async function letsIn(driver: BmcDriver, deadlineMs: number): Promise<boolean> {
  try {
    await driver.power?.read(deadlineMs);
    return driver.power !== undefined;
  } catch (error) {
    if (!(error instanceof BmcError)) throw error;
    // Its password was right; it may do little.
    if (error.failure === 'privilege') return true;
    if (error.failure === 'credentials') return false;
    throw error;
  }
}

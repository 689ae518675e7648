import type { BootClient } from '../../domain/client.ts';
import type { InterfaceKey } from '../../domain/lease.ts';

const MAX_CLIENTS = 16_384;

/**
 * What each machine said of itself when it last asked DHCP: a script is fetched seconds later, and its request says
 * nothing of the firmware. Forgotten at a restart; then a machine gets the method that fits every firmware.
 */
export class RecentClients {
  readonly #clients = new Map<InterfaceKey, BootClient>();

  remember(key: InterfaceKey, client: BootClient): void {
    this.#clients.delete(key);
    if (this.#clients.size >= MAX_CLIENTS) {
      for (const oldest of this.#clients.keys()) {
        this.#clients.delete(oldest);
        break;
      }
    }
    this.#clients.set(key, client);
  }

  of(key: InterfaceKey | undefined): BootClient | undefined {
    return key === undefined ? undefined : this.#clients.get(key);
  }
}

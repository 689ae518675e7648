import type { Settings } from '../domain/settings.ts';

/** What the daemon starts, reloads and stops as one. */
export interface Service {
  /** @throws HostRefused; nothing of it stays open then */
  start(): Promise<void>;
  /** @throws HostRefused; then its old settings are still in force */
  reload(settings: Settings): Promise<void>;
  stop(): Promise<void>;
}

/** One after another; the first that is refused ends those that were started, and its error is thrown. */
export async function startAll(services: readonly Service[]): Promise<void> {
  for (const [index, service] of services.entries()) {
    try {
      await service.start();
    } catch (error) {
      await stopAll(services.slice(0, index));
      throw error;
    }
  }
}

/** New settings for all of them or for none: those that took them up go back before the error is thrown. */
export async function reloadAll(services: readonly Service[], next: Settings, current: Settings): Promise<void> {
  for (const [index, service] of services.entries()) {
    try {
      await service.reload(next);
    } catch (error) {
      const undone = services.slice(0, index).reverse();
      await Promise.allSettled(undone.map((each) => each.reload(current)));
      throw error;
    }
  }
}

/** In the other order; one that fails does not keep the others open. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  for (const service of [...services].reverse()) await service.stop().catch(() => undefined);
}

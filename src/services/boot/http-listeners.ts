import { PodbootError } from '../../domain/errors.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { InterfaceSettings, Settings } from '../../domain/settings.ts';
import type { BootRoutes } from './http-routes.ts';
import { HttpListener } from './http-server.ts';

/** The HTTP servers of all interfaces that have one, through reloads and interfaces that come and go. */
export class HttpListeners {
  readonly #routes: BootRoutes;
  readonly #events: EventSink;
  /** By address and port as configured. */
  #open = new Map<string, HttpListener>();

  constructor(routes: BootRoutes, events: EventSink) {
    this.#routes = routes;
    this.#events = events;
  }

  get all(): readonly HttpListener[] {
    return [...this.#open.values()];
  }

  /**
   * Opens what the settings add, then closes what they leave out; who stays is not disturbed.
   * @throws HostRefused with everything as it was before
   */
  async apply(settings: Settings): Promise<void> {
    const next = new Map<string, HttpListener>();
    const opened: HttpListener[] = [];
    try {
      for (const each of settings.interfaces.filter((candidate) => candidate.http)) {
        const place = placeOf(each, settings);
        const known = this.#open.get(place);
        const listener = known ?? (await this.#openOne(each, settings));
        if (known === undefined) opened.push(listener);
        next.set(place, listener);
      }
    } catch (error) {
      await Promise.all(opened.map((listener) => listener.close()));
      throw error;
    }
    const left = [...this.#open].filter(([place]) => !next.has(place)).map(([, listener]) => listener);
    this.#open = next;
    for (const listener of next.values()) listener.setLimits(settings.http);
    await Promise.all(left.map((listener) => listener.close()));
  }

  /**
   * An interface came or went. A socket that listens at an address hears again by itself when the address comes back,
   * so only one that could not be opened is opened now; where that fails still, it is told and tried at the next change.
   */
  async reopen(interfaceName: string, settings: Settings): Promise<void> {
    const each = settings.interfaces.find((candidate) => candidate.http && candidate.name === interfaceName);
    if (each === undefined || this.#open.has(placeOf(each, settings))) return;
    try {
      this.#open.set(placeOf(each, settings), await this.#openOne(each, settings));
    } catch (error) {
      if (!(error instanceof PodbootError)) throw error;
      this.#events.emit({
        type: 'http.no-listener',
        level: 'warn',
        subject: { interfaceName },
        text: error.message,
        ...(error.mend === undefined ? {} : { mend: error.mend }),
        throttle: interfaceName,
      });
    }
  }

  async close(): Promise<void> {
    const open = this.all;
    this.#open = new Map();
    await Promise.all(open.map((listener) => listener.close()));
  }

  #openOne(each: InterfaceSettings, settings: Settings): Promise<HttpListener> {
    return HttpListener.open({
      interfaceName: each.name,
      address: each.address,
      port: settings.http.port,
      limits: settings.http,
      routes: this.#routes,
      events: this.#events,
    });
  }
}

function placeOf(each: InterfaceSettings, settings: Settings): string {
  return `${formatIpv4(each.address)}:${settings.http.port}`;
}

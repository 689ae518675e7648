import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FirmwareTestimony } from '../../domain/discovered-machine.ts';
import { AccessDenied, NotFound, PodbootError } from '../../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import { type InterfaceKey, macKey } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import type { EventSink } from '../../domain/ports.ts';
import { printable } from './asset-name.ts';
import type { BootScript, BootScripts } from './boot-scripts.ts';
import type { Entitlement } from './entitlements.ts';
import type { GrantedScripts } from './granted-script.ts';
import { parseGrubConfigName } from './grub-config-name.ts';
import { answerText } from './http-answer.ts';
import type { AssetDownloads } from './http-assets.ts';
import { ipxeTestimony } from './identify-script.ts';
import { type InstallRoutes, withoutToken } from './install-routes.ts';
import { keyFromUrlId, peerAddress, type Requester, type Requesters, subjectOf } from './requester.ts';
import { notAwaited, type Strangers } from './strangers.ts';

export interface RouteParts {
  readonly requesters: Requesters;
  readonly events: EventSink;
  readonly assets: AssetDownloads;
  readonly scripts: () => BootScripts;
  readonly originOf: (serverAddress: Ipv4) => string;
  readonly granted: GrantedScripts;
  readonly install: InstallRoutes;
  readonly strangers: Strangers;
}

export interface RouteCounters {
  requests: number;
  scripts: number;
  refused: number;
  failed: number;
  /** No HTTP. */
  malformed: number;
  /** Connections that were one too many. */
  turnedAway: number;
}

/** A path that podboot serves nothing at. */
class NoRoute extends NotFound {}

/** A request that is no request. */
class BadPath extends PodbootError {}

/**
 * `/boot.ipxe`, `/boot/<id>.ipxe`, `/identify/<id>`, `/assets/<name>`, GRUB's configurations, and what installers need below
 * `/install/`; everything else is a 404.
 */
export class BootRoutes {
  readonly counters: RouteCounters = { requests: 0, scripts: 0, refused: 0, failed: 0, malformed: 0, turnedAway: 0 };
  readonly #parts: RouteParts;

  constructor(parts: RouteParts) {
    this.#parts = parts;
  }

  /** Never rejects: whatever goes wrong is answered, counted and told. */
  async handle(request: IncomingMessage, response: ServerResponse, serverAddress: Ipv4): Promise<void> {
    this.counters.requests += 1;
    const address = peerAddress(request.socket.remoteAddress);
    try {
      if (await this.#answerInstaller(request, response, address, serverAddress)) return;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        // A body that nobody reads would be taken for the next request.
        const headers = { Allow: 'GET, HEAD', Connection: 'close' };
        answerText(request, response, 405, 'Only GET and HEAD are answered here.\n', headers);
        return;
      }
      await this.#route(request, response, address, serverAddress);
    } catch (error) {
      this.#fail(request, response, address, error);
    }
  }

  /** False: it is no request of an installer. */
  async #answerInstaller(
    request: IncomingMessage,
    response: ServerResponse,
    peer: Ipv4,
    serverAddress: Ipv4,
  ): Promise<boolean> {
    const { path } = splitTarget(request.url ?? '/');
    const plain = path.replace(/^\/+/, '/');
    if (!plain.startsWith('/install/')) return false;
    await this.#parts.install.answer(request, response, plain, { peer, origin: this.#parts.originOf(serverAddress) });
    return true;
  }

  async #route(request: IncomingMessage, response: ServerResponse, address: Ipv4, serverAddress: Ipv4): Promise<void> {
    const { path, query } = splitTarget(request.url ?? '/');
    if (path.startsWith('/assets/')) {
      const requester = this.#parts.requesters.byAddress(address);
      await this.#parts.assets.answer(request, response, path.slice('/assets/'.length), requester);
      return;
    }
    const scripts = this.#parts.scripts();
    const id = /^\/boot\/([A-Za-z0-9-]+)\.ipxe$/.exec(path)?.[1];
    if (path === '/boot.ipxe' || id !== undefined) {
      const requester = this.#scriptRequester(address, id, query.get('mac'));
      await this.#script(request, response, requester, serverAddress, (entitlement) =>
        scripts.ipxe(requester, serverAddress, entitlement),
      );
      return;
    }
    const asked = /^\/identify\/([A-Za-z0-9-]+)(\.ipxe)?$/.exec(path);
    if (asked?.[1] !== undefined) {
      const requester = this.#scriptRequester(address, asked[1], null);
      if (asked[2] !== undefined) await this.#question(request, response, requester, serverAddress);
      else await this.#identify(request, response, requester, serverAddress, ipxeTestimony(query));
      return;
    }
    const config = parseGrubConfigName(path.replace(/^\/+/, ''));
    if (config === undefined) throw new NoRoute(`nothing is at ${printable(path)}`);
    const requester = this.#claimed(address, config.mac === undefined ? undefined : macKey(config.mac));
    await this.#script(request, response, requester, serverAddress, (entitlement) =>
      scripts.grub(requester, config.firmware, serverAddress, entitlement),
    );
  }

  /** The first of two scripts: its answer is the second one. A machine that is a node by now needs none. */
  async #question(
    request: IncomingMessage,
    response: ServerResponse,
    requester: Requester,
    serverAddress: Ipv4,
  ): Promise<void> {
    const { strangers, originOf, scripts } = this.#parts;
    const question = strangers.ipxeQuestion(requester, originOf(serverAddress));
    if (question !== undefined) this.#answerScript(request, response, requester, question);
    else {
      await this.#script(request, response, requester, serverAddress, (entitlement) =>
        scripts().ipxe(requester, serverAddress, entitlement),
      );
    }
  }

  async #identify(
    request: IncomingMessage,
    response: ServerResponse,
    requester: Requester,
    serverAddress: Ipv4,
    testimony: FirmwareTestimony,
  ): Promise<void> {
    // Only its headers are asked for: nothing is learned of that.
    const known = request.method === 'HEAD' ? requester : await this.#parts.strangers.identified(requester, testimony);
    if (known.port === undefined) {
      this.#answerScript(request, response, known, notAwaited('ipxe', testimony));
      return;
    }
    await this.#script(request, response, known, serverAddress, (entitlement) =>
      this.#parts.scripts().ipxe(known, serverAddress, entitlement),
    );
  }

  async #script(
    request: IncomingMessage,
    response: ServerResponse,
    requester: Requester,
    serverAddress: Ipv4,
    render: (entitlement: Entitlement) => BootScript,
  ): Promise<void> {
    const script = await this.#parts.granted.script(requester, serverAddress, render, request.method !== 'HEAD');
    this.#answerScript(request, response, requester, script);
  }

  #scriptRequester(address: Ipv4, id: string | undefined, mac: string | null): Requester {
    if (id !== undefined) {
      const key = keyFromUrlId(id);
      if (key === undefined) throw new NoRoute(`${printable(id)} is no machine's name: mac-52-54-00-77-00-01 is one`);
      return this.#claimed(address, key);
    }
    const parsed = parseMac(mac ?? '');
    return this.#claimed(address, parsed === undefined ? undefined : macKey(parsed));
  }

  /**
   * Whom a request is from, by what it says and by who holds its address. Behind a router that translates addresses, or
   * beside another DHCP server, nobody holds it: then what it says counts.
   * @throws AccessDenied where they contradict each other
   */
  #claimed(address: Ipv4, key: InterfaceKey | undefined): Requester {
    const { requesters } = this.#parts;
    if (key === undefined) return requesters.byAddress(address);
    const holder = requesters.holderOf(address);
    if (holder !== undefined && holder !== key) {
      throw new AccessDenied(`${formatIpv4(address)} is ${holder} and may not have the script of ${key}`);
    }
    return requesters.byKey(address, key);
  }

  #answerScript(request: IncomingMessage, response: ServerResponse, requester: Requester, script: BootScript): void {
    answerText(request, response, 200, script.text);
    if (request.method === 'HEAD') return;
    this.counters.scripts += 1;
    const who = requester.port?.node.name ?? formatIpv4(requester.address);
    this.#parts.events.emit({
      type: 'http.script',
      level: requester.port === undefined ? 'debug' : 'info',
      subject: subjectOf(requester),
      text: `${who} got its boot script: ${script.summary}`,
      throttle: formatIpv4(requester.address),
      ...(script.decision === undefined ? {} : { data: { boots: script.decision.action } }),
    });
  }

  #fail(request: IncomingMessage, response: ServerResponse, address: Ipv4, error: unknown): void {
    const status = statusOf(error);
    if (status === 500) this.counters.failed += 1;
    else this.counters.refused += 1;
    const message = error instanceof Error ? error.message : String(error);
    const mend = error instanceof PodbootError ? error.mend : undefined;
    if (!(error instanceof NoRoute) || this.#parts.events.wantsDebug) {
      this.#parts.events.emit({
        type: status === 500 ? 'http.failed' : 'http.refused',
        level: error instanceof NoRoute ? 'debug' : status === 500 ? 'error' : 'warn',
        subject: subjectOf(this.#parts.requesters.byAddress(address)),
        text: withoutToken(`${formatIpv4(address)} asked for ${printable(request.url ?? '')}: ${message}`),
        ...(mend === undefined ? {} : { mend }),
        throttle: formatIpv4(address),
      });
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    // Where files lie on the server is for its log.
    answerText(
      request,
      response,
      status,
      status === 500 ? 'It could not be read; the server log says why.\n' : `${message}\n`,
    );
  }
}

function statusOf(error: unknown): number {
  if (error instanceof NotFound) return 404;
  if (error instanceof AccessDenied) return 403;
  return error instanceof BadPath ? 400 : 500;
}

/** @throws BadPath */
function splitTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  // A proxy's form of a request names the host as well.
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)?.[0] ?? '';
  const [rawPath = '', ...rest] = target.slice(origin.length).split('?');
  try {
    return { path: decodeURIComponent(rawPath) || '/', query: new URLSearchParams(rest.join('?')) };
  } catch {
    throw new BadPath('bad-path', 'its percent-encoding is wrong');
  }
}

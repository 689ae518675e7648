import { BmcError } from '../driver.ts';
import type { RedfishClient, Resource } from './client.ts';
import { type JsonObject, linkAt, objectAt, objectsAt, textAt } from './json.ts';
import { SERVICE_ROOT } from './links.ts';
import type { Deadline } from './ports.ts';
import { RedfishRefused } from './refusal.ts';

const MAX_PAGES = 64;
/** Of systems, managers, accounts or interfaces: a DGX has a dozen of the last. */
const MAX_MEMBERS = 64;

/** The resources of one BMC, found by its links: no path is built, and none is assumed. */
export class RedfishService {
  readonly client: RedfishClient;
  readonly #wantedSystem: string | undefined;
  #systemPath: string | undefined;

  /** @param wantedSystem Id of the system, for a BMC that has several that could be meant */
  constructor(client: RedfishClient, wantedSystem: string | undefined) {
    this.client = client;
    this.#wantedSystem = wantedSystem;
  }

  root(deadline: Deadline): Promise<Resource> {
    return this.client.get(SERVICE_ROOT, deadline);
  }

  /** The host, as it is now. */
  async system(deadline: Deadline): Promise<Resource> {
    if (this.#systemPath !== undefined) {
      // An update of the BMC may have moved it.
      const system = await this.client.getIfThere(this.#systemPath, deadline);
      if (system !== undefined) return system;
    }
    const system = await this.#findSystem(deadline);
    this.#systemPath = system.path;
    return system;
  }

  /** Its managers, the one that is named by the system first. */
  async manager(system: Resource, deadline: Deadline): Promise<Resource | undefined> {
    const [named] = objectsAt(objectAt(system.body, 'Links'), 'ManagedBy');
    const link = textAt(named, '@odata.id');
    if (link !== undefined) return this.client.getIfThere(link, deadline);
    const [first] = await this.members(linkAt((await this.root(deadline)).body, 'Managers'), deadline, 1);
    return first;
  }

  /**
   * The members of a collection, each read.
   *
   * @returns none where there is no such collection
   */
  async members(link: string | undefined, deadline: Deadline, limit = MAX_MEMBERS): Promise<readonly Resource[]> {
    const members: Resource[] = [];
    for await (const member of this.memberObjects(link, deadline)) {
      const memberLink = textAt(member, '@odata.id');
      const resource = await this.client.getIfThere(memberLink, deadline);
      if (resource !== undefined) members.push(resource);
      if (members.length >= limit) break;
    }
    return members;
  }

  /** The members as they stand in the collection: whole ones, or links alone. */
  async *memberObjects(link: string | undefined, deadline: Deadline): AsyncGenerator<JsonObject> {
    for await (const page of this.pages(link, deadline)) yield* page;
  }

  /** Bounded, and a page that links to one before it ends the list. */
  async *pages(link: string | undefined, deadline: Deadline): AsyncGenerator<readonly JsonObject[]> {
    const seen = new Set<string>();
    for (let next = link; next !== undefined && seen.size < MAX_PAGES && !seen.has(next); ) {
      seen.add(next);
      const page: Resource | undefined = await this.client.getIfThere(next, deadline);
      if (page === undefined) return;
      yield objectsAt(page.body, 'Members');
      next = textAt(page.body, 'Members@odata.nextLink') ?? textAt(page.body, '@odata.nextLink');
    }
  }

  /**
   * Changes it with the ETag that it was read with. What counts as the same one differs by vendor: weak ones that are
   * wanted strong, ones that never match (Sushy), and BMCs that want any (428).
   *
   * @param secrets in the body, which a BMC may quote
   * @throws BmcError
   */
  async patch(
    { path, etag }: Resource,
    body: JsonObject,
    deadline: Deadline,
    secrets: readonly string[] = [],
  ): Promise<void> {
    const strong = etag?.replace(/^W\//, '');
    const tags = [...new Set([etag, strong, undefined, '*'])];
    for (const [index, ifMatch] of tags.entries()) {
      try {
        await this.client.change(
          { method: 'PATCH', path, body, secrets, ...(ifMatch === undefined ? {} : { ifMatch }) },
          deadline,
        );
        return;
      } catch (error) {
        const isTag = error instanceof RedfishRefused && (error.status === 412 || error.status === 428);
        if (!isTag || index === tags.length - 1) throw error;
      }
    }
  }

  async #findSystem(deadline: Deadline): Promise<Resource> {
    const { body } = await this.root(deadline);
    const systems = await this.members(linkAt(body, 'Systems'), deadline);
    const wanted = this.#wantedSystem;
    if (wanted !== undefined) {
      const named = systems.find((system) => textAt(system.body, 'Id') === wanted);
      if (named !== undefined) return named;
      throw new BmcError('refused', `the BMC has no system ${wanted}; it has ${idsOf(systems)}`);
    }
    // An HGX baseboard is a system too, beside the host: it has no boot order, and no power of its own.
    const hosts = systems.filter(
      (system) => resetOf(system.body) !== undefined && objectAt(system.body, 'Boot') !== undefined,
    );
    const [host, ...others] = hosts.length > 1 ? physicalOf(hosts) : hosts;
    if (host === undefined) {
      const found = systems.length === 0 ? 'none at all' : idsOf(systems);
      throw new BmcError('refused', `the BMC has no system that can be reset and booted; it has ${found}`);
    }
    if (others.length > 0) {
      throw new BmcError('refused', `the BMC has several systems, ${idsOf(hosts)}: say which one is meant`);
    }
    return host;
  }
}

export function resetOf(system: JsonObject): JsonObject | undefined {
  return objectAt(objectAt(system, 'Actions'), '#ComputerSystem.Reset');
}

/** Path of the resource that takes settings for the next boot (DSP0266 section 9.10), and of no other host's. */
export function settingsLinkOf(system: Resource): string | undefined {
  return linkAt(objectAt(system.body, '@Redfish.Settings'), 'SettingsObject');
}

function physicalOf(systems: readonly Resource[]): readonly Resource[] {
  const physical = systems.filter(({ body }) => textAt(body, 'SystemType') === 'Physical');
  return physical.length > 0 ? physical : systems;
}

function idsOf(systems: readonly Resource[]): string {
  return systems.map(({ body, path }) => textAt(body, 'Id') ?? path).join(', ');
}

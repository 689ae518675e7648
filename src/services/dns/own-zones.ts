import type { Clock } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { ZoneSerial } from './zone-serial.ts';
import { buildZones, type ZoneSources, type Zones } from './zones.ts';

/** The zones in force, and whether they still say what they said. */
export class OwnZones {
  readonly #sources: ZoneSources;
  readonly #serial: ZoneSerial;
  #zones: Zones;
  #serverName = '';
  #ttlSeconds = 0;
  #seen: number;

  constructor(settings: Settings, sources: ZoneSources, clock: Clock) {
    this.#sources = sources;
    this.#serial = new ZoneSerial(clock);
    this.#zones = this.#build(settings);
    this.#seen = this.#revision();
  }

  get zones(): Zones {
    return this.#zones;
  }

  get serial(): number {
    return this.#serial.value;
  }

  /** Of our name server, whole. */
  get serverName(): string {
    return this.#serverName;
  }

  get ttlSeconds(): number {
    return this.#ttlSeconds;
  }

  replace(settings: Settings): void {
    this.#zones = this.#build(settings);
    this.#serial.grow();
  }

  /** True once after each change of a node or a lease: what was answered before may be wrong. Asked for each question. */
  hasChanged(): boolean {
    const revision = this.#revision();
    if (revision === this.#seen) return false;
    this.#seen = revision;
    this.#serial.grow();
    return true;
  }

  #build(settings: Settings): Zones {
    const { serverName, domain, ttlSeconds } = settings.dns;
    this.#serverName = domain === undefined ? serverName : `${serverName}.${domain}`;
    this.#ttlSeconds = ttlSeconds;
    return buildZones(settings, this.#sources);
  }

  /** Both only grow. */
  #revision(): number {
    return this.#sources.nodesRevision() + this.#sources.leaseNames.revision;
  }
}

import { Conflict, NotFound } from '../../domain/errors.ts';
import type { ClusterSettings, RunBook, RunHost, RunStatus } from '../../domain/hand-off.ts';
import type { Clock, EventSink, StoreChange } from '../../domain/ports.ts';
import type { ServiceBoard, ServiceLink, ServiceRecord, ServiceView } from '../../domain/services.ts';
import type { Catalogue } from './catalogue.ts';
import { chosenVariant, type Files, HOST_FILES, variantText } from './checkout.ts';
import type { CatalogueEntry, EntryLink } from './entry.ts';
import { filled, type Places, placesOf } from './places.ts';
import { probe } from './probe.ts';
import { entryObstacles } from './service-obstacles.ts';
import type { OneSecret, ShownOnce } from './shown-once.ts';

export interface ServicesOptions {
  readonly records: readonly ServiceRecord[];
  readonly catalogue: () => Catalogue;
  readonly clusters: () => readonly ClusterSettings[];
  readonly members: (cluster: ClusterSettings) => readonly RunHost[];
  readonly runs: Pick<RunBook, 'start' | 'get' | 'all' | 'onChange'>;
  readonly shownOnce: ShownOnce;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly files?: Files;
}

/** What of the catalogue is in which cluster, by the runs that deployed it. */
export class Services implements ServiceBoard {
  readonly #options: ServicesOptions;
  readonly #records = new Map<string, ServiceRecord>();
  #stopListening: (() => void) | undefined;

  constructor(options: ServicesOptions) {
    this.#options = options;
    for (const record of options.records) this.#records.set(recordId(record.cluster, record.service), record);
  }

  /** Takes up what ended while nobody listened. */
  start(): void {
    this.#stopListening ??= this.#options.runs.onChange((status) => void this.#observe(status));
    // The oldest first: what was deployed once stays so, whatever a later attempt came to.
    for (const status of [...this.#options.runs.all()].reverse()) void this.#observe(status);
  }

  stop(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  isDeployed(cluster: string, service: string): boolean {
    return this.#records.get(recordId(cluster, service))?.deployedAt !== undefined;
  }

  async list(cluster: string, { probe: asks = false } = {}): Promise<readonly ServiceView[]> {
    const settings = this.#cluster(cluster);
    const entries = [...this.#options.catalogue().values()];
    return Promise.all(
      entries.map((entry) => this.#view(settings, entry, asks && this.isDeployed(cluster, entry.name))),
    );
  }

  async status(cluster: string, service: string): Promise<ServiceView> {
    return this.#view(this.#cluster(cluster), this.#entry(service), true);
  }

  async deploy(cluster: string, service: string, by: string): Promise<RunStatus> {
    this.#cluster(cluster);
    this.#entry(service);
    return this.#options.runs.start({ cluster, action: 'service', hosts: [], by, service });
  }

  async reveal(cluster: string, service: string, by: string): Promise<readonly OneSecret[]> {
    const record = this.#records.get(recordId(this.#cluster(cluster).name, this.#entry(service).name));
    if (record?.state === 'running')
      throw new Conflict(`${service} is being deployed.`, [], 'Ask again when its run has ended.');
    const secrets = record === undefined ? [] : this.#options.shownOnce.take(record.run);
    if (secrets.length === 0)
      throw new NotFound(
        `There is no secret of ${service} that nobody has seen.`,
        `podboot services deploy ${cluster} ${service} tells it again.`,
      );
    this.#options.events.emit({
      type: 'service.revealed',
      level: 'info',
      subject: {},
      text: `${by} was shown ${secrets.map(({ name }) => name).join(', ')} of ${service} in ${cluster}; it is not kept`,
    });
    return secrets;
  }

  async #observe(status: RunStatus): Promise<void> {
    const { cluster, service, id, state, startedAt, endedAt, reason, action } = status;
    if (action !== 'service' || service === undefined) return;
    const key = recordId(cluster, service);
    const before = this.#records.get(key);
    if (
      before !== undefined &&
      before.run !== id &&
      (this.#options.runs.get(before.run)?.startedAt ?? before.at) > startedAt
    )
      return;
    if (before?.run === id && before.state === state) return;
    const deployedAt = state === 'succeeded' ? (endedAt ?? startedAt) : before?.deployedAt;
    const record: ServiceRecord = {
      cluster,
      service,
      run: id,
      state,
      at: endedAt ?? startedAt,
      ...(deployedAt === undefined ? {} : { deployedAt }),
      ...(reason === undefined ? {} : { reason }),
    };
    this.#records.set(key, record);
    try {
      await this.#options.commit([{ put: 'document', kind: 'service', id: key, document: record }]);
    } catch (error) {
      this.#options.events.emit({
        type: 'service.not-stored',
        level: 'error',
        subject: {},
        text: `that ${service} of ${cluster} is ${state} could not be stored: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'Look at the disk of dataDir; it is read from the run again at the next start.',
        throttle: key,
      });
    }
  }

  async #view(cluster: ClusterSettings, entry: CatalogueEntry, asks: boolean): Promise<ServiceView> {
    const { files = HOST_FILES, shownOnce, members } = this.#options;
    const record = this.#records.get(recordId(cluster.name, entry.name));
    const places = placesOf(cluster, entry, members(cluster));
    const obstacles = entryObstacles(entry, cluster, places, files).map(({ message, mend }) => ({ message, mend }));
    const runs = entry.steps.flatMap((step) => {
      const variant = chosenVariant(step, places.settings, places.checkout, files);
      return variant === undefined ? [] : [`${step.name}: ${variantText(variant)}`];
    });
    return {
      name: entry.name,
      title: entry.title,
      summary: entry.summary,
      origin: entry.origin,
      needs: entry.needs,
      state: stateOf(record),
      ...(record === undefined ? {} : { run: record.run }),
      ...(record?.deployedAt === undefined ? {} : { deployedAt: record.deployedAt }),
      ...(record?.reason === undefined ? {} : { reason: record.reason }),
      runs,
      links: await Promise.all(entry.links.map((link) => this.#link(link, places, asks))),
      ...(entry.log === undefined ? {} : { log: filled(entry.log, places) ?? entry.log }),
      secrets: record === undefined ? [] : shownOnce.names(record.run),
      obstacles,
      ...(entry.notes === undefined ? {} : { notes: entry.notes.trim() }),
    };
  }

  async #link(link: EntryLink, places: Places, asks: boolean): Promise<ServiceLink> {
    const url = filled(link.url, places);
    if (url === undefined) return { name: link.name };
    if (!asks || link.probe === undefined) return { name: link.name, url };
    return { name: link.name, url, probe: await probe(url, link.probe, { clock: this.#options.clock }) };
  }

  #cluster(name: string): ClusterSettings {
    const clusters = this.#options.clusters();
    const cluster = clusters.find((each) => each.name === name);
    if (cluster !== undefined) return cluster;
    const mend =
      clusters.length === 0
        ? 'Write one under clusters in podboot.yaml.'
        : `There are ${clusters.map((each) => each.name).join(', ')}.`;
    throw new NotFound(`There is no cluster ${name}.`, mend);
  }

  #entry(name: string): CatalogueEntry {
    const catalogue = this.#options.catalogue();
    const entry = catalogue.get(name);
    if (entry !== undefined) return entry;
    throw new NotFound(`The catalogue has no service ${name}.`, `There are ${[...catalogue.keys()].join(', ')}.`);
  }
}

function recordId(cluster: string, service: string): string {
  return `${cluster} ${service}`;
}

function stateOf(record: ServiceRecord | undefined): ServiceView['state'] {
  if (record === undefined) return 'not-deployed';
  if (record.state === 'running') return 'deploying';
  return record.state === 'succeeded' ? 'deployed' : 'failed';
}

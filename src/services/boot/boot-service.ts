import type { BootClient } from '../../domain/client.ts';
import type { Identification } from '../../domain/discovered-machine.ts';
import type { Problem } from '../../domain/errors.ts';
import type { EventSubject } from '../../domain/events.ts';
import type { AnswerTickets, GrantDirectory, InstallDesk } from '../../domain/install-ports.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type {
  BootPolicy,
  Clock,
  EventSink,
  FileSender,
  FileSource,
  LeaseDirectory,
  NodeDirectory,
} from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { Turns } from '../../domain/turns.ts';
import { AssetCatalogue } from './asset-catalogue.ts';
import { checkAssets, configuredAssets, importedFiles } from './asset-check.ts';
import { type PolicyParts, ProgramPolicy } from './boot-policy.ts';
import { type BootPreview, createBootPreview, SILENT } from './boot-preview.ts';
import { loadProgramManifest, type ProgramManifest } from './boot-programs.ts';
import { BootScripts } from './boot-scripts.ts';
import { NO_DESK, NO_GRANTS } from './entitlements.ts';
import { BootFileSource } from './file-source.ts';
import { GrantedScripts } from './granted-script.ts';
import { AssetDownloads } from './http-assets.ts';
import { HttpListeners } from './http-listeners.ts';
import { BootRoutes } from './http-routes.ts';
import { InstallRoutes } from './install-routes.ts';
import { PageWarmer } from './page-warmer.ts';
import { ProgramAvailability } from './program-availability.ts';
import { RecentClients } from './recent-clients.ts';
import { Requesters, subjectOf } from './requester.ts';
import { ASKS_NOBODY, foreseen, Strangers } from './strangers.ts';
import { TurnBudget } from './turn-budget.ts';

export interface BootServiceOptions {
  readonly settings: Settings;
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Absent: nobody is ever granted an installation. */
  readonly lifecycle?: GrantDirectory & AnswerTickets & InstallDesk;
  /** Absent: no stranger is asked which node it is. */
  readonly identification?: Identification;
  /** Absent: files go through ordinary writes. */
  readonly fileSender?: FileSender;
  /** Another manifest than the one podboot comes with, for tests. */
  readonly manifest?: ProgramManifest;
}

export interface BootService {
  /** For DHCP. */
  readonly policy: BootPolicy;
  /** For TFTP. */
  readonly files: FileSource;
  /** @throws HostRefused; then nothing listens */
  start(): Promise<void>;
  /** @throws HostRefused; then the old settings are still in force */
  reload(settings: Settings): Promise<void>;
  interfaceChanged(name: string): Promise<void>;
  stop(): Promise<void>;
  /** Who has this address, as far as leases and reservations tell. */
  subjectAt(address: Ipv4): EventSubject;
  /** What machines would be told to load and would not find; warnings, as not every site has every firmware. */
  checkAssets(): Promise<Problem[]>;
  /** What machines would be told and sent now. */
  preview(): BootPreview;
  /** What a machine said of itself when it last asked DHCP; undefined since a restart. */
  lastSeen(key: InterfaceKey): BootClient | undefined;
  statistics(): Record<string, number>;
  /** Where HTTP answers: `10.77.0.1:80`. */
  listening(): readonly { readonly interfaceName: string; readonly address: number; readonly port: number }[];
}

/** Everything that one set of settings brings into force. */
interface InForce {
  readonly settings: Settings;
  readonly catalogue: AssetCatalogue;
  readonly availability: ProgramAvailability;
  readonly policy: ProgramPolicy;
  readonly scripts: BootScripts;
  readonly bootFiles: ReadonlySet<string>;
}

export function createBootService(options: BootServiceOptions): BootService {
  const { nodes, leases, clock, events, fileSender } = options;
  const manifest = options.manifest ?? loadProgramManifest();
  const recent = new RecentClients();
  const requesters = new Requesters(nodes, leases);
  const grants = options.lifecycle ?? NO_GRANTS;
  const identification = options.identification ?? ASKS_NOBODY;
  const strangers = new Strangers({ identification, requesters });
  const prepare = (settings: Settings): InForce =>
    putInForce(settings, manifest, { recent, clock, events, grants, identification });
  let inForce = prepare(options.settings);

  const granted = new GrantedScripts({
    grants,
    events,
    originOf: (serverAddress) => inForce.policy.origin(serverAddress),
    isAtHome: (requester, at) => requesters.isAtHome(requester, givesAddresses(inForce.settings, at)),
  });
  const files = new BootFileSource({
    requesters,
    events,
    granted,
    strangers,
    catalogue: () => inForce.catalogue,
    scripts: () => inForce.scripts,
  });
  const assets = new AssetDownloads({
    clock,
    events,
    catalogue: () => inForce.catalogue,
    isBootFile: (name) => inForce.bootFiles.has(name),
    send: {
      clock,
      budget: new TurnBudget(),
      warmer: new PageWarmer(() => clock.monotonic()),
      ...(fileSender === undefined ? {} : { sender: fileSender }),
    },
  });
  const install = new InstallRoutes(options.lifecycle ?? NO_DESK);
  const routes = new BootRoutes({
    requesters,
    events,
    assets,
    granted,
    install,
    strangers,
    originOf: (serverAddress) => inForce.policy.origin(serverAddress),
    scripts: () => inForce.scripts,
  });
  const listeners = new HttpListeners(routes, events);
  const turns = new Turns();

  return {
    policy: { bootInformation: (...asked) => inForce.policy.bootInformation(...asked) },
    files,
    start: () =>
      turns.take(async () => {
        await inForce.availability.refresh();
        await listeners.apply(inForce.settings);
      }),
    reload: (settings) =>
      turns.take(async () => {
        const next = prepare(settings);
        await next.availability.refresh();
        await listeners.apply(settings);
        inForce = next;
      }),
    interfaceChanged: (name) => turns.take(() => listeners.reopen(name, inForce.settings)),
    stop: () => turns.take(() => listeners.close()),
    subjectAt: (address) => subjectOf(requesters.byAddress(address)),
    checkAssets: () => checkAssets(inForce.settings, manifest, inForce.catalogue),
    lastSeen: (key) => recent.of(key),
    preview: () => {
      const { settings, availability, catalogue } = inForce;
      const parts = { settings, manifest, availability, recent: new RecentClients(), events: SILENT, grants };
      const asked = foreseen(identification);
      const policy = new ProgramPolicy({ ...parts, identification: asked });
      const scripts = new Strangers({ identification: asked, requesters }).previewed(
        new BootScripts({ ...parts, policy }),
        (address) => policy.origin(address),
      );
      return createBootPreview(policy, scripts, catalogue, manifest);
    },
    statistics: () => ({
      httpConnections: listeners.all.reduce((sum, listener) => sum + listener.connections, 0),
      httpRequests: routes.counters.requests,
      httpScripts: routes.counters.scripts,
      httpRefused: routes.counters.refused,
      httpFailed: routes.counters.failed,
      httpMalformed: routes.counters.malformed,
      httpTurnedAway: routes.counters.turnedAway,
      httpAnswerFiles: install.counters.answers,
      httpCallbacks: install.counters.callbacks,
      httpInstallRefused: install.counters.refused,
      httpDownloads: assets.counters.downloads,
      httpDownloadsEnded: assets.counters.downloadsEnded,
      httpSentBytes: assets.counters.sentBytes,
      tftpOpenFiles: files.openFiles,
      tftpCachedBlocks: files.cachedBlocks,
    }),
    listening: () => listeners.all.map(({ interfaceName, address, port }) => ({ interfaceName, address, port })),
  };
}

function putInForce(
  settings: Settings,
  manifest: ProgramManifest,
  parts: Pick<PolicyParts, 'recent' | 'events' | 'grants' | 'identification'> & { readonly clock: Clock },
): InForce {
  const { clock, recent, events, grants, identification } = parts;
  const catalogue = new AssetCatalogue(settings.assetsDir, manifest, clock, importedFiles(settings));
  const ownPrograms = Object.values(settings.boot.programs);
  const availability = new ProgramAvailability(settings.assetsDir, manifest, ownPrograms, clock);
  const policy = new ProgramPolicy({ settings, manifest, availability, recent, events, grants, identification });
  const scripts = new BootScripts({ settings, manifest, availability, recent, policy, events, grants });
  const programs = manifest.programs.map((program) => program.name);
  const named = [...configuredAssets(settings), ...importedFiles(settings)].map(({ name }) => name);
  const bootFiles = new Set([...named, ...programs]);
  return { settings, catalogue, availability, policy, scripts, bootFiles };
}

/** Whether the machines that ask us there have their addresses from us. */
function givesAddresses({ interfaces }: Settings, serverAddress: Ipv4): boolean {
  const mode = interfaces.find(({ address }) => address === serverAddress)?.dhcp;
  return mode === 'authoritative' || mode === 'reservations';
}

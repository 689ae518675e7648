import { join } from 'node:path';
import type { Commands } from '../domain/commands.ts';
import type { NodeChoice } from '../domain/deployment.ts';
import { InvalidInput, PodbootError } from '../domain/errors.ts';
import type { AcceptanceGate, ClusterSettings } from '../domain/hand-off.ts';
import { expandHostlist } from '../domain/hostlist.ts';
import type { Node } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory, StoreChange, StoreSnapshot } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { LifeBook } from '../lifecycle/life-book.ts';
import { type Catalogue, loadCatalogue } from '../runners/catalogue/catalogue.ts';
import { Services } from '../runners/catalogue/service-board.ts';
import { planService } from '../runners/catalogue/service-plan.ts';
import { ShownOnce } from '../runners/catalogue/shown-once.ts';
import { DeploymentBook } from '../runners/deploy/deployment-book.ts';
import type { DeployNodes, DeployOwners, InstallOutcome } from '../runners/deploy/ports.ts';
import { kubernetesVersions } from '../runners/kubespray/running-versions.ts';
import type { RunnerModule } from '../runners/runner.ts';
import { ClusterUpdates } from '../runners/updates/cluster-updates.ts';
import type { HandOff } from './hand-off.ts';
import type { Service } from './service-group.ts';

export interface DeploymentParts {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly commands: Commands;
  /** In force at that moment. */
  readonly settings: () => Settings;
  readonly book: () => LifeBook;
  readonly gate: AcceptanceGate;
  readonly handOff: Pick<HandOff, 'runs' | 'membersOf' | 'planContext'>;
  /** Absent: nobody here gives nodes to schedulers. */
  readonly owners?: DeployOwners;
}

export interface PodDeployment {
  readonly services: Services;
  readonly deployments: DeploymentBook;
  readonly updates: ClusterUpdates;
  /** Of runs that deploy an entry of the catalogue. */
  readonly planService: RunnerModule['plan'];
  readonly service: Service;
}

/** The catalogue, deployment plans and updates, with what they need of the other rooms. */
export function createPodDeployment(parts: DeploymentParts): PodDeployment {
  const { documents, commit, clock, events, commands, settings, handOff, gate, owners } = parts;
  const { runs, membersOf } = handOff;
  const clusters = () => settings().clusters ?? [];
  const catalogue = catalogueReader(() => settings().catalogueDir);
  const services = new Services({
    records: documents.service ?? [],
    catalogue: catalogue.current,
    clusters,
    members: membersOf,
    shownOnce: new ShownOnce(join(settings().dataDir, 'runs')),
    ...{ runs, commit, clock, events },
  });
  const deployments = new DeploymentBook({
    deployments: documents.deployment ?? [],
    serviceNames: () => [...catalogue.current().keys()],
    nodes: deployNodes(parts.nodes, parts.book),
    ...(owners === undefined ? {} : { owners }),
    ...{ runs, services, gate, clusters, membersOf, commit, clock, events },
  });
  const updates = new ClusterUpdates({
    versions: (cluster) => versionsOf(cluster, handOff),
    ...{ clusters, runs, commands },
  });
  const look = () => tellRefusedEntries(catalogue.current, events);
  return {
    services,
    deployments,
    updates,
    planService: (...plan) =>
      planService(
        { catalogue: catalogue.current, isDeployed: (cluster, service) => services.isDeployed(cluster, service) },
        ...plan,
      ),
    service: {
      start: async () => {
        if (settings().catalogueDir !== undefined) look();
        services.start();
        await deployments.open();
      },
      reload: async (next) => {
        catalogue.forget();
        if (next.catalogueDir !== undefined) setImmediate(look);
      },
      stop: async () => {
        await deployments.close();
        services.stop();
      },
    },
  };
}

/** Read when it is first needed, and again after a reload: most daemons never need it. */
function catalogueReader(ownDir: () => string | undefined) {
  let read: { readonly ownDir: string | undefined; readonly catalogue: Catalogue } | undefined;
  return {
    current: (): Catalogue => {
      const folder = ownDir();
      if (read === undefined || read.ownDir !== folder) read = { ownDir: folder, catalogue: loadCatalogue(folder) };
      return read.catalogue;
    },
    forget: () => {
      read = undefined;
    },
  };
}

/** What is wrong with the operator's entries is told when they come into force, not when one is needed. */
function tellRefusedEntries(catalogue: () => Catalogue, events: EventSink): void {
  try {
    catalogue();
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    const [first] = error instanceof InvalidInput ? error.problems : [];
    const what = first === undefined ? '' : `: ${first.path}: ${first.message}`;
    const mend = first?.mend ?? error.mend;
    const text = `${error.message}${what}`;
    events.emit({
      type: 'catalogue.refused',
      level: 'warn',
      subject: {},
      text,
      ...(mend === undefined ? {} : { mend }),
    });
  }
}

function versionsOf(cluster: ClusterSettings, { planContext, membersOf }: DeploymentParts['handOff']) {
  if (cluster.runner === 'kubespray') return kubernetesVersions(cluster, membersOf(cluster), planContext);
  return Promise.resolve({ running: [], obstacles: [] });
}

function deployNodes(nodes: NodeDirectory, book: () => LifeBook): DeployNodes {
  const request = (node: Node, profile: string | undefined, by: string) => ({
    profile: profile ?? node.boot.profile,
    by,
    explicit: false,
  });
  const judge = (node: Node, profile: string | undefined): InstallOutcome => {
    const verdict = book().armoury.judge(node, request(node, profile, 'a look'));
    if (verdict.verdict === 'refuse') return { outcome: 'refused', text: verdict.text, mend: verdict.mend };
    return { outcome: verdict.verdict === 'arm' ? 'would' : 'already', text: verdict.text };
  };
  const missing = (name: string): InstallOutcome => ({ outcome: 'refused', text: `there is no node ${name} any more` });
  return {
    choose: (choice) =>
      chosen(nodes, choice).map((node) => {
        const { state, fault } = book().life(node);
        return { name: node.name, state, ...(fault === undefined ? {} : { fault: fault.text }) };
      }),
    judgeInstall: (name, profile) => {
      const node = nodes.byName(name);
      return node === undefined ? missing(name) : judge(node, profile);
    },
    async install(name, profile, by) {
      const node = nodes.byName(name);
      if (node === undefined) return missing(name);
      try {
        const grant = await book().armoury.arm(node, request(node, profile, by));
        return { outcome: 'done', text: `${name} is armed for ${grant.profile}` };
      } catch (error) {
        if (!(error instanceof PodbootError)) throw error;
        return { outcome: 'refused', text: error.message, ...(error.mend === undefined ? {} : { mend: error.mend }) };
      }
    },
  };
}

/** Retired nodes are nobody's. */
function chosen(nodes: NodeDirectory, { names, roles, exceptRoles = [] }: NodeChoice): readonly Node[] {
  const named = names === undefined ? undefined : new Set(expandHostlist(names));
  return [...nodes.all()]
    .filter((node) => named === undefined || named.has(node.name))
    .filter((node) => roles === undefined || roles.some((role) => node.roles.includes(role)))
    .filter((node) => !exceptRoles.some((role) => node.roles.includes(role)))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

import { join } from 'node:path';
import type { Commands } from '../domain/commands.ts';
import type { AcceptanceGate, ClusterSettings, RunHost } from '../domain/hand-off.ts';
import { formatIpv4, subnetContains } from '../domain/ipv4.ts';
import { clientIdKey, type InterfaceKey, macKey } from '../domain/lease.ts';
import type { Node, NodeId, NodeInterface } from '../domain/node.ts';
import type { NodeState } from '../domain/node-life.ts';
import type { Clock, EventSink, LeaseDirectory, NodeDirectory, StoreChange, StoreSnapshot } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import type { LifeBook } from '../lifecycle/life-book.ts';
import { HandOffDesk } from '../runners/hand-off/hand-off-desk.ts';
import type { HandOffLife } from '../runners/hand-off/ports.ts';
import { InventoryDesk } from '../runners/inventory/inventory-desk.ts';
import { contentsReader } from '../runners/kubespray/read-contents.ts';
import { chooseLauncher } from '../runners/launcher/choose-launcher.ts';
import type { Launcher } from '../runners/launcher/launcher.ts';
import { RunFolders } from '../runners/run-folders.ts';
import { RunLedger } from '../runners/run-ledger.ts';
import { RunLog } from '../runners/run-log.ts';
import { RunProcesses } from '../runners/run-processes.ts';
import type { PlanContext, RunnerModule } from '../runners/runner.ts';
import { createRunners } from '../runners/runners.ts';
import type { KnownHosts } from '../runners/ssh/known-hosts.ts';
import { createSsh } from '../runners/ssh/ssh-client.ts';
import type { Service } from './service-group.ts';

export interface HandOffParts {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly commands: Commands;
  readonly knownHosts: KnownHosts;
  /** In force at that moment. */
  readonly settings: () => Settings;
  readonly book: () => LifeBook;
  readonly gate: AcceptanceGate;
  /** Of runs that deploy an entry of the catalogue. */
  readonly planService: RunnerModule['plan'];
}

export interface HandOff {
  readonly runs: RunLedger;
  readonly desk: HandOffDesk;
  readonly log: RunLog;
  readonly hostOf: (node: Node) => RunHost;
  readonly membersOf: (cluster: ClusterSettings) => readonly RunHost[];
  readonly planContext: PlanContext;
  readonly inventories: InventoryDesk;
  readonly service: Service;
  /** What it has to hear of: nodes that are no more. */
  readonly sink: EventSink;
}

/** Runs and the hand-off of finished nodes, with what they need of the other rooms. */
export function createHandOff(parts: HandOffParts): HandOff {
  const { documents, nodes, commit, clock, events, commands, knownHosts, settings, book } = parts;
  const runsDir = join(settings().dataDir, 'runs');
  const folders = new RunFolders(runsDir);
  let launcher: Promise<Launcher> | undefined;
  const processes = new RunProcesses({
    folders,
    launcher: () => {
      launcher ??= chooseLauncher(commands);
      return launcher;
    },
    clock,
  });
  const hostOf = (node: Node): RunHost => ({
    ...runHost(node, parts.leases, settings()),
    ...(book().life(node).state === 'maintenance' ? { isInMaintenance: true } : {}),
  });
  const clusters = () => settings().clusters ?? [];
  const membersOf = (cluster: ClusterSettings) => members(cluster, nodes, book()).map(hostOf);
  const planContext: PlanContext = {
    ...{ runsDir, commands, knownHosts, ssh: createSsh(commands, knownHosts) },
    contents: contentsReader(clock),
    awaited: (cluster) =>
      members(cluster, nodes, book())
        .filter((node) => !HAS_SYSTEM.has(book().life(node).state))
        .map(hostOf),
  };
  const runs = new RunLedger({
    runs: documents.run ?? [],
    clusters,
    membersOf: (cluster, named) =>
      members(cluster, nodes, book())
        .filter((node) => HAS_SYSTEM.has(book().life(node).state) || named.includes(node.name))
        .map(hostOf),
    runner: createRunners(processes, planContext, parts.planService),
    folders,
    forget: (id) => processes.forget(id),
    ...{ commit, clock, events },
  });
  const desk = new HandOffDesk({
    queues: documents['hand-off-queue'] ?? [],
    results: documents['hand-off'] ?? [],
    ...{ clusters, nodes, hostOf, runs, commit, clock, events, gate: parts.gate },
    life: lifeOf(book, nodes),
  });
  return {
    runs,
    desk,
    log: new RunLog(folders, clock),
    hostOf,
    membersOf,
    planContext,
    inventories: new InventoryDesk({
      ...{ clusters, membersOf, hostKeys: knownHosts },
      everybody: () => [...nodes.all()].map(hostOf),
    }),
    service: {
      start: async () => {
        desk.start();
        runs.takeUp();
      },
      reload: () => desk.reload(),
      stop: async () => {
        await desk.stop();
        runs.close();
      },
    },
    sink: {
      wantsDebug: false,
      emit: ({ type, subject }) => {
        if (type !== 'node.removed' || subject.nodeId === undefined) return;
        desk.forget(subject.nodeId).catch((error: unknown) => {
          const text = `the result of a removed node stays: ${error instanceof Error ? error.message : String(error)}`;
          events.emit({ type: 'hand-off.stuck', level: 'warn', subject, text, throttle: 'forget' });
        });
      },
    },
  };
}

function lifeOf(book: () => LifeBook, nodes: NodeDirectory): HandOffLife {
  const lifeBy = (nodeId: NodeId) => {
    const node = nodes.byId(nodeId);
    return node === undefined ? undefined : book().life(node);
  };
  return {
    state: (nodeId) => lifeBy(nodeId)?.state,
    since: (nodeId) => lifeBy(nodeId)?.since,
    started: (node) => book().handOffs.started(node),
    done: (node) => book().handOffs.done(node),
    failed: (node, fault) => book().handOffs.failed(node, fault),
    async accepted(node, by, reason) {
      await book().commands.command(node, 'ready', { by, ...(reason === undefined ? {} : { reason }) });
    },
  };
}

/**
 * A playbook for everybody in the inventory (Kubespray's facts.yml) fails on nodes that wait for their installation. Those in
 * maintenance stay: a member of etcd that is left out would be taken out of the cluster.
 */
const HAS_SYSTEM: ReadonlySet<NodeState> = new Set(['installed', 'handing-off', 'ready', 'maintenance']);

/** In the order in which they joined: the first of the control plane is special to Kubespray, so new ones come last. */
function members({ roles }: ClusterSettings, nodes: NodeDirectory, book: LifeBook): Node[] {
  return [...nodes.all()]
    .filter((node) => roles.some((role) => node.roles.includes(role)) && book.life(node).state !== 'retired')
    .sort((one, other) => one.createdAt - other.createdAt || (one.name < other.name ? -1 : 1));
}

function runHost(node: Node, leases: LeaseDirectory, { dhcp }: Settings): RunHost {
  const addressOf = (port: NodeInterface | undefined) =>
    port?.address ?? keysOf(port).flatMap((key) => leases.byKey(key)?.address ?? [])[0];
  const address = addressOf(node.interfaces.find(({ role }) => role === 'boot'));
  const infiniband = addressOf(node.interfaces.find(({ role }) => role === 'infiniband'));
  const subnet = infiniband === undefined ? undefined : dhcp.subnets.find((each) => subnetContains(each, infiniband));
  return {
    ...{ id: node.id, name: node.name, roles: node.roles, labels: node.labels },
    ...(address === undefined ? {} : { address }),
    ...(infiniband === undefined || subnet === undefined
      ? {}
      : { infinibandAddress: `${formatIpv4(infiniband)}/${subnet.prefixLength}` }),
  };
}

function keysOf(port: NodeInterface | undefined): InterfaceKey[] {
  return [
    ...(port?.clientId === undefined ? [] : [clientIdKey(port.clientId)]),
    ...(port?.mac === undefined ? [] : [macKey(port.mac)]),
  ];
}

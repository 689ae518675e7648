import { BmcError } from '../bmc/driver.ts';
import { hostAnswers } from '../bmc/host-answers.ts';
import { lookAtLan } from '../bmc/ipmi/lan-look.ts';
import { SharedUdp } from '../bmc/ipmi/shared-udp.ts';
import type { BmcTarget } from '../bmc/registry.ts';
import { createDriver } from '../bmc/registry.ts';
import { HostRefused, type Problem } from '../domain/errors.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import { macKey } from '../domain/lease.ts';
import type { Node } from '../domain/node.ts';
import type {
  Clock,
  EventSink,
  LeaseDirectory,
  Network,
  NodeDirectory,
  StoreChange,
  StoreSnapshot,
} from '../domain/ports.ts';
import type { PowerSettings } from '../domain/power.ts';
import type { Settings } from '../domain/settings.ts';
import type { LifeBook } from '../lifecycle/life-book.ts';
import type { NodeStanding } from '../power/ports.ts';
import { PowerService } from '../power/power-service.ts';
import type { SecretReader } from '../profiles/values/secrets.ts';

/** UDP port 9, discard: what a magic packet is sent to. */
const WAKE_PORT = 9;

/** All BMCs of a pod may answer at once. */
const BMC_SOCKET = { address: '0.0.0.0', port: 0, receiveBufferBytes: 4 * 1024 * 1024 } as const;

export interface PowerParts {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly network: Network;
  readonly secrets: SecretReader;
  /** In force at that moment. */
  readonly settings: () => Settings;
  readonly book: () => LifeBook;
}

/** The power of the nodes, with what it needs of the other rooms. */
export function createPower(parts: PowerParts): PowerService {
  const { documents, nodes, leases, commit, clock, events, network, secrets, settings } = parts;
  const around = {
    clock,
    network: new SharedUdp(() => network.openDatagram(BMC_SOCKET)),
    broadcast: (_: BmcTarget, packet: Uint8Array) => wake(network, settings(), packet),
  };
  return new PowerService({
    documents,
    nodes,
    commit,
    clock,
    events,
    settings: () => settings().power ?? SILENT,
    standing: standingBy(parts.book),
    readKey: () => readKey(settings().power?.key, secrets),
    createDriver: (name, target) => createDriver(name, target, around),
    leasedAddress: (mac) => leases.byKey(macKey(mac))?.address,
    look: {
      hostAnswers: (host) => hostAnswers(host, LOOK_MS),
      ipmi: (host, port) => lookAtLan({ host, port }, { network: around.network, clock, waitMs: IPMI_LOOK_MS }),
      certificate: (host, port) => certificate(host, port, clock),
    },
  });
}

/** A BMC that is busy takes a second to take a connection. */
const LOOK_MS = 2_000;
/** For each of three questions: what is there answers within some milliseconds. */
const IPMI_LOOK_MS = 500;

async function certificate(host: string, port: number, clock: Clock): Promise<string | undefined> {
  const { fetchFingerprint } = await import('../bmc/redfish/fingerprint.ts');
  try {
    return await fetchFingerprint(host, port, { clock, timeoutMs: LOOK_MS });
  } catch (error) {
    if (error instanceof BmcError) return undefined;
    throw error;
  }
}

/** As a configuration that says nothing of it. */
const SILENT: PowerSettings = {
  atOnce: 64,
  minGapMs: 0,
  pollMs: 60_000,
  actionMs: 300_000,
  offMs: 5_000,
  bootAttempts: 3,
  credentials: [],
};

function readKey(key: PowerSettings['key'], secrets: SecretReader): string | Problem | undefined {
  return key === undefined ? undefined : secrets.read(key, 'power.keyFile');
}

function standingBy(book: () => LifeBook): NodeStanding {
  return {
    reserved: (node) => reservedText(node, book()),
    awaitsBoot: (node) => {
      const { state } = book().life(node);
      return state === 'powering' || state === 'booting';
    },
    hasBooted: (node) => {
      const { state, step } = book().life(node);
      return state === 'installing' || (state === 'booting' && step === 'seen');
    },
    bootDeadlineMs: (node) => book().deadlines(node).booting,
  };
}

function reservedText(node: Node, book: LifeBook): string | undefined {
  const { state, reason } = book.life(node);
  if (state !== 'maintenance' && state !== 'retired') return undefined;
  const why = reason === undefined ? '' : ` (${reason})`;
  return state === 'retired' ? `it is retired${why}` : `it is in maintenance${why}`;
}

/** On every interface that is served: the machine is behind one of them. */
async function wake(network: Network, { interfaces }: Settings, packet: Uint8Array): Promise<void> {
  for (const { name, address } of interfaces) {
    const socket = await network.openDatagram({
      interfaceName: name,
      address: formatIpv4(address),
      port: 0,
      broadcast: true,
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.onError(reject);
        socket.send(packet, { address: '255.255.255.255', port: WAKE_PORT }, (error) =>
          error === null ? resolve() : reject(error),
        );
      });
    } catch (error) {
      const mend = `Is ${name} up? ip link show ${name}`;
      throw new HostRefused(`a magic packet could not leave by ${name}`, mend, error);
    } finally {
      socket.close();
    }
  }
}

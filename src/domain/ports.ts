import type { Duplex } from 'node:stream';
import type { AssetName, BootInformation } from './boot.ts';
import type { BootGrant } from './boot-grant.ts';
import type { BootClient } from './client.ts';
import type { Deployment } from './deployment.ts';
import type { DiscoveredMachine } from './discovered-machine.ts';
import type { BootEvent } from './events.ts';
import type { HandOffQueue, HandOffResult, RunStatus } from './hand-off.ts';
import type { Ipv4 } from './ipv4.ts';
import type { KeptRequest } from './kept-request.ts';
import type { InterfaceKey, Lease } from './lease.ts';
import type { MacAddress } from './mac.ts';
import type { Node, NodeId, NodePort, SwitchPort } from './node.ts';
import type { NodeLife } from './node-life.ts';
import type { JobStep, PowerJob, SealedCredentials, StandingFinding } from './power.ts';
import type { OwnerChange } from './schedulers.ts';
import type { ServiceRecord } from './services.ts';
import type { EventChange, EventStore } from './stored-event.ts';

/** Time, so that tests have their own. */
export interface Clock {
  /** Wall clock, milliseconds since 1970: it may jump. For what is stored and shown. */
  now(): number;
  /** Milliseconds that never jump. For everything that is measured or waited for. */
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): Timer;
}

export interface Timer {
  cancel(): void;
}

/** An address as dgram has it: dotted quad and port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface DatagramSocket {
  readonly local: Endpoint;
  /** `data` is only valid during the call. */
  onMessage(listener: (data: Uint8Array, from: Endpoint) => void): void;
  /** @param listener `to` is whom the datagram was for, where a send failed */
  onError(listener: (error: Error, to?: Endpoint) => void): void;
  /**
   * Fire and forget; a failure reaches `done`, else onError. The bytes are taken before the call returns: the caller may
   * use its buffer again at once.
   */
  send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void;
  close(): void;
}

export interface DatagramOptions {
  /** SO_BINDTODEVICE: hears and speaks on this interface alone. */
  readonly interfaceName?: string;
  /** `0.0.0.0` hears broadcasts. */
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly broadcast?: boolean;
  readonly reuseAddress?: boolean;
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
}

export interface SegmentingSocket extends DatagramSocket {
  /**
   * Sends `data` as datagrams of `segmentBytes`, the last may be shorter: in one go where the kernel cuts them
   * (UDP_SEGMENT), else one by one. At most 64 datagrams and 65,507 bytes. Otherwise as `send`; failures reach onError.
   */
  sendSegments(data: Uint8Array, segmentBytes: number, to: Endpoint): void;
}

/** The host's network, or a simulated one. */
export interface Network {
  /** @throws HostRefused with the mend: port in use, missing capability, interface or address not there. */
  openDatagram(options: DatagramOptions): Promise<SegmentingSocket>;
  /**
   * Teaches the kernel who has an address that can't answer ARP yet (SIOCSARP), so that a unicast reply reaches it.
   * False where the kernel refuses: broadcast instead.
   */
  addNeighbour(interfaceName: string, address: Ipv4, mac: Uint8Array): boolean;
}

/** TCP of the host, or simulated. */
export interface StreamNetwork {
  /**
   * Streams may be half open: who has said all may still be answered.
   * @throws HostRefused with the mend
   */
  listen(options: StreamListenOptions, accept: (stream: Duplex, from: Endpoint) => void): Promise<StreamListener>;
  /** What is written before it is connected waits; where it can't be, the stream ends with an error. */
  connect(to: Endpoint): Duplex;
}

export interface StreamListenOptions {
  /** For messages: `DNS`. */
  readonly what: string;
  readonly interfaceName: string;
  readonly address: string;
  readonly port: number;
}

export interface StreamListener {
  readonly local: Endpoint;
  /** Takes no more; streams that are open go on. */
  close(): void;
}

/** A file's bytes to a TCP socket without passing through this process: sendfile(2). */
export interface FileSender {
  /** The descriptor of a connected, plain (no TLS) `net.Socket`; undefined where it has none: use `write`. */
  descriptorOf(socket: object): number | undefined;
  /**
   * Never blocks. Only while nothing that was written before waits in the socket's own queue.
   * @returns bytes that the kernel took, 0 only at the end of the file; `would-block` while the peer's window is full;
   *   else the error's name (`EPIPE`)
   */
  send(
    socketDescriptor: number,
    fileDescriptor: number,
    offset: number,
    lengthBytes: number,
  ): number | 'would-block' | { readonly errno: string };
}

export interface EventSink {
  /** False: nobody listens to `debug` events; do not build them. */
  readonly wantsDebug: boolean;
  emit(event: BootEvent): void;
}

/** Nodes by what a packet tells about its sender. All synchronous, all from memory. */
export interface NodeDirectory {
  byId(id: NodeId): Node | undefined;
  byName(name: string): Node | undefined;
  byMac(mac: MacAddress): NodePort | undefined;
  byClientId(clientIdHex: string): NodePort | undefined;
  /** The node's first boot interface that has no MAC address yet, or else its first boot interface. */
  byUuid(uuid: string): NodePort | undefined;
  bySwitchPort(port: SwitchPort): NodePort | undefined;
  /** The interface that has this address reserved: nobody else is ever given it. */
  byAddress(address: Ipv4): NodePort | undefined;
  all(): Iterable<Node>;
}

/** Active leases by address and holder, from memory. */
export interface LeaseDirectory {
  byAddress(address: Ipv4): Lease | undefined;
  byKey(key: InterfaceKey): Lease | undefined;
  all(): Iterable<Lease>;
}

/** What a machine is told about booting; services/boot fulfils it for services/dhcp. */
export interface BootPolicy {
  /**
   * @param port the node and interface that asks, undefined for a machine that is not enrolled
   * @param key identifies the client in URLs
   * @param serverAddress our address on the interface that the packet came through
   */
  bootInformation(
    port: NodePort | undefined,
    client: BootClient,
    key: InterfaceKey,
    serverAddress: Ipv4,
  ): BootInformation;
}

/** What TFTP serves. services/boot fulfils it: assets, and rendered GRUB configurations. */
export interface FileSource {
  /** @throws NotFound, AccessDenied */
  open(name: string, peer: Ipv4, serverAddress: Ipv4): Promise<ServedFile>;
}

export interface ServedFile {
  readonly name: AssetName;
  readonly sizeBytes: number;
  /**
   * Up to `length` bytes from `offset`, fewer only at the end of the file. The view is valid until the next read and
   * must not be written to. Synchronous where the bytes are in memory.
   */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  close(): void;
}

/** One thing that must last. */
export type StoreChange =
  | { readonly put: 'lease'; readonly lease: Lease }
  | { readonly remove: 'lease'; readonly address: Ipv4 }
  | { readonly put: 'node'; readonly node: Node }
  | { readonly remove: 'node'; readonly id: NodeId }
  | { readonly put: 'setting'; readonly name: string; readonly value: string }
  | PutDocument
  | { readonly remove: 'document'; readonly kind: DocumentKind; readonly id: string };

/** Records that are only ever read and written whole, by kind; each is known by an id that is unique in its kind. */
export interface StoredDocuments {
  /** By node id. */
  readonly life: NodeLife;
  readonly grant: BootGrant;
  /** By interface key. */
  readonly machine: DiscoveredMachine;
  /** By Idempotency-Key. */
  readonly request: KeptRequest;
  readonly job: PowerJob;
  /** By job id and node id. */
  readonly 'job-step': JobStep;
  /** By name. */
  readonly credentials: SealedCredentials;
  /** By node id. */
  readonly 'bmc-finding': StandingFinding;
  /** By run id. */
  readonly run: RunStatus;
  /** By node id: the newest. */
  readonly owner: OwnerChange;
  /** By node id: the newest. */
  readonly 'hand-off': HandOffResult;
  /** By name of the cluster. */
  readonly 'hand-off-queue': HandOffQueue;
  /** By cluster and name of the service. */
  readonly service: ServiceRecord;
  /** By name of the plan. */
  readonly deployment: Deployment;
}
export type DocumentKind = keyof StoredDocuments;
export type PutDocument = {
  readonly [K in DocumentKind]: {
    readonly put: 'document';
    readonly kind: K;
    readonly id: string;
    readonly document: StoredDocuments[K];
  };
}[DocumentKind];

export interface StoreSnapshot {
  readonly leases: readonly Lease[];
  readonly nodes: readonly Node[];
  readonly settings: ReadonlyMap<string, string>;
  readonly documents: { readonly [K in DocumentKind]?: readonly StoredDocuments[K][] };
}

/** What must outlive the process. */
export interface Store extends EventStore {
  /** Everything, once, at the start. */
  load(): Promise<StoreSnapshot>;
  /** Resolves when the whole batch is on disk (fsync); rejects with nothing of it written. */
  commit(batch: readonly StoreChange[]): Promise<void>;
  /** The same with what is told of it, in one transaction. Resolves with the number of the last event, as `appendEvents`. */
  commitWithEvents(batch: readonly StoreChange[], events: readonly EventChange[]): Promise<number>;
  /** As it stands on disk now: another process may have written it (`podboot token new`). */
  setting(name: string): Promise<string | undefined>;
  /** One document, for those that nobody keeps in memory. */
  document<K extends DocumentKind>(kind: K, id: string): Promise<StoredDocuments[K] | undefined>;
  close(): Promise<void>;
}

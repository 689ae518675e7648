import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BmcDriver, ConsoleListener, OpenConsole } from '../../bmc/driver.ts';
import { Conflict, HostRefused, NotFound } from '../../domain/errors.ts';
import type { BootEvent } from '../../domain/events.ts';
import type { Node, NodeId } from '../../domain/node.ts';
import type { Clock, EventSink, NodeDirectory } from '../../domain/ports.ts';
import type { ConsoleSettings } from '../../domain/power.ts';
import { mendOf } from '../mends.ts';
import { type JoinOptions, NodeConsole } from './node-console.ts';
import type { ConsoleSeat, ConsoleStanding, ConsoleViewer } from './ports.ts';
import { Transcript } from './transcript.ts';
import {
  isTranscriptId,
  listTranscripts,
  pruneTranscripts,
  readLatest,
  type TranscriptEntry,
} from './transcript-shelf.ts';
import { transcriptText } from './transcript-text.ts';

export interface ConsoleHubOptions {
  /** Its turn at the BMC. @throws BmcError */
  readonly use: <T>(node: Node, isPerson: boolean, act: (driver: BmcDriver) => Promise<T>) => Promise<T>;
  readonly nodes: NodeDirectory;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventSink;
  readonly settings: () => ConsoleSettings;
  /** Absolute path; below it each node has a folder by its id. Absent: nothing is recorded. */
  readonly folder: string | undefined;
  /** It is started, boots, or is installed: by its life, or by a job of its power. */
  readonly isBooting: (node: Node) => boolean;
  /** What its kind may take from power to its first word: nobody says when a machine that was merely switched on is up. */
  readonly bootDeadlineMs: (node: Node) => number;
}

/** BMCs with an open console at once, recorded ones too. */
const MAX_CONSOLES = 1_024;
/** After a boot: the prompt of the system, or its panic. */
const LINGER_MS = 120_000;
/** Kinds of events after which a boot may have begun or ended. */
const FOLLOWED: ReadonlySet<string> = new Set(['life.', 'node.', 'power.']);

const RECORDED: ReadonlySet<string> = new Set(['ipmi', 'redfish', 'auto']);

interface Recorded {
  readonly transcript: Transcript;
  lingerUntil: { cancel(): void } | undefined;
}

/** The consoles of the nodes: opened for who reads them and for their recording, one for each BMC. */
export class ConsoleHub {
  readonly #options: ConsoleHubOptions;
  readonly #consoles = new Map<NodeId, NodeConsole>();
  readonly #recorded = new Map<NodeId, Recorded>();
  readonly #booting = new Set<NodeId>();
  #isStopped = false;

  constructor(options: ConsoleHubOptions) {
    this.#options = options;
  }

  /** What was booting before a restart is recorded again. */
  start(): void {
    for (const node of this.#options.nodes.all()) this.#follow(node, LINGER_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const consoles = [...this.#consoles.values()];
    this.#consoles.clear();
    await Promise.allSettled(consoles.map((each) => each.end('podboot stops')));
    for (const { transcript, lingerUntil } of this.#recorded.values()) {
      lingerUntil?.cancel();
      await transcript.flush();
    }
    this.#recorded.clear();
  }

  /** Hears of lives, of jobs and of the nodes' records. */
  emit({ type, subject: { nodeId } }: BootEvent): void {
    if (nodeId === undefined || this.#isStopped) return;
    if (type === 'node.removed') this.#forget(nodeId);
    else if (FOLLOWED.has(type.slice(0, type.indexOf('.') + 1))) {
      const node = this.#options.nodes.byId(nodeId);
      if (node === undefined) return;
      // A job ends when the machine is on, and a life when its system is up.
      const bootsForMs = type.startsWith('power.') ? this.#options.bootDeadlineMs(node) : 0;
      this.#follow(node, bootsForMs + LINGER_MS);
    }
  }

  standing(node: Node): ConsoleStanding {
    return this.#consoles.get(node.id)?.standing ?? { isOpen: false, readers: 0, isRecorded: false };
  }

  /** @throws Conflict, HostRefused: as `join` */
  mayJoin(node: Node, options: JoinOptions): void {
    if (node.bmc === undefined || node.bmc.driver === 'none') {
      const mend = `podboot nodes set ${node.name} --bmc driver=ipmi`;
      throw new HostRefused(`${node.name} has no BMC with a console`, mend);
    }
    const known = this.#consoles.get(node.id);
    if (known === undefined && this.#consoles.size >= MAX_CONSOLES)
      throw new Conflict(`${MAX_CONSOLES} consoles are open already`, [], 'Record fewer: power.console.record.');
    known?.mayJoin(options);
  }

  /** What comes of the opening is told to the viewer. @throws Conflict, HostRefused */
  join(node: Node, viewer: ConsoleViewer, options: JoinOptions): ConsoleSeat {
    this.mayJoin(node, options);
    return this.#console(node).join(viewer, options);
  }

  /** Latest first. */
  async transcripts(node: Node): Promise<readonly (TranscriptEntry & { readonly isOpen: boolean })[]> {
    const folder = this.#folder(node.id);
    const current = this.#recorded.get(node.id)?.transcript;
    await current?.flush();
    const entries = folder === undefined ? [] : await listTranscripts(folder);
    return entries.map((entry) => ({ ...entry, isOpen: entry.id === current?.id }));
  }

  /** @throws NotFound */
  async transcript(node: Node, id: string, withTimes: boolean): Promise<Buffer> {
    const folder = this.#folder(node.id);
    const current = this.#recorded.get(node.id)?.transcript;
    const parts = folder === undefined || !isTranscriptId(id) ? undefined : await readLatest(folder, id, current);
    if (parts === undefined)
      throw new NotFound(`${node.name} has no such recording.`, `podboot console ${node.name} --logs lists them.`);
    return transcriptText(parts, withTimes);
  }

  statistics(): Record<string, number> {
    return { consoles: this.#consoles.size, recorded: this.#recorded.size };
  }

  #folder(nodeId: NodeId): string | undefined {
    return this.#options.folder === undefined ? undefined : join(this.#options.folder, nodeId);
  }

  #console(node: Node): NodeConsole {
    const known = this.#consoles.get(node.id);
    if (known !== undefined) return known;
    const { clock, random, nodes } = this.#options;
    const created = new NodeConsole({
      name: node.name,
      clock,
      random,
      open: (listener, how) => this.#open(nodes.byId(node.id) ?? node, listener, how),
      mendOf: (error) => mendOf(error, node),
      idle: () => {
        if (this.#consoles.get(node.id) === created) this.#consoles.delete(node.id);
      },
    });
    this.#consoles.set(node.id, created);
    return created;
  }

  async #open(
    node: Node,
    listener: ConsoleListener,
    { takeOver, isPerson }: { takeOver: boolean; isPerson: boolean },
  ): Promise<OpenConsole> {
    let isGivenUp = false;
    try {
      return await this.#options.use(node, isPerson, async (driver) => {
        if (driver.console === undefined) {
          const mend = `IPMI has one: podboot nodes set ${node.name} --bmc driver=ipmi`;
          throw new HostRefused(`the driver ${driver.name} has no console`, mend);
        }
        const link = await driver.console.open(listener, { takeOver });
        // Nobody waits for it any more, and the BMC has one only.
        if (isGivenUp) await link.close();
        return link;
      });
    } catch (error) {
      isGivenUp = true;
      throw error;
    }
  }

  /** A recording begins with each boot, and ends a while after it. */
  #follow(node: Node, lingerMs: number): void {
    const { record } = this.#options.settings();
    const isBooting = this.#options.isBooting(node);
    const begins = isBooting && !this.#booting.has(node.id);
    if (isBooting) this.#booting.add(node.id);
    else this.#booting.delete(node.id);
    const recorded = this.#recorded.get(node.id);
    const isWanted = canRecord(node) && (record === 'always' || (record === 'boots' && isBooting));
    if (isWanted && (begins || recorded === undefined)) this.#begin(node);
    else if (isWanted) keep(recorded);
    else if (recorded !== undefined && (record === 'off' || !canRecord(node))) this.#end(node.id);
    else if (recorded !== undefined) this.#linger(node.id, recorded, lingerMs);
  }

  #begin(node: Node): void {
    const folder = this.#folder(node.id);
    const isFull = !this.#consoles.has(node.id) && this.#consoles.size >= MAX_CONSOLES;
    if (folder === undefined || isFull) {
      if (isFull) this.#tell(node, `more than ${MAX_CONSOLES} consoles are open; this boot is not recorded`);
      return;
    }
    const before = this.#recorded.get(node.id);
    before?.lingerUntil?.cancel();
    void before?.transcript.flush();
    const { clock, settings } = this.#options;
    const transcript = new Transcript({ folder, clock, failed: (error) => this.#broken(node, error) });
    this.#recorded.set(node.id, { transcript, lingerUntil: undefined });
    // One less: the new one has no file yet.
    pruneTranscripts(folder, settings().keep - 1).catch((error: unknown) => this.#broken(node, error));
    this.#console(node).record(transcript);
  }

  #linger(nodeId: NodeId, recorded: Recorded, lingerMs: number): void {
    recorded.lingerUntil ??= this.#options.clock.setTimeout(() => this.#end(nodeId), lingerMs);
  }

  #end(nodeId: NodeId): void {
    const recorded = this.#recorded.get(nodeId);
    if (recorded === undefined) return;
    recorded.lingerUntil?.cancel();
    this.#recorded.delete(nodeId);
    this.#consoles.get(nodeId)?.record(undefined);
    void recorded.transcript.flush();
  }

  /** The recordings go with the node. */
  #forget(nodeId: NodeId): void {
    this.#end(nodeId);
    this.#booting.delete(nodeId);
    const known = this.#consoles.get(nodeId);
    this.#consoles.delete(nodeId);
    known?.end('the node was removed').catch(() => undefined);
    const folder = this.#folder(nodeId);
    if (folder !== undefined) rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }

  #broken(node: Node, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    this.#tell(node, `its console can’t be recorded: ${code}`, `Look at ${this.#folder(node.id)}: space, owner.`);
  }

  #tell({ id, name }: Node, what: string, mend?: string): void {
    this.#options.events.emit({
      type: 'console.not-recorded',
      level: 'warn',
      subject: { nodeId: id, nodeName: name },
      text: `${name}: ${what}`,
      ...(mend === undefined ? {} : { mend }),
      throttle: id,
    });
  }
}

function keep(recorded: Recorded | undefined): void {
  recorded?.lingerUntil?.cancel();
  if (recorded !== undefined) recorded.lingerUntil = undefined;
}

/** What may have one: IPMI, and Redfish where the BMC says that it has Serial over LAN switched on. */
function canRecord({ bmc }: Node): boolean {
  return bmc !== undefined && RECORDED.has(bmc.driver);
}

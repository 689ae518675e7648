import type { BootEvent } from '../domain/events.ts';
import { Histogram, type HistogramSnapshot } from '../domain/histogram.ts';
import type { NodeId } from '../domain/node.ts';
import type { Clock, EventSink } from '../domain/ports.ts';

const STAGES = ['program', 'script', 'kernel', 'disk', 'answers', 'installed'] as const;
type Stage = (typeof STAGES)[number];

/** Seconds: firmware and kernels take seconds, a DGX's POST minutes, an installation up to hours. */
const BOUNDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200];
/** Boots at once: all nodes of the largest pod. The one that began first makes room. */
const MOST_BOOTS = 4_096;

interface Boot {
  readonly startedAt: number;
  readonly reached: Set<Stage>;
}

export interface BootStagesParts {
  readonly clock: Clock;
  /** Whether a file is the kernel of a profile. */
  readonly isKernel: (file: string) => boolean;
}

/**
 * How long boots of nodes take, stage by stage, from the events that tell of them. Each stage is counted once a boot; a
 * firmware that asks again after a script begins another.
 */
export class BootStages implements EventSink {
  readonly wantsDebug = false;
  readonly #parts: BootStagesParts;
  readonly #boots = new Map<NodeId, Boot>();
  readonly #seconds = new Map(STAGES.map((stage) => [stage, new Histogram(BOUNDS)] as const));
  readonly #installations = new Map([
    ['installed', 0],
    ['failed', 0],
  ]);

  constructor(parts: BootStagesParts) {
    this.#parts = parts;
  }

  emit(event: BootEvent): void {
    const { nodeId } = event.subject;
    if (nodeId === undefined) return;
    const { data = {} } = event;
    switch (event.type) {
      case 'dhcp.offer':
        if (data.stage === 'pxe' || data.stage === 'http') this.#begin(nodeId);
        // Its iPXE is in the machine's ROM: no firmware asked before it.
        else if (data.stage === 'ipxe' && !this.#reach(nodeId, 'program')) this.#begin(nodeId, 'program');
        return;
      case 'http.script':
      case 'tftp.config':
        this.#reach(nodeId, 'script');
        if (data.boots === 'disk') this.#reach(nodeId, 'disk');
        return;
      case 'http.asset':
      case 'tftp.done':
        if (event.level === 'info' && this.#parts.isKernel(String(data.file))) this.#reach(nodeId, 'kernel');
        return;
      case 'life.step':
      case 'life.state':
        if (data.event === 'claimed') this.#reach(nodeId, 'answers');
        if (data.event === 'os-answered' && data.state === 'installed') this.#installed(nodeId);
        return;
      case 'life.fault':
        if (data.event === 'installer-failed') this.#count('failed');
    }
  }

  seconds(): ReadonlyMap<string, HistogramSnapshot> {
    return new Map(Array.from(this.#seconds, ([stage, histogram]) => [stage, histogram.snapshot()] as const));
  }

  installations(): ReadonlyMap<string, number> {
    return this.#installations;
  }

  /** A DISCOVER that is repeated belongs to the boot that it began. */
  #begin(nodeId: NodeId, ...reached: Stage[]): void {
    const running = this.#boots.get(nodeId);
    if (running !== undefined && running.reached.size === 0) return;
    this.#boots.delete(nodeId);
    this.#boots.set(nodeId, { startedAt: this.#parts.clock.monotonic(), reached: new Set(reached) });
    if (this.#boots.size <= MOST_BOOTS) return;
    for (const oldest of this.#boots.keys()) {
      this.#boots.delete(oldest);
      return;
    }
  }

  /** False: nobody saw it begin. */
  #reach(nodeId: NodeId, stage: Stage): boolean {
    const boot = this.#boots.get(nodeId);
    if (boot === undefined) return false;
    if (stage === 'program' && boot.reached.has('script')) return false;
    if (!boot.reached.has(stage)) {
      boot.reached.add(stage);
      this.#seconds.get(stage)?.observe((this.#parts.clock.monotonic() - boot.startedAt) / 1_000);
    }
    return true;
  }

  #installed(nodeId: NodeId): void {
    this.#count('installed');
    this.#reach(nodeId, 'installed');
    this.#boots.delete(nodeId);
  }

  #count(outcome: string): void {
    this.#installations.set(outcome, (this.#installations.get(outcome) ?? 0) + 1);
  }
}

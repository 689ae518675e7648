import type { HostStats, RunEvent } from './run-event.ts';

/** What a step has told of one host so far. */
export interface ToldHost {
  changed: boolean;
  /** Its last word: what a step that is no Ansible ends with. */
  last: 'ok' | 'failed' | 'unreachable';
  failedTask?: string;
  message?: string;
}

/** What a step has told so far; events are folded into it one by one, whatever their order between hosts. */
export class StepFold {
  readonly hosts = new Map<string, ToldHost>();
  play: string | undefined;
  task: string | undefined;
  stats: Readonly<Record<string, HostStats>> | undefined;
  /** Of the playbook, and of those that began. */
  plays = 0;
  #tasksThere = 0;
  #brokeOff = false;
  readonly #playsBegun = new Set<string>();
  readonly #tasksBegun = new Set<string>();

  add(event: RunEvent): void {
    switch (event.event) {
      case 'playbook':
        this.plays = event.plays;
        this.#tasksThere = event.tasks;
        return;
      case 'play':
        this.#playsBegun.add(event.id);
        this.play = event.play;
        return;
      case 'task':
        // The same task of another batch, or of another host of strategy free, is no further one.
        this.#tasksBegun.add(event.id);
        this.task = event.task;
        return;
      case 'host':
        this.#addHost(event);
        return;
      case 'no-hosts-left':
        this.#brokeOff = true;
        return;
      case 'stats':
        this.stats = event.hosts;
    }
  }

  get tasksDone(): number {
    return this.#tasksBegun.size;
  }

  /** At least so many: includes add to them on the way. */
  get tasksSeen(): number {
    return Math.max(this.#tasksThere, this.#tasksBegun.size);
  }

  /**
   * It came to an end before every play was through: with `any_errors_fatal` or `max_fail_percentage`, or when all hosts of a
   * play had failed. Statistics don't tell that: a host that was fine so far stands there as fine.
   */
  get brokeOff(): boolean {
    return this.#brokeOff || this.#playsBegun.size < this.plays;
  }

  #addHost(event: Extract<RunEvent, { event: 'host' }>): void {
    const host = this.hosts.get(event.host) ?? { changed: false, last: 'ok' };
    this.hosts.set(event.host, host);
    if (event.result === 'changed') host.changed = true;
    if (event.result === 'failed' || event.result === 'unreachable') {
      host.last = event.result;
      if (event.task !== undefined) host.failedTask = event.task;
      if (event.message !== undefined) host.message = event.message;
    } else if (event.result === 'ok' || event.result === 'changed') host.last = 'ok';
  }
}

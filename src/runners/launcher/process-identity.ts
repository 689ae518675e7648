import { readdirSync, readFileSync } from 'node:fs';

/** Names one process for ever: process ids come again, and begin anew with each boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since boot: field 22 of /proc/PID/stat (proc_pid_stat(5)). */
  readonly startTime: string;
  readonly bootId: string;
}

interface ProcessStat {
  readonly state: string;
  readonly group: number;
  readonly session: number;
  readonly startTime: string;
}

export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Undefined where there is no such process (any more). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Whether it is that very process; one that has ended and is not yet waited for (state Z) is none. */
export function isAlive(identity: Pick<ProcessIdentity, 'pid' | 'startTime'> & { readonly bootId?: string }): boolean {
  if (identity.bootId !== undefined && identity.bootId !== bootId()) return false;
  const stat = statOf(identity.pid);
  return stat !== undefined && stat.startTime === identity.startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/**
 * With this word in their first environment, or of the group; whoever left the group keeps the word.
 * @param group undefined where its number may be somebody else's by now
 */
export function processesOf(group: number | undefined, mark: string): number[] {
  const wanted = Buffer.from(`\0${mark}\0`);
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      if (pid === process.pid) return false;
      const stat = statOf(pid);
      if (stat === undefined || stat.state === 'Z') return false;
      const isInGroup = group !== undefined && (stat.group === group || stat.session === group);
      return isInGroup || environmentOf(pid).includes(wanted);
    });
}

function environmentOf(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.from('\0'), readFileSync(`/proc/${pid}/environ`), Buffer.from('\0')]);
  } catch {
    return Buffer.alloc(0);
  }
}

function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The program's name stands in brackets and may hold anything, brackets too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = '', session = ''] = fields;
  return { state, group: Number(group), session: Number(session), startTime: fields[19] ?? '' };
}

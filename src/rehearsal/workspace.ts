import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './processes.ts';

const PREFIX = 'podboot-rehearsal';

/** The folder of one rehearsal: configuration, assets, store, sockets. Only its owner may look into it. */
export interface Workspace {
  readonly folder: string;
  readonly configFile: string;
  readonly assetsDir: string;
  readonly dataDir: string;
  readonly apiSocket: string;
  /** The daemon writes its first API token here, mode 0600. */
  readonly tokenFile: string;
  /** What the machines' process plays. */
  readonly planFile: string;
  /** For the next rehearsal, should this one be killed: its daemon must not go on alone. */
  rememberDaemon(pid: number): void;
  remove(): void;
}

export function createWorkspace(parent = tmpdir(), pid = process.pid): Workspace {
  removeStale(parent);
  // mkdtemp makes it with mode 0700.
  const folder = mkdtempSync(join(parent, `${PREFIX}-${pid}-`));
  const inside = (name: string): string => join(folder, name);
  mkdirSync(inside('assets'));
  mkdirSync(inside('data'));
  return {
    folder,
    configFile: inside('podboot.yaml'),
    assetsDir: inside('assets'),
    dataDir: inside('data'),
    apiSocket: inside('api.sock'),
    tokenFile: inside('first-token'),
    planFile: inside('machines.json'),
    rememberDaemon: (daemonPid) => writeFileSync(inside('daemon.pid'), String(daemonPid)),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Removes folders of rehearsals that were killed, and ends their daemons. Another user's are not touched. */
function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^podboot-rehearsal-(\d+)-/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(parent, name);
    try {
      endOrphan(folder);
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Not ours.
    }
  }
}

function endOrphan(folder: string): void {
  try {
    const daemonPid = Number(readFileSync(join(folder, 'daemon.pid'), 'utf8'));
    // The number may be another process's by now: only one that was started with this folder's file is the daemon.
    const commandLine = readFileSync(`/proc/${daemonPid}/cmdline`, 'utf8');
    if (commandLine.includes(join(folder, 'podboot.yaml'))) process.kill(daemonPid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

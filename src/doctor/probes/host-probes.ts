import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readOptional } from '../../config/host-facts.ts';
import { fileSystemOf, networkFileSystem } from '../../store/file-system.ts';
import type { CapabilityFacts } from '../checks/capabilities.ts';
import type { DiskFacts, TimeFacts } from '../checks/host.ts';
import { output } from './run-tool.ts';

const SYNCS = 9;

/** @param dataDir that is there, or the nearest folder above it */
export function readDiskFacts(dataDir: string): DiskFacts {
  const { bavail, bsize, ffree } = statfsSync(dataDir);
  return {
    dataDir,
    freeBytes: bavail * bsize,
    // Btrfs has no fixed number of them, and says 0.
    freeInodes: ffree === 0 ? Number.POSITIVE_INFINITY : ffree,
    fsyncMs: measureFsync(dataDir),
    network: networkFileSystem(fileSystemOf(dataDir)),
  };
}

/** The median of a few small writes, each of which has to be on the disk: what a batch of leases costs. */
function measureFsync(folder: string): number | undefined {
  let scratch: string | undefined;
  try {
    scratch = mkdtempSync(join(folder, '.podboot-doctor-'));
    const file = openSync(join(scratch, 'fsync'), 'w');
    try {
      const block = Buffer.alloc(4_096, 1);
      const times = Array.from({ length: SYNCS }, () => {
        const startedAt = performance.now();
        writeSync(file, block);
        fsyncSync(file);
        return performance.now() - startedAt;
      });
      return times.sort((a, b) => a - b)[Math.floor(SYNCS / 2)];
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  } finally {
    if (scratch !== undefined) rmSync(scratch, { recursive: true, force: true });
  }
}

export async function readTimeFacts(): Promise<TimeFacts> {
  const said = await output(['timedatectl', 'show', '-p', 'NTPSynchronized', '--value']);
  const isSynchronised =
    said === undefined ? undefined : said.trim() === 'yes' ? true : said.trim() === 'no' ? false : undefined;
  return {
    now: Date.now(),
    notBefore: statSync(new URL('../../../package.json', import.meta.url)).mtimeMs,
    isSynchronised,
  };
}

/** @param daemonPid of a daemon that runs */
export function readCapabilityFacts(daemonPid: number | undefined, lowestPort: number): CapabilityFacts {
  const status = readOptional(`/proc/${daemonPid ?? 'self'}/status`) || readOptional('/proc/self/status');
  return {
    effective: /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0',
    of: daemonPid === undefined ? 'asker' : 'daemon',
    firstFreePort: Number(readOptional('/proc/sys/net/ipv4/ip_unprivileged_port_start')) || 1_024,
    lowestPort,
  };
}

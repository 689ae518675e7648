import { type Finding, finding, ok } from '../finding.ts';

export interface TimeFacts {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When this program was made, at the earliest. */
  readonly notBefore: number;
  /** Undefined where nobody says. */
  readonly isSynchronised: boolean | undefined;
}

/** Leases, certificates of BMCs and timelines go by the clock. */
export function checkTime({ now, notBefore, isSynchronised }: TimeFacts): Finding[] {
  const mend =
    'timedatectl set-ntp true, or chronyc makestep; a management node without a way out needs a time source of its own.';
  if (now < notBefore) {
    return [
      finding(
        'time',
        'trouble',
        `the clock says ${new Date(now).toISOString()}, which is past: certificates and leases will be wrong`,
        mend,
      ),
    ];
  }
  if (isSynchronised === false) return [finding('time', 'warning', 'the clock is not synchronised', mend)];
  if (isSynchronised === undefined)
    return [finding('time', 'note', 'nobody says whether the clock is synchronised', mend)];
  return [ok('time', 'the clock is synchronised')];
}

export interface DiskFacts {
  readonly dataDir: string;
  readonly freeBytes: number;
  readonly freeInodes: number;
  /** Of several small writes, each synced; undefined where nothing can be written. */
  readonly fsyncMs: number | undefined;
  /** Name of a network file system. */
  readonly network: string | undefined;
}

const LITTLE_BYTES = 1024 ** 3;
const NO_BYTES = 64 * 1024 ** 2;
const SLOW_FSYNC_MS = 20;
const VERY_SLOW_FSYNC_MS = 200;

/** Every batch of leases waits for the disk of the store. */
export function checkDisk({ dataDir, freeBytes, freeInodes, fsyncMs, network }: DiskFacts): Finding[] {
  const findings: Finding[] = [];
  if (network !== undefined) {
    findings.push(
      finding(
        'disk',
        'trouble',
        `${dataDir} is on a network file system (${network}): podboot does not start there`,
        'Set dataDir to a local disk.',
      ),
    );
  }
  const free = `${dataDir} has ${(freeBytes / 1e9).toFixed(1)} GB free`;
  if (freeBytes < NO_BYTES || freeInodes < 100)
    findings.push(
      finding('disk', 'trouble', `${free} and ${freeInodes} inodes`, `Free space: df -h ${dataDir}; df -i ${dataDir}`),
    );
  else if (freeBytes < LITTLE_BYTES) findings.push(finding('disk', 'warning', free, `Free space: df -h ${dataDir}`));
  if (fsyncMs !== undefined && fsyncMs > SLOW_FSYNC_MS) {
    const level = fsyncMs > VERY_SLOW_FSYNC_MS ? 'trouble' : 'warning';
    findings.push(
      finding(
        'disk',
        level,
        `an fsync in ${dataDir} takes ${fsyncMs.toFixed(0)} ms: DHCP answers wait for it`,
        'Put dataDir on a local SSD; look for a failing disk (dmesg, smartctl).',
      ),
    );
  }
  const sync = fsyncMs === undefined ? '' : `, an fsync takes ${fsyncMs.toFixed(1)} ms`;
  return findings.length > 0 ? findings : [ok('disk', `${free}${sync}`)];
}

export interface BmcFacts {
  readonly asked: number;
  /** Names of nodes whose BMC did not answer. */
  readonly silent: readonly string[];
}

const NAMED = 8;

/** Whether this host reaches the BMCs of the nodes: by ASF's ping, or else any port that answers. */
export function checkBmcs({ asked, silent }: BmcFacts): Finding[] {
  if (asked === 0) return [finding('bmcs', 'note', 'no node has a BMC whose address is known: power is done by hand')];
  if (silent.length === 0) return [ok('bmcs', `all ${asked} BMCs answer`)];
  const names = silent.slice(0, NAMED).join(', ') + (silent.length > NAMED ? `, … (${silent.length})` : '');
  const all = silent.length === asked;
  return [
    finding(
      'bmcs',
      all ? 'trouble' : 'warning',
      all ? `none of the ${asked} BMCs answers` : `${asked - silent.length} of ${asked} BMCs answer; silent: ${names}`,
      all
        ? 'Is there a way to their network? ip route get ADDRESS; UDP port 623 and TCP port 443 have to pass.'
        : 'podboot bmc test NODE says more of each.',
    ),
  ];
}

/** One thing that a daemon must have to serve. */
export interface HealthCheck {
  /** Stable, for programs: `store`. */
  readonly name: string;
  readonly ok: boolean;
  /** What is so, in words. */
  readonly text: string;
  readonly mend?: string;
  /** That it is not so is mended by a restart alone: then it is not alive. Else it is alive and not ready. */
  readonly isVital: boolean;
}

export interface HealthFacts {
  /** All sockets are open, and no stop has begun. */
  readonly isServing: boolean;
  /** Why the store's thread is gone. */
  readonly storeEnd: string | undefined;
  /** Why the last commit failed. */
  readonly storeTrouble: string | undefined;
  /** Of the oldest commit under way. */
  readonly pendingMs: number;
  readonly dataDir: string;
}

/** Clients of DHCP ask for the last time after some 30 s; a disk that takes a third of it does not serve them. */
const SLOW_DISK_MS = 10_000;

/** Pure. */
export function healthOf(facts: HealthFacts): readonly HealthCheck[] {
  const { isServing, storeEnd, storeTrouble, pendingMs, dataDir } = facts;
  return [
    {
      name: 'started',
      ok: isServing,
      text: isServing ? 'all sockets are open' : 'it starts, or stops',
      isVital: false,
    },
    storeEnd === undefined
      ? { name: 'store', ok: true, text: `the store in ${dataDir} is open`, isVital: true }
      : {
          name: 'store',
          ok: false,
          text: storeEnd,
          mend: 'Restart podboot (systemctl restart podboot).',
          isVital: true,
        },
    diskCheck(storeTrouble, pendingMs, dataDir),
  ];
}

function diskCheck(trouble: string | undefined, pendingMs: number, dataDir: string): HealthCheck {
  const base = { name: 'disk', isVital: false } as const;
  if (pendingMs > SLOW_DISK_MS) {
    const seconds = Math.round(pendingMs / 1_000);
    return {
      ...base,
      ok: false,
      text: `a commit has waited for the disk for ${seconds} s; nobody is given an address that is not stored`,
      mend: `Look at the disk under ${dataDir} (dmesg, iostat -x 1).`,
    };
  }
  if (trouble === undefined) return { ...base, ok: true, text: 'the disk takes what is written' };
  return { ...base, ok: false, text: trouble, mend: `Look at the disk under ${dataDir} (df -h ${dataDir}, dmesg).` };
}

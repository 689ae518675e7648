import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { HostRefused } from '../domain/errors.ts';

/** What the kernel says of the file system that a path is on, or would be. */
export interface FileSystemFacts {
  /** f_type of statfs(2). */
  readonly magic: number;
  /** As /proc/self/mountinfo has it: `ext4`, `fuse.sshfs`; undefined where that can't be read. */
  readonly kind: string | undefined;
}

/** linux/magic.h, and those of the file systems outside of the kernel's tree. */
const NETWORK_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x73757245, 'Coda'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x19830326, 'BeeGFS'],
  [0x47504653, 'GPFS'],
]);
const FUSE = 0x65735546;
/** Of those by FUSE, the kernel knows nothing but the name. */
const NETWORK_FUSE =
  /^fuse\.(sshfs|glusterfs|ceph|s3fs|rclone|davfs|curlftpfs|goofys|gcsfuse|juicefs|moosefs|mfs|cvmfs)/;

/** Name of the network file system, undefined for a local one. */
export function networkFileSystem({ magic, kind }: FileSystemFacts): string | undefined {
  if (magic >>> 0 === FUSE) return NETWORK_FUSE.exec(kind ?? '')?.[1];
  return NETWORK_MAGIC.get(magic >>> 0);
}

/**
 * A lease must be on a disk before it is acknowledged, and one process alone may write the store: neither holds where
 * another machine keeps the files (https://www.sqlite.org/wal.html: "WAL does not work over a network filesystem").
 *
 * @throws HostRefused
 */
export function refuseNetworkFileSystem(dataDir: string, facts: FileSystemFacts): void {
  const name = networkFileSystem(facts);
  if (name === undefined) return;
  throw new HostRefused(
    `The store in ${dataDir} is on a network file system (${name}): its locks and its fsync can't be trusted.`,
    'Set dataDir to a folder on a local disk. For a second management node, use podboot backup (docs/backup.md).',
  );
}

/** Of the path, or of the nearest folder above it that is there. */
export function fileSystemOf(path: string): FileSystemFacts {
  let at = resolve(path);
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at);
  return { magic: statfsSync(at).type, kind: mountKind(at) };
}

function mountKind(path: string): string | undefined {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return undefined;
  }
  let best: { readonly point: string; readonly kind: string | undefined } | undefined;
  for (const line of mounts.split('\n')) {
    // proc(5): mount point is the fifth field, the type the first after " - "; spaces are \040.
    const [before = '', after = ''] = line.split(' - ');
    const point = (before.split(' ')[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, code) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of mounts over each other, the last one is seen.
    if (point !== '' && holds && point.length >= (best?.point.length ?? 0)) best = { point, kind: after.split(' ')[0] };
  }
  return best?.kind;
}

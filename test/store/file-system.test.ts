import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileSystemOf, networkFileSystem } from '../../src/store/file-system.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';

describe('the file system of a store', () => {
  it('may be a local one', () => {
    // ext4, XFS, Btrfs, tmpfs, ZFS, overlayfs, and a local one by FUSE.
    for (const magic of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0x794c7630]) {
      assert.equal(networkFileSystem({ magic, kind: undefined }), undefined, magic.toString(16));
    }
    assert.equal(networkFileSystem({ magic: 0x65735546, kind: 'fuse.mergerfs' }), undefined);
  });

  it('may not be one that another machine keeps', () => {
    assert.equal(networkFileSystem({ magic: 0x6969, kind: 'nfs4' }), 'NFS');
    // statfs(2) gives a signed word on some machines.
    assert.equal(networkFileSystem({ magic: 0xff534d42 | 0, kind: 'cifs' }), 'CIFS');
    assert.equal(networkFileSystem({ magic: 0x65735546, kind: 'fuse.sshfs' }), 'sshfs');
  });

  it('is refused before anything is written there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'podboot-nfs-'));
    const dataDir = join(folder, 'data');
    const opening = openSqliteStore({ dataDir, fileSystemOf: () => ({ magic: 0x6969, kind: 'nfs4' }) });
    await assert.rejects(opening, { code: 'host-refused', message: /network file system \(NFS\)/, mend: /local disk/ });
    assert.ok(!existsSync(dataDir));
    rmSync(folder, { recursive: true });
  });

  it('is that of the folder above, where it is not there yet', () => {
    assert.deepEqual(fileSystemOf('/proc/nowhere/at/all'), { magic: 0x9fa0, kind: 'proc' });
  });
});

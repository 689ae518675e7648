import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ApiFixture } from './api-fixture.ts';

test('host keys are forgotten by name, once, and nothing outside of their folder', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-api-ssh-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const pod = new ApiFixture([], undefined, folder);
  pod.knownHosts.pin('dgx01', ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==']);
  assert.equal((await pod.call('DELETE', '/ssh-host-keys/dgx01')).statusCode, 204);
  assert.equal((await pod.call('DELETE', '/ssh-host-keys/dgx01')).statusCode, 404);
  assert.ok(pod.events.some(({ type }) => type === 'ssh.forgotten'));
  for (const name of ['..', '..%2f..%2fetc%2fpasswd', 'A', '.x']) {
    assert.ok((await pod.call('DELETE', `/ssh-host-keys/${name}`)).statusCode >= 400, name);
  }
});

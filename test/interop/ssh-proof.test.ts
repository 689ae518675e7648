import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { HostKeyProbe } from '../../src/domain/install-ports.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { createHostKeyProbe } from '../../src/runners/ssh/host-key-probe.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { TestNetwork } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { commandsIn, newKey, startSshd, type TestKey, type TestSshd } from '../harness/sshd.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';

const skip = unmet({ root: true, tools: ['ip', 'ssh', 'sshd', 'ssh-keygen'] });
const ADDRESS = parseIpv4('10.77.0.2') as number;
const { signal } = new AbortController();

describe('the host key that an installer told of, asked of OpenSSH’s sshd', { skip }, () => {
  let net: TestNetwork;
  let folder: string;
  let server: TestSshd;
  let stranger: TestKey;
  let mine: TestKey;
  let probeAs: (keyFile?: string) => HostKeyProbe;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-proof-'));
    net = new TestNetwork();
    const us = net.namespace('us');
    const node = net.namespace('node');
    net.cable(
      { namespace: us, name: 'eth0', address: '10.77.0.1/24' },
      { namespace: node, name: 'eth0', address: '10.77.0.2/24' },
    );
    stranger = newKey(join(folder, 'stranger'));
    mine = newKey(join(folder, 'mine'));
    server = await startSshd({ namespace: node, folder, label: 'node', address: '0.0.0.0', clientKey: mine.publicKey });
    const knownHosts = new KnownHosts(join(folder, 'known_hosts'));
    probeAs = (keyFile) =>
      createHostKeyProbe({
        commands: commandsIn(us),
        knownHosts,
        settings: () => ({ user: 'root', port: 22, ...(keyFile === undefined ? {} : { keyFile }) }),
      });
  });
  after(() => {
    net.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  const look = async (probe: HostKeyProbe, keys: readonly string[], at = ADDRESS) =>
    (await probe.look(nodeNumber(1), at, keys, signal)).verdict;

  test('a server with the key is proof, whether it lets the user in or not', async () => {
    assert.equal(await look(probeAs(mine.file), [stranger.publicKey, server.hostKey]), 'proven');
    assert.equal(await look(probeAs(stranger.file), [server.hostKey]), 'proven');
    assert.equal(await look(probeAs(), [server.hostKey]), 'proven');
  });

  test('a server with another key is none, though it would let the user in', async () => {
    assert.equal(await look(probeAs(mine.file), [stranger.publicKey]), 'other-key');
  });

  test('nobody there is none', async () => {
    assert.equal(await look(probeAs(mine.file), [server.hostKey], ADDRESS + 1), 'no-answer');
  });

  test('an installer that told of no key proves nothing', async () => {
    assert.equal(await look(probeAs(mine.file), ['no key']), 'unable');
  });
});

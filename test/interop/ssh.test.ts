import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PodbootError } from '../../src/domain/errors.ts';
import type { SshSettings } from '../../src/domain/hand-off.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { checkNode } from '../../src/runners/acceptance/node-checks.ts';
import { Pauses } from '../../src/runners/acceptance/pauses.ts';
import { readCheckList } from '../../src/runners/acceptance/read-check-list.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { createSsh, type Ssh } from '../../src/runners/ssh/ssh-client.ts';
import { type Namespace, TestNetwork } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { commandsIn, newKey, startSshd, type TestKey, type TestSshd } from '../harness/sshd.ts';

const skip = unmet({ root: true, tools: ['ip', 'ssh', 'sshd', 'ssh-keygen'] });
const deadlineMs = 15_000;

describe('OpenSSH’s sshd behind a bastion', { skip }, () => {
  let net: TestNetwork;
  let behind: Namespace;
  let folder: string;
  let key: TestKey;
  let hopKey: TestKey;
  let ssh: Ssh;
  let knownHosts: KnownHosts;
  let node: TestSshd;
  let direct: SshSettings;
  let byBastion: SshSettings;
  let startNode: (hostKeyFile?: string) => Promise<TestSshd>;
  const bastionHost = { name: 'login01', address: '10.77.0.2' };
  const hidden = { name: 'dgx01', address: '10.77.1.3' };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-ssh-'));
    net = new TestNetwork();
    const us = net.namespace('us');
    const bastion = net.namespace('bastion');
    behind = net.namespace('dgx01');
    net.cable(
      { namespace: us, name: 'eth0', address: '10.77.0.1/24' },
      { namespace: bastion, name: 'eth0', address: '10.77.0.2/24' },
    );
    net.cable(
      { namespace: bastion, name: 'eth1', address: '10.77.1.2/24' },
      { namespace: behind, name: 'eth0', address: '10.77.1.3/24' },
    );
    key = newKey(join(folder, 'a key'));
    hopKey = newKey(join(folder, 'hop 100%key'));
    knownHosts = new KnownHosts(join(folder, 'known hosts'));
    ssh = createSsh(commandsIn(us), knownHosts);
    await startSshd({ namespace: bastion, folder, label: 'bastion', address: '0.0.0.0', clientKey: hopKey.publicKey });
    startNode = (hostKeyFile) =>
      startSshd({
        namespace: behind,
        folder,
        label: `node${hostKeyFile === undefined ? '' : '-again'}`,
        address: '10.77.1.3',
        clientKey: key.publicKey,
        ...(hostKeyFile === undefined ? {} : { hostKeyFile }),
      });
    node = await startNode();
    direct = { user: 'root', port: 22, keyFile: hopKey.file };
    byBastion = {
      user: 'root',
      port: 22,
      keyFile: key.file,
      bastion: { host: '10.77.0.2', user: 'root', port: 22, keyFile: hopKey.file },
    };
  });

  after(() => {
    net.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  async function refusal(promise: Promise<unknown>): Promise<PodbootError> {
    const error = await promise.then(
      () => assert.fail('it was let in'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof PodbootError, String(error));
    return error;
  }

  test('words arrive as they are, and code and both streams come back', async () => {
    const words = ['a b', '$HOME', "it's", '"q"', '', '*', 'ü', '-n', 'x\ny', '`id`'];
    const script = 'for word; do printf "[%s]" "$word"; done; echo trouble >&2; exit 7';
    const result = await ssh.run(bastionHost, direct, ['sh', '-c', script, 'sh', ...words], { deadlineMs });
    assert.equal(result.stdout, words.map((word) => `[${word}]`).join(''));
    assert.equal(result.stderr, 'trouble\n');
    assert.equal(result.exitCode, 7);
  });

  test('a program that ends with 255 itself is not taken for a broken connection', async () => {
    const result = await ssh.run(bastionHost, direct, ['sh', '-c', 'echo mine >&2; exit 255'], { deadlineMs });
    assert.equal(result.exitCode, 255);
  });

  test('a host behind the bastion is reached, and both host keys are kept by name', async () => {
    const result = await ssh.run(hidden, byBastion, ['sh', '-c', 'echo "$SSH_CONNECTION"'], { deadlineMs });
    assert.match(result.stdout, /^10\.77\.1\.2 \d+ 10\.77\.1\.3 22$/m);
    assert.match(readFileSync(knownHosts.of('dgx01').path, 'utf8'), /^dgx01 ssh-ed25519 /);
    assert.match(readFileSync(knownHosts.of('bastion-10.77.0.2').path, 'utf8'), /^bastion-10\.77\.0\.2 ssh-ed25519 /);
  });

  test('a host with another key is refused in words, until it is forgotten', async () => {
    await ssh.run(hidden, byBastion, ['true'], { deadlineMs });
    await node.stop();
    const other = newKey(join(folder, 'other-host-key'));
    node = await startNode(other.file);
    const error = await refusal(ssh.run(hidden, byBastion, ['touch', join(folder, 'was-here')], { deadlineMs }));
    assert.equal(error.code, 'ssh-host-key-changed');
    assert.match(error.message, /^dgx01 \(10\.77\.1\.3\): its SSH host key is another/);
    assert.match(error.mend ?? '', /podboot ssh forget/);
    assert.ok(!existsSync(join(folder, 'was-here')));
    knownHosts.forget('dgx01');
    assert.equal((await ssh.run(hidden, byBastion, ['true'], { deadlineMs })).exitCode, 0);
  });

  test('keys that the installed system told of itself leave no room for a first contact', async () => {
    knownHosts.pin('dgx01', [newKey(join(folder, 'never-there')).publicKey]);
    const error = await refusal(ssh.run(hidden, byBastion, ['true'], { deadlineMs }));
    assert.match(error.code, /^ssh-host-key-/);
    knownHosts.pin('dgx01', ['# no key', node.hostKey]);
    assert.equal((await ssh.run(hidden, byBastion, ['true'], { deadlineMs })).exitCode, 0);
  });

  test('a bastion with another key is refused as well', async () => {
    knownHosts.pin('bastion-10.77.0.2', [newKey(join(folder, 'no-bastion')).publicKey]);
    const error = await refusal(ssh.run(hidden, byBastion, ['true'], { deadlineMs }));
    assert.match(error.code, /^ssh-host-key-/);
    knownHosts.forget('bastion-10.77.0.2');
  });

  test('a key that is not let in, a port where nothing listens, a host that is not there', async () => {
    const denied = await refusal(ssh.run(bastionHost, { ...direct, keyFile: key.file }, ['true'], { deadlineMs }));
    assert.equal(denied.code, 'ssh-denied');
    const closed = await refusal(ssh.run(bastionHost, { ...direct, port: 2200 }, ['true'], { deadlineMs }));
    assert.equal(closed.code, 'ssh-refused');
    const nobody = await refusal(
      ssh.run({ name: 'dgx09', address: '10.77.0.9' }, direct, ['true'], { deadlineMs: 20_000 }),
    );
    assert.equal(nobody.code, 'ssh-no-answer');
    const behindNobody = await refusal(
      ssh.run({ name: 'dgx08', address: '10.77.1.8' }, byBastion, ['true'], { deadlineMs }),
    );
    assert.match(behindNobody.code, /^ssh-(?:broken|no-answer)$/);
    const noKey = await refusal(
      ssh.run(bastionHost, { ...direct, keyFile: join(folder, 'no-such-key') }, ['true'], { deadlineMs }),
    );
    assert.match(noKey.code, /^ssh-(?:denied|key-unreadable)$/);
  });

  test('what hangs is ended at its deadline, and what floods at its bound', async () => {
    const late = await refusal(ssh.run(bastionHost, direct, ['sleep', '60'], { deadlineMs: 1_500 }));
    assert.equal(late.code, 'ssh-late');
    const flood = await refusal(ssh.run(bastionHost, direct, ['yes'], { deadlineMs, maxOutputBytes: 10_000 }));
    assert.equal(flood.code, 'ssh-too-much');
  });

  test('a list of checks is run there: what is well, what is not, and what is not installed', async () => {
    const { checks } = readCheckList(
      'list.yaml',
      `checks:
  - { name: memory, run: [grep, MemTotal, /proc/meminfo], read: { match: "([0-9]+) kB" }, expect: { atLeast: 1000 } }
  - { name: links, run: [sh, -c, "ls /sys/class/net | grep ^eth"], read: lines, expect: { equals: 8 }, mend: Look at lspci. }
  - { name: diagnosis, run: [no-such-dcgmi, diag], read: exit-code, expect: { equals: 0 }, whenMissing: skip }
  - { name: slow, run: [sleep, "60"], expect: { equals: 0 }, timeout: 1s }
`,
    );
    const results = await checkNode(checks, bastionHost, direct, {
      ssh,
      pauses: new Pauses(createSystemClock()),
    });
    assert.deepEqual(
      results.map(({ check, ok }) => [check, ok]),
      [
        ['memory', true],
        ['links', false],
        ['diagnosis', true],
        ['slow', false],
      ],
      JSON.stringify(results),
    );
    assert.deepEqual([results[1]?.found, results[1]?.mend], ['2', 'Look at lspci.']);
    assert.match(results[3]?.found ?? '', /was ended after 1 s/);
  });

  test('a host that dies in the middle is noticed, not waited for', async () => {
    const aborter = new AbortController();
    const run = ssh.run(hidden, byBastion, ['sh', '-c', 'sleep 60'], { deadlineMs, signal: aborter.signal });
    setTimeout(() => {
      for (const pid of behind.processes()) process.kill(pid, 'SIGKILL');
    }, 1_500);
    const error = await refusal(run);
    assert.match(error.code, /^ssh-(?:broken|failed|no-answer)$/, error.message);
  });
});

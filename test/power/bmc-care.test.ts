import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultLogins } from '../../src/bmc/default-logins.ts';
import type { Node } from '../../src/domain/node.ts';
import { matchInventory } from '../../src/power/bmc-identity.ts';
import { PASSWORD } from '../bmc/ipmi/pod.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';
import { type PodOptions, PowerPod } from './power-pod.ts';

async function careOf(options: PodOptions, answers = false) {
  const pod = await PowerPod.open(options);
  pod.look.answers = answers;
  const { care, rotation } = pod.service;
  const [node] = pod.nodes;
  assert.ok(node);
  const codes = async () => (await pod.bmcs.until(care.test(node))).map(({ code }) => code);
  return { pod, care, rotation, node, codes };
}

describe('a test of a BMC', () => {
  test('says that it works', async () => {
    const { codes } = await careOf({ nodes: 1 });
    assert.deepEqual(await codes(), ['works']);
  });

  test('tells a BMC that is not there from one whose IPMI is switched off', async () => {
    assert.deepEqual(await (await careOf({ nodes: 1, dead: () => true })).codes(), ['unreachable']);
    assert.deepEqual(await (await careOf({ nodes: 1, dead: () => true }, true)).codes(), ['ipmi-off']);
  });

  test('of a machine that has none says so, and finds nothing wrong', async () => {
    const { pod, care, node } = await careOf({
      nodes: 1,
      change: () => ({ bmc: { driver: 'none', wakeOnLan: true } }),
    });
    const [finding, ...rest] = await pod.bmcs.until(care.test(node));
    assert.deepEqual([finding?.code, finding?.isTrouble, rest.length], ['no-bmc', false, 0]);
    // What a driver lacks is not looked for in a BMC's log.
    await assert.rejects(pod.bmcs.until(pod.service.identify(node, 5)), { mend: /--bmc driver=/ });
  });

  test('names the set that is missing, and how it is stored', async () => {
    const { pod, care, node } = await careOf({ nodes: 1 });
    await pod.service.vault.remove('bmc');
    const [finding] = await pod.bmcs.until(care.test(node));
    assert.equal(finding?.mend, 'podboot bmc credentials set bmc');
  });

  test('tells a BMC that knows IPMI 1.5 alone, and one that answers and opens no session', async () => {
    const capabilities = (extended: number) => ({ code: 0, data: Uint8Array.of(1, 0x80, 0x04, extended, 0, 0, 0, 0) });
    const silent = (extended: number) => ({
      nodes: 1,
      bmc: () => ({
        suites: [],
        ignoresSuites: true,
        answer: ({ command }: { readonly command: number }) => (command === 0x38 ? capabilities(extended) : undefined),
      }),
    });
    assert.deepEqual(await (await careOf(silent(0x00))).codes(), ['ipmi-1.5']);
    assert.deepEqual(await (await careOf(silent(0x02))).codes(), ['ipmi-silent']);
  });

  test('tells that a BMC key is wanted where the set has none', async () => {
    const account = { userName: 'admin', password: PASSWORD, privilege: 4, bmcKey: Buffer.alloc(20, 7) };
    const needsKey = { code: 0, data: Uint8Array.of(1, 0x80, 0x24, 0x02, 0, 0, 0, 0) };
    const { codes } = await careOf({
      nodes: 1,
      bmc: () => ({ accounts: [account], answer: ({ command }) => (command === 0x38 ? needsKey : undefined) }),
    });
    assert.deepEqual(await codes(), ['bmc-key']);
  });

  test('tells a wrong password, and a user who may too little', async () => {
    const wrong = await careOf({ nodes: 1 });
    await wrong.pod.service.vault.write('bmc', { userName: 'admin', password: 'wrong' });
    assert.deepEqual(await wrong.codes(), ['wrong-password']);
    // A person may try again: the answer is the BMC's, not the lock's.
    const [finding] = await wrong.pod.bmcs.until(wrong.care.test(wrong.node));
    assert.doesNotMatch(finding?.text ?? '', /not tried again/);
    const low = await careOf({
      nodes: 1,
      bmc: () => ({ accounts: [{ userName: 'admin', password: PASSWORD, privilege: 2 }] }),
    });
    assert.deepEqual(await low.codes(), ['privilege']);
  });

  test('shows a maker’s password until it is changed', async () => {
    const account = { userName: 'ADMIN', password: 'ADMIN', privilege: 4 };
    const { pod, codes } = await careOf({ nodes: 1, bmc: () => ({ accounts: [account] }) });
    await pod.service.vault.write('bmc', { userName: 'ADMIN', password: 'ADMIN' });
    assert.deepEqual(await codes(), ['works', 'default-password']);
  });
});

describe('a login that a maker ships', () => {
  const ours = { userName: 'admin', password: PASSWORD, privilege: 4 };
  const quanta = { userName: 'qct.admin', password: 'qct.admin', privilege: 4 };

  test('is found beside ours, and shown until a later look does not find it any more', async () => {
    const { pod, care, node, codes } = await careOf({ nodes: 1, bmc: () => ({ accounts: [ours, quanta] }) });
    assert.deepEqual(await codes(), ['works', 'default-login']);
    const [finding] = care.standing(node);
    assert.match(finding?.text ?? '', /lets in qct.admin .*Quanta/);
    assert.doesNotMatch(JSON.stringify(care.standing(node)), /password.*qct\.admin.*qct\.admin/);
    // A restart has not forgotten it.
    await pod.start();
    assert.equal(pod.service.care.standing(node)[0]?.code, 'default-login');
    pod.bmcs.bmc('bmc1', { accounts: [ours, { ...quanta, password: 'another' }] });
    const again = pod.bmcs.until(pod.service.care.test(node));
    assert.deepEqual(
      (await again).map(({ code }) => code),
      ['works'],
    );
    assert.deepEqual((await pod.store.load()).documents['bmc-finding'] ?? [], []);
  });

  test('is found where ours is refused, which is why', async () => {
    const { pod, care, node, codes } = await careOf({ nodes: 1, bmc: () => ({ accounts: [quanta] }) });
    await pod.service.vault.write('bmc', { userName: 'admin', password: 'wrong' });
    assert.deepEqual(await codes(), ['wrong-password', 'default-login']);
    assert.match(care.standing(node)[0]?.mend ?? '', /bmc rotate/);
  });

  test('is tried once for each name within a quarter of an hour, and never with a name whose password is another', async () => {
    const { pod, codes } = await careOf({ nodes: 1, bmc: () => ({ manufacturerId: 20974 }) });
    const commands = () => pod.service.scheduler.statistics().commands ?? 0;
    const tries = async () => {
      const before = commands();
      await codes();
      return commands() - before;
    };
    // AMI’s default is a password of `admin`, which has ours: nothing is tried beside state and inventory.
    assert.equal(await tries(), 2);
    const other = await careOf({ nodes: 1 });
    const first = other.pod.service.scheduler.statistics().commands ?? 0;
    await other.codes();
    await other.codes();
    // State and inventory twice, Quanta’s default once.
    assert.equal((other.pod.service.scheduler.statistics().commands ?? 0) - first, 5);
  });

  test('of no maker that is known is one of each name', () => {
    const names = defaultLogins({}).map(({ userName }) => userName);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      defaultLogins({ name: 'Dell Inc.' }).map(({ password }) => password),
      ['calvin'],
    );
  });
});

describe('a certificate', () => {
  const fingerprint = 'ab'.repeat(32);

  test('that is not pinned is shown, and what to do with it; a BMC by IPMI is not asked for one', async () => {
    const redfish = await careOf({ nodes: 1, change: () => ({ bmc: { driver: 'redfish', host: 'bmc1' } }) });
    redfish.pod.look.fingerprint = fingerprint;
    const [finding, ...more] = await redfish.pod.bmcs.until(redfish.care.test(redfish.node));
    assert.equal(finding?.code, 'not-pinned');
    assert.match(finding?.mend ?? '', new RegExp(`--bmc fingerprint=${fingerprint}`));
    assert.deepEqual(more, []);
    const auto = await careOf({ nodes: 1, change: () => ({ bmc: { driver: 'auto', host: 'bmc1' } }) });
    auto.pod.look.fingerprint = fingerprint;
    assert.deepEqual(await auto.codes(), ['works', 'has-redfish']);
    const ipmi = await careOf({ nodes: 1 });
    ipmi.pod.look.fingerprint = fingerprint;
    assert.deepEqual(await ipmi.codes(), ['works']);
  });
});

describe('an enrolment', () => {
  const told = (pod: PowerPod) =>
    pod.events.filter(({ type }) => type === 'bmc.finding').map(({ level, data }) => `${level} ${data?.finding}`);

  async function changed(pod: PowerPod, type: string, change: Partial<Node>): Promise<void> {
    pod.directory.nodes = pod.directory.nodes.map((node) => ({ ...node, ...change }));
    const [node] = pod.directory.nodes;
    assert.ok(node);
    pod.service.emit({ type, level: 'info', subject: { nodeId: node.id }, text: '' });
    await pod.bmcs.clock.advanceSettling(30_000, 20);
  }

  test('tests the BMC by itself, once: not when something else of the node changes', async () => {
    const { pod } = await careOf({ nodes: 1, change: () => ({ bmc: { driver: 'none' } }) });
    await changed(pod, 'node.changed', { labels: { rack: 'a' } });
    assert.deepEqual(told(pod), []);
    await changed(pod, 'node.enrolled', { bmc: { driver: 'ipmi', host: 'bmc1' } });
    assert.deepEqual(told(pod), ['info works']);
    await changed(pod, 'node.changed', { labels: { rack: 'b' } });
    assert.deepEqual(told(pod), ['info works']);
    await changed(pod, 'node.changed', { bmc: { driver: 'ipmi', host: 'nowhere' } });
    assert.deepEqual(told(pod), ['info works', 'warn unreachable']);
  });

  test('of a label leaves the session with the BMC as it is, and a lock on its password too', async () => {
    const { pod } = await careOf({ nodes: 1 });
    const [before] = pod.nodes;
    assert.ok(before);
    const driver = await pod.service.fleet.driver(before);
    await changed(pod, 'node.changed', { labels: { rack: 'a' } });
    const [after] = pod.directory.nodes;
    assert.ok(after && after !== before);
    assert.equal(await pod.service.fleet.driver(after), driver);
    await pod.service.vault.write('bmc', { userName: 'admin', password: 'wrong' });
    assert.equal((await pod.bmcs.until(pod.service.poller.read(after, 'poll'))).state, 'unknown');
    await changed(pod, 'node.changed', { labels: { rack: 'b' } });
    const [last] = pod.directory.nodes;
    assert.ok(last);
    const { trouble } = await pod.bmcs.until(pod.service.poller.read(last, 'poll'));
    assert.match(trouble?.text ?? '', /not tried again/);
  });
});

describe('an inventory', () => {
  test('of another machine is told; a UUID counts in either order of its bytes', () => {
    const node = nodeNumber(1, { serialNumber: 'S1', uuid: '00112233-4455-6677-8899-aabbccddeeff' });
    assert.deepEqual(matchInventory(node, { serialNumber: 's1 ', uuid: '33221100-5544-7766-8899-aabbccddeeff' }), []);
    const found = matchInventory(node, {
      serialNumber: 'S2',
      uuid: '10112233-4455-6677-8899-aabbccddeeff',
      macs: ['52:54:00:00:00:01'],
    });
    assert.deepEqual(
      found.map(({ code }) => code),
      ['other-machine', 'other-machine', 'other-machine'],
    );
  });
});

describe('a change of passwords', () => {
  test('reaches every BMC that has the set, and the store', async () => {
    const { pod, rotation } = await careOf({ nodes: 3 });
    const outcomes = await pod.bmcs.until(rotation.rotate('bmc', pod.nodes, 'another-password'));
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['changed', 'changed', 'changed'],
      JSON.stringify(outcomes),
    );
    assert.deepEqual(pod.service.vault.read('bmc'), { userName: 'admin', password: 'another-password' });
    for (const node of pod.nodes)
      assert.equal((await pod.bmcs.until(pod.service.poller.read(node, 'person'))).state, 'on');
  });

  test('that does not reach a dead one leaves both usable, and goes on when it is back', async () => {
    const { pod, rotation } = await careOf({ nodes: 2, dead: (number) => number === 2 });
    const outcomes = await pod.bmcs.until(rotation.rotate('bmc', pod.nodes, 'another-password'));
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['changed', 'failed'],
    );
    assert.equal(pod.service.vault.list()[0]?.isRotating, true);
    await assert.rejects(rotation.rotate('bmc', pod.nodes, 'a-third-password'), /was not changed/);
    pod.bmcs.bmc('bmc2', {});
    const again = await pod.bmcs.until(rotation.rotate('bmc', pod.nodes, undefined));
    assert.deepEqual(
      again.map(({ outcome }) => outcome),
      ['changed', 'changed'],
      JSON.stringify(again),
    );
    assert.equal(pod.service.vault.list()[0]?.isRotating, false);
  });

  test('marks each BMC that has it, though they are many at once', async () => {
    const { pod, rotation } = await careOf({ nodes: 6, dead: (number) => number === 6 });
    const { commit } = pod;
    pod.commit = async (batch) => {
      await new Promise<void>((resolve) => void pod.bmcs.clock.setTimeout(resolve, 20));
      await commit(batch);
    };
    await pod.bmcs.until(rotation.rotate('bmc', pod.nodes, 'another-password'));
    // One that were not marked would be asked with the old one first, each time: accounts lock.
    assert.deepEqual([...(pod.service.vault.read('bmc').rotated ?? [])].sort(), ['n1', 'n2', 'n3', 'n4', 'n5']);
  });

  test('that a BMC has taken unseen is learned once: the old one is not tried before each command', async () => {
    const { pod, node } = await careOf({ nodes: 1 });
    await pod.service.vault.write('bmc', { userName: 'admin', password: 'old-password', next: PASSWORD, rotated: [] });
    const drivers = new Set();
    for (let time = 0; time < 3; time += 1) {
      assert.equal((await pod.bmcs.until(pod.service.poller.read(node, 'poll'))).state, 'on');
      drivers.add(await pod.service.fleet.driver(node));
    }
    assert.equal(drivers.size, 1);
  });

  test('leaves the old one on a BMC that cuts long ones, and says so', async () => {
    const { pod, rotation } = await careOf({ nodes: 1, bmc: () => ({ passwordBytes: 16 }) });
    const [first] = await pod.bmcs.until(rotation.rotate('bmc', pod.nodes, 'seventeen-bytes-xx'));
    assert.equal(first?.outcome, 'failed');
    assert.match(first?.text ?? '', /does not keep all of a password of 18 bytes; the old one was set again/);
  });

  test('is refused where no BMC could keep it, before anything is sent', async () => {
    const { pod, rotation } = await careOf({ nodes: 1 });
    const before = pod.service.scheduler.statistics().commands;
    await assert.rejects(rotation.rotate('bmc', pod.nodes, 'x'.repeat(21)), /was not changed/);
    assert.equal(pod.service.scheduler.statistics().commands, before);
  });
});

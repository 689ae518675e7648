import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BmcCare, matchInventory } from '../../src/power/bmc-care.ts';
import { PASSWORD } from '../bmc/ipmi/pod.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';
import { type PodOptions, PowerPod } from './power-pod.ts';

async function careOf(options: PodOptions, answers = false) {
  const pod = await PowerPod.open(options);
  const care = new BmcCare({ power: pod.service, vault: pod.service.vault, hostAnswers: async () => answers });
  const [node] = pod.nodes;
  assert.ok(node);
  const codes = async () => (await pod.bmcs.until(care.test(node))).map(({ code }) => code);
  return { pod, care, node, codes };
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
    const { pod, care } = await careOf({ nodes: 3 });
    const outcomes = await pod.bmcs.until(care.rotate('bmc', pod.nodes, 'another-password'));
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
    const { pod, care } = await careOf({ nodes: 2, dead: (number) => number === 2 });
    const outcomes = await pod.bmcs.until(care.rotate('bmc', pod.nodes, 'another-password'));
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['changed', 'failed'],
    );
    assert.equal(pod.service.vault.list()[0]?.isRotating, true);
    await assert.rejects(care.rotate('bmc', pod.nodes, 'a-third-password'), /was not changed/);
    pod.bmcs.bmc('bmc2', {});
    const again = await pod.bmcs.until(care.rotate('bmc', pod.nodes, undefined));
    assert.deepEqual(
      again.map(({ outcome }) => outcome),
      ['changed', 'changed'],
      JSON.stringify(again),
    );
    assert.equal(pod.service.vault.list()[0]?.isRotating, false);
  });

  test('is refused where no BMC could keep it, before anything is sent', async () => {
    const { pod, care } = await careOf({ nodes: 1 });
    const before = pod.service.scheduler.statistics().commands;
    await assert.rejects(care.rotate('bmc', pod.nodes, 'x'.repeat(21)), /was not changed/);
    assert.equal(pod.service.scheduler.statistics().commands, before);
  });
});

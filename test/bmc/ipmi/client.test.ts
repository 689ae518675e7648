import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCredentials } from '../../../src/bmc/ipmi/credentials.ts';
import { IpmiError } from '../../../src/bmc/ipmi/errors.ts';
import { SUITE_3, SUITE_17 } from '../../../src/codecs/ipmi/cipher-suite.ts';
import { ChassisControl, chassisControl, getChassisStatus } from '../../../src/codecs/ipmi/commands/chassis.ts';
import { getDeviceId } from '../../../src/codecs/ipmi/commands/device.ts';
import { BmcPod, PASSWORD } from './pod.ts';

const DEADLINE_MS = 20_000;

describe('a session', () => {
  for (const [name, suites] of [
    ['both suites', [SUITE_17, SUITE_3]],
    ['suite 17 alone', [SUITE_17]],
    ['suite 3 alone', [SUITE_3]],
  ] as const) {
    for (const hidesSuites of [false, true]) {
      test(`is opened with a BMC that has ${name}${hidesSuites ? ' and does not list them' : ''}`, async () => {
        const pod = new BmcPod();
        const { bmc } = pod.bmc('bmc1', { suites, hidesSuites });
        const client = pod.client('bmc1');
        assert.equal((await pod.until(client.run(getDeviceId(), DEADLINE_MS))).manufacturerId, 7244);
        assert.equal(bmc.sessions, 1);
        assert.equal(client.statistics.sessions, 1);
      });
    }
  }

  test('is opened with a BMC that says nothing to a suite that it does not have, nor which it has', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1', { suites: [SUITE_3], hidesSuites: true, ignoresSuites: true });
    const client = pod.client('bmc1');
    assert.equal((await pod.until(client.run(getDeviceId(), DEADLINE_MS))).manufacturerId, 7244);
    client.close();
  });

  test('has the suite that a person names, and no other', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1', { suites: [SUITE_3] });
    await pod.until(pod.client('bmc1', { suite: SUITE_3 }).run(getDeviceId(), DEADLINE_MS));
    const strict = pod.client('bmc1', { suite: SUITE_17 });
    await assert.rejects(pod.until(strict.run(getDeviceId(), DEADLINE_MS)), { message: /cipher suite/ });
  });

  test('is kept while it is used, and given back when it is not', async () => {
    const pod = new BmcPod();
    const { bmc } = pod.bmc('bmc1');
    const client = pod.client('bmc1', { idleMs: 10_000 });
    for (let index = 0; index < 50; index += 1) {
      await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
      pod.clock.advance(5_000);
    }
    assert.equal(client.statistics.sessions, 1);
    pod.clock.advance(11_000);
    await pod.until(Promise.resolve());
    pod.clock.advance(10);
    assert.equal(bmc.sessions, 0);
    await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
    assert.equal(client.statistics.sessions, 2);
  });

  test('is opened anew after the BMC was restarted, and the command is answered all the same', async () => {
    const pod = new BmcPod();
    const { bmc } = pod.bmc('bmc1');
    const client = pod.client('bmc1');
    await pod.until(client.run(getDeviceId(), DEADLINE_MS));
    bmc.restart(3_000);
    await pod.until(client.run(getDeviceId(), 60_000));
    assert.equal(client.statistics.sessions, 2);
  });

  test('that can’t be had, because all are taken, is told as that', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1', { maxSessions: 2 });
    const clients = [1, 2, 3].map(() => pod.client('bmc1', { idleMs: 60_000 }));
    await pod.until(clients[0]!.run(getDeviceId(), DEADLINE_MS));
    await pod.until(clients[1]!.run(getDeviceId(), DEADLINE_MS));
    await assert.rejects(pod.until(clients[2]!.run(getDeviceId(), 5_000)), { failure: 'no-session' });
    clients[0]!.close();
    pod.clock.advance(10);
    await pod.until(clients[2]!.run(getDeviceId(), DEADLINE_MS));
  });
});

describe('credentials', () => {
  test('of twenty bytes are used whole, and the BMC key where there is one', async () => {
    const pod = new BmcPod();
    const bmcKey = Buffer.from('0102030405060708090a0b0c0d0e0f1011121314', 'hex');
    pod.bmc('bmc1', { accounts: [{ userName: 'sixteen-byte-nam', password: PASSWORD, bmcKey, privilege: 4 }] });
    const text = { userName: 'sixteen-byte-nam', password: PASSWORD };
    const right = readCredentials({ ...text, bmcKey: bmcKey.toString('hex') });
    await pod.until(pod.client('bmc1', { credentials: right }).run(getDeviceId(), DEADLINE_MS));
    const without = pod.client('bmc1', { credentials: readCredentials(text) });
    await assert.rejects(pod.until(without.run(getDeviceId(), DEADLINE_MS)), { failure: 'wrong-password' });
  });

  test('that are too long or hold a NUL are refused by name, and their value is not told', () => {
    const secret = 'twenty-one-bytes-long';
    const told = (text: Parameters<typeof readCredentials>[0]) => {
      try {
        readCredentials(text);
      } catch (error) {
        return String(error);
      }
      return assert.fail('it was taken');
    };
    assert.match(told({ userName: 'admin', password: secret }), /password has 21 bytes, IPMI 2\.0 allows 20/);
    assert.doesNotMatch(told({ userName: 'admin', password: secret }), new RegExp(secret));
    assert.match(told({ userName: 'ä'.repeat(9), password: '' }), /user name has 18 bytes/);
    assert.match(told({ userName: 'a\0b', password: '' }), /user name holds a NUL/);
    assert.match(told({ userName: 'a', password: '', bmcKey: 'xyz' }), /BMC key is not in hexadecimal/);
  });

  test('that are wrong are tried once, and leave no session behind', async () => {
    const pod = new BmcPod();
    const { bmc } = pod.bmc('bmc1');
    const wrong = pod.client('bmc1', { credentials: readCredentials({ userName: 'admin', password: 'wrong' }) });
    await assert.rejects(pod.until(wrong.run(getDeviceId(), DEADLINE_MS)), { failure: 'wrong-password' });
    assert.equal(wrong.statistics.sessions, 0);
    // The word that we give up is on its way.
    pod.clock.advance(10);
    assert.equal(bmc.sessions, 0);
    const unknown = pod.client('bmc1', { credentials: readCredentials({ userName: 'root', password: PASSWORD }) });
    await assert.rejects(pod.until(unknown.run(getDeviceId(), DEADLINE_MS)), { failure: 'unknown-user' });
    assert.equal(bmc.sessions, 0);
  });
});

describe('a BMC', () => {
  test('that is not there is unreachable within the deadline', async () => {
    const pod = new BmcPod();
    const begunAt = pod.clock.monotonic();
    await assert.rejects(pod.until(pod.client('nowhere').run(getDeviceId(), 8_000)), { failure: 'unreachable' });
    assert.ok(pod.clock.monotonic() - begunAt <= 9_000);
  });

  test('that has one command at a time answers many callers in their order', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1');
    const client = pod.client('bmc1');
    const order: number[] = [];
    const all = Array.from({ length: 20 }, (_, index) =>
      client.run(getChassisStatus(), DEADLINE_MS).then(() => order.push(index)),
    );
    await pod.until(Promise.all(all));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.equal(client.statistics.sessions, 1);
  });

  test('with too low a privilege says so', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1');
    const client = pod.client('bmc1', { privilege: 2 });
    await assert.rejects(pod.until(client.run(chassisControl(ChassisControl.POWER_ON), DEADLINE_MS)), (error) => {
      assert.ok(error instanceof IpmiError);
      assert.equal(error.failure, 'privilege');
      assert.equal(error.message, 'Chassis Control: (d4) the user’s privilege is too low for this command');
      return true;
    });
  });
});

describe('with a fifth of all packets lost, some twice, and out of order', () => {
  test('every question is answered, on 40 BMCs, and no session is left open', async () => {
    const pod = new BmcPod({ loss: 0.2, duplication: 0.1, delayMs: 8 }, 42);
    const all = Array.from({ length: 40 }, (_, index) => ({ host: `bmc${index}`, ...pod.bmc(`bmc${index}`) }));
    const work = all.map(async ({ host }) => {
      const client = pod.client(host, { idleMs: 2_000 });
      for (let index = 0; index < 5; index += 1) await client.run(getChassisStatus(), 60_000);
    });
    await pod.until(Promise.all(work));
    // Those whose close was lost end by themselves.
    pod.clock.advance(70_000);
    assert.equal(
      all.reduce((sum, { bmc }) => sum + bmc.sessions, 0),
      0,
    );
  });

  test('a power cycle is carried out once or not at all, never twice, and the caller knows which may be', async () => {
    const outcomes = { done: 0, unknown: 0, twice: 0, lostSilently: 0 };
    for (let seed = 1; seed <= 60; seed += 1) {
      const pod = new BmcPod({ loss: 0.2, duplication: 0.1, delayMs: 8 }, seed);
      const { chassis } = pod.bmc('bmc1');
      chassis.turnOn();
      const client = pod.client('bmc1');
      const sent = await pod.until(
        client.run(chassisControl(ChassisControl.POWER_CYCLE), 30_000).then(
          () => 'done' as const,
          (error: unknown) => (error instanceof IpmiError && error.mayHaveActed ? 'unknown' : 'failed'),
        ),
      );
      if (chassis.counts.cycle > 1) outcomes.twice += 1;
      if (sent === 'done') {
        outcomes.done += 1;
        if (chassis.counts.cycle !== 1) outcomes.lostSilently += 1;
      } else if (sent === 'unknown') outcomes.unknown += 1;
      else if (chassis.counts.cycle !== 0) outcomes.lostSilently += 1;
    }
    assert.deepEqual({ twice: outcomes.twice, lostSilently: outcomes.lostSilently }, { twice: 0, lostSilently: 0 });
    assert.ok(outcomes.done > 20 && outcomes.unknown > 2, JSON.stringify(outcomes));
  });
});

describe('a quirk of the table', () => {
  const AMI = 20974;

  test('keeps commands apart, once the maker is known, which is before the second one', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1', { manufacturerId: AMI });
    const client = pod.client('bmc1');
    await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
    assert.equal(client.knownQuirk, undefined);
    const times: number[] = [];
    for (let index = 0; index < 4; index += 1) {
      await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
      times.push(pod.clock.monotonic());
    }
    for (const [index, at] of times.entries()) if (index > 0) assert.ok(at - times[index - 1]! >= 200, `${times}`);
    assert.equal(client.statistics.commands, 6);
  });

  test('leaves others as fast as they are, and is the product’s where the table has one', async () => {
    const pod = new BmcPod();
    pod.bmc('bmc1', { manufacturerId: 674, productId: 5 });
    const quirks = [
      { manufacturerId: 674, productId: 5, minGapMs: 0, why: 'this one is quick' },
      { manufacturerId: 674, minGapMs: 5_000, why: 'the others are not' },
    ];
    const client = pod.client('bmc1', { quirks });
    const startedAt = pod.clock.monotonic();
    for (let index = 0; index < 5; index += 1) await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
    assert.ok(pod.clock.monotonic() - startedAt < 200);
    assert.equal((await client.quirk(DEADLINE_MS)).why, 'this one is quick');
  });

  test('that can’t be asked for leaves nobody in doubt whether a command was sent', async () => {
    const pod = new BmcPod();
    const { bmc, chassis } = pod.bmc('bmc1');
    const client = pod.client('bmc1');
    await pod.until(client.run(getChassisStatus(), DEADLINE_MS));
    bmc.restart(600_000);
    await assert.rejects(
      pod.until(client.run(chassisControl(ChassisControl.HARD_RESET), 5_000)),
      (error: unknown) => error instanceof IpmiError && !error.mayHaveActed,
    );
    assert.equal(chassis.counts.reset, 0);
  });
});

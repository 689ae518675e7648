import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { ConsoleAbsent } from '../../../src/bmc/driver.ts';
import { createDriver } from '../../../src/bmc/registry.ts';
import { FaultyLine } from '../../../src/rehearsal/bmc/faulty-line.ts';
import type { RedfishConsoles } from '../../../src/rehearsal/bmc/redfish-resources.ts';
import { SimulatedBmc } from '../../../src/rehearsal/bmc/simulated-bmc.ts';
import { CERTIFICATE, PASSWORD, RedfishPod, USER_NAME } from './pod.ts';

/** Redfish by TLS and IPMI on a line, of one BMC. */
async function bench(consoles: RedfishConsoles, password = PASSWORD) {
  const pod = await RedfishPod.start({ consoles, password });
  const line = new FaultyLine(pod.clock, () => 0.5);
  const bmc = new SimulatedBmc({
    clock: pod.clock,
    random: randomBytes,
    chassis: pod.chassis,
    accounts: [{ userName: USER_NAME, password, privilege: 4 }],
    guid: new Uint8Array(16).fill(7),
  });
  line.plugIn('127.0.0.1', bmc);
  const target = {
    name: 'dgx01',
    host: '127.0.0.1',
    port: pod.server.port,
    credentials: { userName: USER_NAME, password },
    fingerprint: CERTIFICATE.fingerprint,
    command: [],
    wakeMacs: [],
    minGapMs: 0,
  };
  const around = { clock: pod.clock, network: line, broadcast: async () => {} };
  const driver = await createDriver('auto', target, around);
  const heard: string[] = [];
  const listener = {
    output: (characters: Uint8Array) => void heard.push(Buffer.from(characters).toString()),
    lost: () => {},
    ended: (why: string) => void heard.push(`ended: ${why}`),
  };
  const open = () => pod.until(driver.console?.open(listener, { takeOver: false }) ?? assert.fail());
  return {
    pod,
    bmc,
    heard,
    open,
    async [Symbol.asyncDispose]() {
      await pod.until(driver.close());
      await pod[Symbol.asyncDispose]();
    },
  };
}

describe('the console of a BMC by Redfish', () => {
  for (const [how, consoles] of [
    ['the system says so', { host: { IPMI: { ServiceEnabled: true, Port: 623 }, SSH: { ServiceEnabled: true } } }],
    ['its manager says so', { manager: { ServiceEnabled: true, ConnectTypesSupported: ['SSH', 'IPMI'] } }],
    ['all that is told is that IPMI is on', { ipmi: { ProtocolEnabled: true, Port: 623 } }],
  ] as const) {
    test(`is that of IPMI where ${how}`, async () => {
      await using one = await bench(consoles);
      const console_ = await one.open();
      one.bmc.serial.say(Buffer.from('login: '));
      await one.pod.clock.advanceSettling(2_000, 20);
      assert.equal(one.heard.join(''), 'login: ');
      await one.pod.until(console_.close());
    });
  }

  for (const [how, consoles, message] of [
    ['by SSH alone', { host: { SSH: { ServiceEnabled: true, Port: 2200 } } }, /does not say .*IPMI.*SSH \(port 2200\)/],
    [
      'with IPMI switched off',
      { host: { IPMI: { ServiceEnabled: true } }, ipmi: { ProtocolEnabled: false } },
      /IPMI switched off/,
    ],
    ['by a WebSocket alone', { host: { WebSocket: { ServiceEnabled: true } } }, /a WebSocket/],
    ['of which nothing is told', {}, /no other way/],
  ] as const) {
    test(`${how} is none: what is missing is said, and nothing is sent by IPMI`, async () => {
      await using one = await bench(consoles);
      await assert.rejects(one.open(), (error: unknown) => {
        assert.ok(error instanceof ConsoleAbsent);
        assert.match(error.message, message);
        assert.notEqual(error.mend, '');
        return true;
      });
      assert.equal(one.bmc.sessions, 0);
    });
  }

  test('with a password that is too long for IPMI says that', async () => {
    await using one = await bench({ ipmi: { ProtocolEnabled: true } }, 'twenty-one-bytes-long');
    await assert.rejects(one.open(), /password has 21 bytes, IPMI 2.0 allows 20/);
  });
});

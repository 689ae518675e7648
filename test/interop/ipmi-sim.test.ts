import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { IpmiClient } from '../../src/bmc/ipmi/client.ts';
import { readCredentials } from '../../src/bmc/ipmi/credentials.ts';
import { IpmiError } from '../../src/bmc/ipmi/errors.ts';
import { createIpmiDriver } from '../../src/bmc/ipmi/ipmi-driver.ts';
import { lookAtLan } from '../../src/bmc/ipmi/lan-look.ts';
import type { IpmiNetwork } from '../../src/bmc/ipmi/ports.ts';
import { SharedUdp } from '../../src/bmc/ipmi/shared-udp.ts';
import { SolConsole } from '../../src/bmc/ipmi/sol-console.ts';
import { udpNetwork } from '../../src/bmc/ipmi/udp-channel.ts';
import {
  BootDeviceSelector,
  getBootFlags,
  keepBootFlagPast60Seconds,
  setBootFlags,
  setInProgress,
} from '../../src/codecs/ipmi/commands/boot-options.ts';
import { ChassisControl, chassisControl, getChassisStatus } from '../../src/codecs/ipmi/commands/chassis.ts';
import { getDeviceId, getSystemGuid } from '../../src/codecs/ipmi/commands/device.ts';
import { FIRST_RECORD, getSelEntry, getSelInfo } from '../../src/codecs/ipmi/commands/sel.ts';
import { createHostNetwork } from '../../src/net/host-network.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { IpmiSim } from './ipmi-sim.ts';

const skip = unmet({ tools: ['ipmi_sim'] });
const PASSWORD = 'secret-17-bytes!!';
const DEADLINE_MS = 10_000;

let sim: IpmiSim;
const clients: IpmiClient[] = [];
const host = createHostNetwork();
/** As the daemon has it. */
const shared = new SharedUdp(() => host.openDatagram({ address: '0.0.0.0', port: 0 }));

function client(password = PASSWORD, userName = 'admin', port = sim.port, network: IpmiNetwork = shared): IpmiClient {
  const created = new IpmiClient({
    host: '127.0.0.1',
    port,
    credentials: readCredentials({ userName, password }),
    clock: createSystemClock(),
    network,
  });
  clients.push(created);
  return created;
}

before(async () => {
  if (skip === false) sim = await IpmiSim.start(39_101 + (process.pid % 200) * 10);
});
after(async () => {
  for (const each of clients) each.close();
  await sim?.[Symbol.asyncDispose]();
});

test('opens one session with suite 3, which is all it has, and keeps it for many commands', { skip }, async () => {
  const bmc = client();
  const device = await bmc.run(getDeviceId(), DEADLINE_MS);
  assert.equal(device.manufacturerId, 0x1291);
  assert.equal(device.productId, 0x0f02);
  assert.equal(device.ipmiVersion, '2.0');
  assert.equal(await bmc.run(getSystemGuid(), DEADLINE_MS), 'a123456789abcdefa123456789abcdef');
  for (let index = 0; index < 100; index += 1) await bmc.run(getDeviceId(), DEADLINE_MS);
  assert.equal(bmc.statistics.sessions, 1);
  assert.deepEqual(bmc.statistics.dropped, {});
});

test('turns the chassis on and off, and reads what it is', { skip }, async () => {
  const bmc = client();
  await bmc.run(chassisControl(ChassisControl.POWER_ON), DEADLINE_MS);
  await until(() => sim.chassis('power') === '1', { what: 'the chassis is on', timeoutMs: 5_000 });
  assert.equal((await bmc.run(getChassisStatus(), DEADLINE_MS)).isOn, true);
  await bmc.run(chassisControl(ChassisControl.POWER_OFF), DEADLINE_MS);
  await until(() => sim.chassis('power') === '0', { what: 'the chassis is off', timeoutMs: 5_000 });
  assert.equal((await bmc.run(getChassisStatus(), DEADLINE_MS)).isOn, false);
});

test('arms a network boot; a boot option that it does not have is refused with a sentence', { skip }, async () => {
  const bmc = client();
  await bmc.run(keepBootFlagPast60Seconds(), DEADLINE_MS);
  const flags = { isValid: true, isPersistent: false, isEfi: true, device: BootDeviceSelector.PXE };
  await bmc.run(setBootFlags(flags), DEADLINE_MS);
  assert.equal((await bmc.run(getBootFlags(), DEADLINE_MS)).device, BootDeviceSelector.PXE);
  assert.equal(sim.chassis('boot'), 'pxe');
  await assert.rejects(
    bmc.run(setInProgress(1), DEADLINE_MS),
    (error) =>
      error instanceof IpmiError &&
      error.failure === 'refused' &&
      /Set System Boot Options: \((cc|80)\)/.test(error.message),
  );
});

test('reads the event log', { skip }, async () => {
  const bmc = client();
  const info = await bmc.run(getSelInfo(), DEADLINE_MS);
  assert.ok(info.entries >= 1);
  const { record } = await bmc.run(getSelEntry(FIRST_RECORD), DEADLINE_MS);
  assert.equal(record.type, 2);
  assert.equal(record.sensorType, 0x1f);
  assert.deepEqual(record.eventData, [2, 255, 255]);
  assert.equal(record.hex.length, 32);
});

test('a wrong password and an unknown user are told apart, at once and after one try', { skip }, async () => {
  const wrong = client('secret-17-bytes!?');
  await assert.rejects(wrong.run(getDeviceId(), DEADLINE_MS), { failure: 'wrong-password' });
  assert.equal(wrong.statistics.sessions, 0);
  await assert.rejects(client(PASSWORD, 'nobody').run(getDeviceId(), DEADLINE_MS), { failure: 'unknown-user' });
});

for (const [name, network] of [
  ['one socket for all', shared],
  ['a socket of its own', udpNetwork],
] as const)
  test(`a port where nothing listens is unreachable at once, by ${name}`, { skip }, async () => {
    const startedAt = performance.now();
    const refused = client(PASSWORD, 'admin', 1, network).run(getDeviceId(), 20_000);
    await assert.rejects(refused, { failure: 'unreachable', message: /nothing listens/ });
    assert.ok(performance.now() - startedAt < 3_000);
  });

test('two clients of one BMC do not hear each other’s answers', { skip }, async () => {
  const pair = [client(), client()];
  for (let turn = 0; turn < 20; turn += 1) await Promise.all(pair.map((each) => each.run(getDeviceId(), DEADLINE_MS)));
  for (const each of pair) assert.deepEqual([each.statistics.sessions, each.statistics.dropped], [1, {}]);
});

test('carries a console both ways, byte for byte, and gives it back', { skip }, async () => {
  const bmc = client();
  const heard: Buffer[] = [];
  const ends: string[] = [];
  const listener = {
    output: (characters: Uint8Array) => void heard.push(Buffer.from(characters)),
    lost: () => {},
    ended: (why: string) => void ends.push(why),
  };
  const console_ = await SolConsole.open(bmc, createSystemClock(), listener);
  const said = Array.from({ length: 400 }, (_, line) => `line ${line} of the kernel's\r\n`).join('');
  sim.say(said);
  await until(() => Buffer.concat(heard).toString('latin1').includes('line 399'), {
    what: 'the last line',
    timeoutMs: 10_000,
  });
  assert.equal(Buffer.concat(heard).toString('latin1'), said);
  const typed = 'root\r'.repeat(200);
  console_.type(Buffer.from(typed));
  await until(() => sim.typed.length >= typed.length, { what: 'all that was typed', timeoutMs: 10_000 });
  assert.equal(sim.typed, typed);
  await assert.rejects(SolConsole.open(client(), createSystemClock(), listener), { completionCode: 0x80 });
  await console_.close();
  assert.deepEqual(ends, ['closed']);
  const second = await SolConsole.open(client(), createSystemClock(), listener);
  await second.close();
});

test('no session is left behind: seventy clients, one after another, on a BMC with sixty-three', { skip }, async () => {
  for (let index = 0; index < 70; index += 1) {
    const bmc = client();
    await bmc.run(getDeviceId(), DEADLINE_MS);
    bmc.close();
  }
});

test('tells strangers that it speaks IPMI 2.0; nothing says so where nobody is', { skip }, async () => {
  const look = (port: number) =>
    lookAtLan({ host: '127.0.0.1', port }, { network: shared, clock: createSystemClock(), waitMs: 300 });
  assert.deepEqual(await look(sim.port), { supportsV20: true, needsBmcKey: false });
  assert.equal(await look(sim.port + 7), undefined);
});

test('has an inventory, though it knows neither DCMI nor a FRU', { skip }, async () => {
  const driver = createIpmiDriver({
    host: '127.0.0.1',
    port: sim.port,
    credentials: readCredentials({ userName: 'admin', password: PASSWORD }),
    clock: createSystemClock(),
    network: shared,
  });
  try {
    const inventory = await driver.inventory?.read(DEADLINE_MS);
    assert.equal(inventory?.makerId, 0x1291);
    assert.equal(inventory?.inletCelsius, undefined);
    const answer = await driver.raw?.send({ netFn: 0x06, command: 0x01, data: [] }, DEADLINE_MS);
    assert.equal(answer?.completionCode, 0);
    assert.equal((await driver.raw?.send({ netFn: 0x30, command: 0x77, data: [] }, DEADLINE_MS))?.completionCode, 0xc1);
  } finally {
    await driver.close();
  }
});

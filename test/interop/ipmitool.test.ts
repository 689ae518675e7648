import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { BootDeviceSelector } from '../../src/codecs/ipmi/commands/boot-options.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { Chassis } from '../../src/rehearsal/bmc/chassis.ts';
import { SimulatedBmc } from '../../src/rehearsal/bmc/simulated-bmc.ts';
import { UdpBmc } from '../../src/rehearsal/bmc/udp-bmc.ts';
import { Background } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const skip = unmet({ tools: ['ipmitool', 'ipmipower'] });
const PASSWORD = 'twenty-bytes-exactly';
const clock = createSystemClock();

let chassis: Chassis;
let bmc: SimulatedBmc;
let served: UdpBmc;

before(async () => {
  chassis = new Chassis(clock, { powerOn: () => {}, powerOff: () => {} });
  bmc = new SimulatedBmc({
    clock,
    random: randomBytes,
    chassis,
    accounts: [{ userName: 'admin', password: PASSWORD, privilege: 4 }],
    guid: new Uint8Array(16).fill(7),
  });
  served = await UdpBmc.listen(bmc, '127.0.0.1');
});
after(() => served?.[Symbol.asyncDispose]());

async function ipmitool(suite: 3 | 17, ...argv: string[]): Promise<string> {
  const access = [
    '-I',
    'lanplus',
    '-C',
    String(suite),
    '-H',
    '127.0.0.1',
    '-p',
    String(served.port),
    '-U',
    'admin',
    '-E',
  ];
  const child = new Background(['ipmitool', ...access, ...argv], { env: { ...process.env, IPMI_PASSWORD: PASSWORD } });
  const code = await child.exited;
  assert.equal(code, 0, `ipmitool ${argv.join(' ')}: ${child.output}`);
  return child.output;
}

for (const suite of [3, 17] as const) {
  test(`ipmitool with suite ${suite} turns the simulated machine on, off and round, and reads what it is`, {
    skip,
  }, async () => {
    assert.match(await ipmitool(suite, 'mc', 'info'), /Manufacturer ID +: 7244/);
    assert.match(await ipmitool(suite, 'chassis', 'power', 'on'), /Up\/On/);
    assert.match(await ipmitool(suite, 'chassis', 'power', 'status'), /Chassis Power is on/);
    const before = chassis.counts.cycle;
    await ipmitool(suite, 'chassis', 'power', 'cycle');
    assert.equal(chassis.counts.cycle, before + 1);
    await ipmitool(suite, 'chassis', 'power', 'off');
    assert.match(await ipmitool(suite, 'chassis', 'power', 'status'), /Chassis Power is off/);
  });

  test(`the guide's five lines with suite ${suite} arm a network boot that lasts past 60 s`, { skip }, async () => {
    await ipmitool(suite, 'raw', '0x00', '0x08', '0x03', '0x08');
    await ipmitool(suite, 'chassis', 'bootdev', 'pxe', 'options=efiboot');
    assert.deepEqual(chassis.flags, {
      isValid: true,
      isPersistent: false,
      isEfi: true,
      device: BootDeviceSelector.PXE,
    });
    assert.match(await ipmitool(suite, 'chassis', 'bootparam', 'get', '5'), /Force PXE/);
    await ipmitool(suite, 'raw', '0x00', '0x08', '0x05', '0xe0', '0x08', '0x00', '0x00', '0x00');
    assert.deepEqual(chassis.flags, {
      isValid: true,
      isPersistent: true,
      isEfi: true,
      device: BootDeviceSelector.DISK,
    });
  });
}

test('FreeIPMI’s ipmipower agrees, and no session is left behind by either', { skip }, async () => {
  for (const workaround of ['3', '17']) {
    const child = new Background([
      'ipmipower',
      ...['-D', 'LAN_2_0', '-I', workaround, '-h', `127.0.0.1:${served.port}`, '-u', 'admin', '-p', PASSWORD, '--stat'],
    ]);
    await child.exited;
    assert.match(child.output, /127\.0\.0\.1\S*: (on|off)/, child.output);
  }
  assert.equal(bmc.sessions, 0);
});

test('ipmitool reads what the simulated machine draws by DCMI', { skip }, async () => {
  const power = await ipmitool(17, 'dcmi', 'power', 'reading');
  assert.match(power, /Instantaneous power reading: +640 Watts/);
  assert.match(power, /Average power reading over sample period: +650 Watts/);
  assert.match(power, /Power reading state is: +activated/);
});

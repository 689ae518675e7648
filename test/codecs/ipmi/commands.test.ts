import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeAsfPong, encodeAsfPing } from '../../../src/codecs/ipmi/asf-ping.ts';
import type { IpmiCommand } from '../../../src/codecs/ipmi/command.ts';
import {
  acknowledgeBootInfo,
  BootDeviceSelector,
  getBootFlags,
  keepBootFlagPast60Seconds,
  setBootFlags,
} from '../../../src/codecs/ipmi/commands/boot-options.ts';
import {
  ChassisControl,
  chassisControl,
  chassisIdentify,
  getChassisStatus,
  getSystemRestartCause,
} from '../../../src/codecs/ipmi/commands/chassis.ts';
import { getDeviceId, getSystemGuid } from '../../../src/codecs/ipmi/commands/device.ts';
import { getLanParameter, LanParameter } from '../../../src/codecs/ipmi/commands/lan.ts';
import { rawCommand } from '../../../src/codecs/ipmi/commands/raw.ts';
import { getSelEntry, getSelInfo } from '../../../src/codecs/ipmi/commands/sel.ts';
import { getDcmiInletTemperature, getDcmiPowerReading } from '../../../src/codecs/ipmi/commands/sensors.ts';
import { getChannelAuthenticationCapabilities, Privilege } from '../../../src/codecs/ipmi/commands/session.ts';
import { setUserPassword, testUserPassword } from '../../../src/codecs/ipmi/commands/user.ts';
import { completionText } from '../../../src/codecs/ipmi/completion-codes.ts';
import { MalformedPacket } from '../../../src/codecs/malformed-packet.ts';

const hexBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** As a person types it for `ipmitool raw`. */
const words = ({ netFn, command, data }: IpmiCommand<unknown>) =>
  hex(Uint8Array.of(netFn, command, ...data)).replace(/..(?=.)/g, '$& ');
const reads = <T>(command: IpmiCommand<T>, answer: string): T => command.read(hexBytes(answer.replaceAll(' ', '')));

describe('a command is sent as ipmitool sends it', () => {
  for (const [what, command, expected] of [
    ['the guide’s S11: the flag is kept past 60 s', keepBootFlagPast60Seconds(), '00 08 03 08'],
    [
      'the guide’s S12: disk, EFI, for ever',
      setBootFlags({ isValid: true, isPersistent: true, isEfi: true, device: BootDeviceSelector.DISK }),
      '00 08 05 e0 08 00 00 00',
    ],
    [
      'the guide’s S13: network, EFI, once',
      setBootFlags({ isValid: true, isPersistent: false, isEfi: true, device: BootDeviceSelector.PXE }),
      '00 08 05 a0 04 00 00 00',
    ],
    ['boot info is not handled yet', acknowledgeBootInfo(), '00 08 04 01 01'],
    ['boot flags are asked for', getBootFlags(), '00 09 05 00 00'],
    ['power cycle', chassisControl(ChassisControl.POWER_CYCLE), '00 02 02'],
    ['soft', chassisControl(ChassisControl.SOFT_SHUTDOWN), '00 02 05'],
    ['identify for 15 s', chassisIdentify(15), '00 04 0f'],
    ['an hour of light is as long as it can be', chassisIdentify(3_600), '00 04 ff'],
    ['MAC address of the BMC', getLanParameter(LanParameter.MAC_ADDRESS), '0c 02 0e 05 00 00'],
    ['an entry of the log', getSelEntry(0x1234), '0a 43 00 00 34 12 00 ff'],
    ['power by DCMI', getDcmiPowerReading(), '2c 02 dc 01 00 00'],
    ['inlet temperature by DCMI', getDcmiInletTemperature(), '2c 10 dc 01 40 00 01'],
    ['capabilities of the channel', getChannelAuthenticationCapabilities(Privilege.ADMINISTRATOR), '06 38 8e 04'],
    ['the same without the bit of v2.0', getChannelAuthenticationCapabilities(4, false), '06 38 0e 04'],
    ['raw', rawCommand(0x00, 0x08, [0x03, 0x08]), '00 08 03 08'],
    [
      'a password in its form of twenty bytes',
      setUserPassword(2, Buffer.from('abc')),
      `06 47 82 02 61 62 63${' 00'.repeat(17)}`,
    ],
    ['a test of one', testUserPassword(2, Buffer.from('abc')), `06 47 82 03 61 62 63${' 00'.repeat(17)}`],
  ] as const) {
    test(what, () => assert.equal(words(command as IpmiCommand<unknown>), expected));
  }

  test('what does something each time is sent once, all else may be repeated', () => {
    assert.equal(chassisControl(ChassisControl.POWER_ON).isRepeatable, false);
    assert.equal(rawCommand(6, 1, []).isRepeatable, false);
    assert.equal(getChassisStatus().isRepeatable, true);
  });

  test('a password or a raw command that can’t be is refused before it is sent', () => {
    assert.throws(() => setUserPassword(2, new Uint8Array(21).fill(65)), RangeError);
    assert.throws(() => setUserPassword(2, Uint8Array.of(65, 0, 65)), RangeError);
    for (const wrong of [
      [0x01, 0, []],
      [0x40, 0, []],
      [0, 256, []],
      [0, 0, [-1]],
      [0, 0, [1.5]],
    ] as const)
      assert.throws(() => rawCommand(wrong[0], wrong[1], wrong[2]), RangeError);
  });
});

describe('an answer is read', () => {
  test('device id: a Quanta’s, with firmware in decimal digits', () => {
    assert.deepEqual(reads(getDeviceId(), '20 01 03 21 02 9f 4c 1c 00 34 12'), {
      deviceId: 0x20,
      firmware: '3.21',
      ipmiVersion: '2.0',
      manufacturerId: 7244,
      productId: 0x1234,
    });
  });

  test('GUID, chassis status and restart cause', () => {
    assert.equal(reads(getSystemGuid(), '00112233445566778899aabbccddeeff'), '00112233445566778899aabbccddeeff');
    const status = reads(getChassisStatus(), '29 11 00');
    assert.deepEqual(
      [status.isOn, status.hasPowerFault, status.restorePolicy, status.lastEvent],
      [true, true, 'as-before', ['mains-failed', 'by-command']],
    );
    assert.equal(reads(getSystemRestartCause(), '01 00'), 'by-command');
    assert.equal(reads(getSystemRestartCause(), '04 00'), 'watchdog');
    assert.equal(reads(getSystemRestartCause(), '0f 00'), 'unknown');
  });

  test('boot flags, also those that are not valid', () => {
    const { isValid, isPersistent, isEfi, device } = reads(getBootFlags(), '01 05 e0 08 00 00 00');
    assert.deepEqual([isValid, isPersistent, isEfi, device], [true, true, true, BootDeviceSelector.DISK]);
    assert.equal(reads(getBootFlags(), '01 05 00 00 00 00 00').isValid, false);
  });

  test('sensors: watts, and the inlet below zero', () => {
    const power = reads(getDcmiPowerReading(), 'dc 80 02 58 02 bc 02 8a 02 00000000 60ea0000 40');
    assert.deepEqual(power, { watts: 640, averageWatts: 650, isActive: true });
    assert.deepEqual(reads(getDcmiInletTemperature(), 'dc 02 02 18 01 85 02'), [24, -5]);
    assert.throws(() => reads(getDcmiInletTemperature(), 'dc 09 09 18 01'), MalformedPacket);
    assert.throws(() => reads(getDcmiPowerReading(), '00 80 02'), MalformedPacket);
  });

  test('the log: its size, a record with a time, and one from before the BMC knew it', () => {
    const info = reads(getSelInfo(), '51 02 00 00 04 00000000 00000000 82');
    assert.deepEqual(info, { entries: 2, freeBytes: 1_024, erasedSeconds: 0, hasOverflowed: true });
    assert.equal(reads(getSelInfo(), '51 02 00 00 04 00000000 00e1f565 02').erasedSeconds, 0x65f5e100);
    assert.equal(reads(getSelInfo(), '51 02 00 00 04 ffffffff ffffffff 02').erasedSeconds, 0);
    const entry = reads(getSelEntry(1), 'ffff 0100 02 00e1f565 2000 04 1f 02 6f 02ffff');
    assert.equal(entry.nextId, 0xffff);
    assert.equal(entry.record.timeSeconds, 0x65f5e100);
    assert.deepEqual([entry.record.sensorType, entry.record.eventType], [0x1f, 0x6f]);
    assert.equal(reads(getSelEntry(1), 'ffff 0100 02 10000000 2000 04 1f 02 6f 02ffff').record.timeSeconds, undefined);
  });

  test('capabilities: two-key login, and a BMC of IPMI 1.5', () => {
    const ask = getChannelAuthenticationCapabilities(Privilege.ADMINISTRATOR);
    assert.deepEqual(reads(ask, '01 80 24 02 000000 00'), { supportsV20: true, needsBmcKey: true });
    assert.deepEqual(reads(ask, '01 15 04'), { supportsV20: false, needsBmcKey: false });
  });

  test('every answer that is cut short is refused', () => {
    for (const [command, whole] of [
      [getDeviceId(), '20010321029f4c1c003412'],
      [getSystemGuid(), '00112233445566778899aabbccddeeff'],
      [getChassisStatus(), '2911'],
      [getBootFlags(), '0105e008'],
      [getSelEntry(1), 'ffff01000200e1f56520000 41f026f02ffff'.replaceAll(' ', '')],
      [getDcmiPowerReading(), 'dc80025802bc028a020000000060ea000040'],
    ] as const)
      for (let length = 0; length < whole.length; length += 2)
        assert.throws(
          () => (command as IpmiCommand<unknown>).read(hexBytes(whole.slice(0, length))),
          MalformedPacket,
          `${command.name}, ${length / 2} bytes`,
        );
  });

  test('each completion code is a sentence', () => {
    for (let code = 0; code <= 0xff; code += 1) assert.match(completionText(code), /^\([0-9a-f]{2}\) \S+/);
    assert.match(completionText(0x80, setUserPassword(2, Buffer.from('a')).codes), /password is wrong/);
  });
});

describe('ASF’s ping', () => {
  test('is asked, and its pong tells whether IPMI is there', () => {
    assert.equal(hex(encodeAsfPing(7)), '0600ff06000011be80070000');
    const pong = (entities: string) =>
      hexBytes(`0600ff06000011be4007001000000000000000 00${entities}00000000000000`.replace(' ', ''));
    assert.deepEqual(decodeAsfPong(pong('81')), { tag: 7, supportsIpmi: true });
    assert.deepEqual(decodeAsfPong(pong('00')), { tag: 7, supportsIpmi: false });
    assert.throws(() => decodeAsfPong(pong('81').subarray(0, 20)), MalformedPacket);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whySharedSerial } from '../../src/domain/shared-serials.ts';
import { serialNumberInUuid } from '../../src/domain/vendor-serials.ts';

for (const placeholder of [
  'To Be Filled By O.E.M.',
  'to be filled by oem',
  '0123456789',
  '1234567890',
  '123456789012345',
  'Default string',
  ' Default String ',
  'System Serial Number',
  'Not Specified',
  'N/A',
  '...............',
  '',
  '00000000',
  'XXXXXXXXXX',
  'None',
]) {
  test(`“${placeholder}” is nobody's serial number`, () => {
    assert.notEqual(whySharedSerial(placeholder), undefined);
  });
}

for (const real of ['D34623J', 'SGH722SYXK', 'A123456', '1577720001', 'S432167X1A00012', '9876543210', '1234']) {
  test(`“${real}” may be a serial number`, () => {
    assert.equal(whySharedSerial(real), undefined);
  });
}

test("a Dell's service tag is in its UUID", () => {
  assert.equal(serialNumberInUuid('4c4c4544-0033-3410-8036-c4c04f32334a'), 'D34623J');
});

test('a Dell whose board was changed and has no tag yet tells none', () => {
  assert.equal(serialNumberInUuid('4c4c4544-0000-2010-8020-80c04f202020'), undefined);
});

test("an HPE's serial number is in its UUID", () => {
  assert.equal(serialNumberInUuid('36343338-3935-4753-4837-32325359584b'), 'SGH722SYXK');
});

test('a UUID that is no text tells no serial number', () => {
  assert.equal(serialNumberInUuid('77000000-0000-4000-8000-000000000001'), undefined);
  assert.equal(serialNumberInUuid('not a uuid'), undefined);
});

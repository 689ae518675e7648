import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  OptionCode,
  optionByCode,
  optionByName,
  optionDefinitions,
  whyNotConfigurable,
} from '../../../src/codecs/dhcp/option-table.ts';

test('each code and each name is there once, and codes are 1 to 254', () => {
  const codes = optionDefinitions.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  assert.equal(new Set(optionDefinitions.map(({ name }) => name.toLowerCase())).size, codes.length);
  assert.deepEqual(
    codes,
    [...codes].sort((a, b) => a - b),
  );
  assert.ok(codes.every((code) => code > 0 && code < 255));
});

test('an option is found by its name and by its code', () => {
  const mtu = { code: 26, name: 'interfaceMtu', type: 'uint16' };
  assert.deepEqual(optionByName('interfaceMtu'), mtu);
  assert.deepEqual(optionByCode(26), mtu);
  assert.equal(OptionCode.interfaceMtu, 26);
  assert.equal(optionByName('interfacemtu'), undefined);
  assert.equal(optionByName('constructor'), undefined);
  assert.equal(optionByCode(84), undefined, 'removed by RFC 3679');
});

test('every name is a code of the same name', () => {
  for (const { name, code } of optionDefinitions) {
    assert.equal((OptionCode as Readonly<Record<string, number>>)[name], code);
  }
});

test('what podboot or the client owns can not be configured, and says why', () => {
  for (const code of [0, 1, 50, 51, 52, 53, 54, 55, 57, 58, 59, 60, 61, 77, 82, 93, 94, 97, 255]) {
    assert.ok(whyNotConfigurable(code), `option ${code}`);
  }
  assert.match(whyNotConfigurable(OptionCode.leaseTime) ?? '', /set leaseTime/);
});

test('what an operator may want can be configured', () => {
  const names = ['routers', 'domainNameServers', 'domainName', 'domainSearch', 'ntpServers', 'interfaceMtu'] as const;
  const provisioning = [
    'classlessRoutes',
    'bootFileName',
    'tftpServerName',
    'tftpServerAddress',
    'vendorSpecific',
  ] as const;
  for (const name of [...names, ...provisioning]) assert.equal(whyNotConfigurable(OptionCode[name]), undefined, name);
  assert.equal(whyNotConfigurable(224), undefined, 'site-specific');
});

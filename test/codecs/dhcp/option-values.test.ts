import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { OptionType } from '../../../src/codecs/dhcp/option-table.ts';
import { decodeOptionValue, encodeOptionValue, InvalidOptionValue } from '../../../src/codecs/dhcp/option-values.ts';
import { fromHex } from '../golden/from-hex.ts';
import { malformed } from '../malformed.ts';
import { bytesUpTo, domainName, uint32 } from './messages.ts';

const dottedQuad = fc.ipV4();

const VALUES: Readonly<Record<OptionType, fc.Arbitrary<unknown>>> = {
  ipv4: dottedQuad,
  'ipv4-list': fc.array(dottedQuad, { minLength: 1, maxLength: 80 }),
  string: fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\0') && text.isWellFormed()),
  uint8: fc.integer({ min: 0, max: 0xff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  uint32,
  int32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  boolean: fc.boolean(),
  hex: bytesUpTo(40, 1).map((bytes) => Buffer.from(bytes).toString('hex')),
  'domain-list': fc.array(domainName, { minLength: 1, maxLength: 10 }),
  'classless-routes': fc.array(
    fc.record(
      {
        to: fc.constantFrom('0.0.0.0/0', '10.0.0.0/8', '10.78.0.0/24', '10.79.0.1/32', '172.16.0.0/12'),
        via: dottedQuad,
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength: 20 },
  ),
};

describe('decode after encode is the identity', () => {
  for (const [type, values] of Object.entries(VALUES) as [OptionType, fc.Arbitrary<unknown>][]) {
    test(type, () => {
      fc.assert(
        fc.property(values, (value) =>
          assert.deepEqual(decodeOptionValue(type, encodeOptionValue(type, value)), value),
        ),
      );
    });
  }
});

describe('bytes on the wire', () => {
  const cases: readonly [OptionType, unknown, string][] = [
    ['ipv4', '10.77.0.1', '0a4d0001'],
    ['ipv4-list', ['10.77.0.1', '255.255.255.255'], '0a4d0001 ffffffff'],
    ['string', 'pod1.example.com', Buffer.from('pod1.example.com').toString('hex')],
    ['string', 'Zürich', '5ac3bc72696368'],
    ['uint8', 64, '40'],
    ['uint16', 9000, '2328'],
    ['uint32', 4294967295, 'ffffffff'],
    ['int32', -18000, 'ffffb9b0'],
    ['boolean', true, '01'],
    ['hex', '01:0A:ff', '010aff'],
    ['hex', '010aff', '010aff'],
    ['hex', '01 0a ff', '010aff'],
    ['domain-list', ['example.com'], '076578616d706c6503636f6d00'],
    ['classless-routes', [{ to: '0.0.0.0/0', via: '10.77.0.1' }], '000a4d0001'],
    ['classless-routes', [{ to: '10.78.0.0/24', via: '10.77.0.2' }], '180a4e000a4d0002'],
  ];
  for (const [type, value, bytes] of cases) {
    test(`${type}: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(encodeOptionValue(type, value), fromHex(bytes));
    });
  }
});

describe('what is wrong is told to people, with an example and its place', () => {
  const cases: readonly [OptionType, unknown, RegExp, string?][] = [
    ['ipv4', '10.77.0', /^expected an IPv4 address such as 10\.77\.0\.1, got "10\.77\.0"$/],
    ['ipv4', '10.77.0.256', /IPv4 address/],
    ['ipv4', '10.77.0.01', /IPv4 address/],
    ['ipv4', 10.77, /got 10\.77$/],
    ['ipv4', undefined, /got undefined$/],
    ['ipv4-list', '10.77.0.1', /a list of IPv4 addresses such as \[10\.77\.0\.1, 10\.77\.0\.2\]/],
    ['ipv4-list', [], /got \[\]$/],
    ['ipv4-list', ['10.77.0.1', 'router'], /got "router"$/, '[1]'],
    ['string', 1500, /quote it if it looks like a number\), not empty, got 1500$/],
    ['string', '', /not empty/],
    ['string', 'a\0b', /a text/],
    ['uint8', 256, /^expected a whole number from 0 to 255, got 256$/],
    ['uint16', '9000', /from 0 to 65535, got "9000"$/],
    ['uint32', 1.5, /whole number/],
    ['int32', 2 ** 31, /from -2147483648 to 2147483647/],
    ['boolean', 'yes', /^expected true or false, got "yes"$/],
    ['hex', '0x01', /hex digits such as "01:0a:ff"/],
    ['hex', '01:0a-ff', /hex digits/],
    ['hex', '010', /hex digits/],
    ['hex', 10, /in quotes, got 10$/],
    ['domain-list', ['example.com', 'ex ample'], /a domain name such as example\.com.*got "ex ample"$/, '[1]'],
    ['domain-list', ['example.com.'], /without a dot at the end/, '[0]'],
    ['domain-list', 'example.com', /a list of domain names/],
    ['domain-list', Array.from({ length: 129 }, (_, index) => `d${index}.com`), /128 at most/],
    ['classless-routes', [{ to: '10.0.0.0/8' }], /a route such as \{ to: 10\.0\.0\.0\/8, via: 10\.77\.0\.1 \}/, '[0]'],
    ['classless-routes', ['10.0.0.0/8 via 10.77.0.1'], /a route such as/, '[0]'],
    ['classless-routes', [{ to: '10.0.0.0/8', via: '10.77.0.1', metric: 1 }], /a route such as/, '[0]'],
    ['classless-routes', [{ to: '10.0.0.1/8', via: '10.77.0.1' }], /with zeros behind its prefix/, '[0].to'],
    ['classless-routes', [{ to: '10.0.0.0/33', via: '10.77.0.1' }], /a network such as/, '[0].to'],
    ['classless-routes', [{ to: '10.0.0.0', via: '10.77.0.1' }], /a network such as/, '[0].to'],
    ['classless-routes', [{ to: '0.0.0.0/0', via: 'gateway' }], /IPv4 address/, '[0].via'],
    ['classless-routes', null, /a list of routes/],
  ];
  for (const [type, value, pattern, at] of cases) {
    test(`${type}: ${JSON.stringify(value)?.slice(0, 60)}`, () => {
      assert.throws(
        () => encodeOptionValue(type, value),
        (error) => error instanceof InvalidOptionValue && pattern.test(error.message) && error.at === (at ?? ''),
      );
    });
  }
});

test('malformed values are refused', () => {
  malformed(() => decodeOptionValue('ipv4', fromHex('0a4d00')), /address wants 4 bytes, 3 are left/);
  malformed(() => decodeOptionValue('ipv4', fromHex('0a4d000100')), /1 bytes too many/);
  malformed(() => decodeOptionValue('ipv4-list', fromHex('')), /has no address/);
  malformed(() => decodeOptionValue('ipv4-list', fromHex('0a4d00010a')), /address wants 4 bytes, 1 are left/);
  malformed(() => decodeOptionValue('uint16', fromHex('23')), /number wants 2 bytes/);
  malformed(() => decodeOptionValue('boolean', fromHex('02')), /a boolean is 2/);
  malformed(() => decodeOptionValue('string', fromHex('ff')), /not UTF-8/);
  malformed(() => decodeOptionValue('string', fromHex('610062')), /a NUL within/);
});

test('NULs behind a text are no part of it', () => {
  assert.equal(decodeOptionValue('string', fromHex('706f64 0000')), 'pod');
  assert.equal(decodeOptionValue('string', fromHex('00')), '');
});

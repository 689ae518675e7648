import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeClasslessRoutes, encodeClasslessRoutes } from '../../../src/codecs/dhcp/classless-routes.ts';
import { decodeClientFqdn, encodeClientFqdn } from '../../../src/codecs/dhcp/client-fqdn.ts';
import { decodeClientIdentifier, encodeClientIdentifier } from '../../../src/codecs/dhcp/client-identifier.ts';
import { decodeDomainSearch, encodeDomainSearch } from '../../../src/codecs/dhcp/domain-search.ts';
import { decodeDuid, encodeDuid } from '../../../src/codecs/dhcp/duid.ts';
import {
  decodeRelayAgentInformation,
  encodeRelayAgentInformation,
} from '../../../src/codecs/dhcp/relay-agent-information.ts';
import { fromHex } from '../golden/from-hex.ts';
import { latin1Bytes, malformed } from '../malformed.ts';

describe('domain search (119, RFC 3397)', () => {
  // The example of RFC 3397 section 2, joined.
  const example = fromHex('03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004');

  test('the example of the RFC, byte for byte', () => {
    assert.deepEqual(encodeDomainSearch(['eng.apple.com', 'marketing.apple.com']), example);
    assert.deepEqual(decodeDomainSearch(example), ['eng.apple.com', 'marketing.apple.com']);
  });

  test('a whole name that was there before is a pointer alone', () => {
    assert.deepEqual(encodeDomainSearch(['a.b', 'b']), fromHex('0161 0162 00 c002'));
  });

  test('pointers that lead nowhere, ahead or in circles are refused', () => {
    malformed(() => decodeDomainSearch(fromHex('c000')), /pointer goes to 0, not back/);
    malformed(() => decodeDomainSearch(fromHex('0161 c000')), /not back/);
    malformed(() => decodeDomainSearch(fromHex('0161 00 c005 00')), /not back/);
    malformed(() => decodeDomainSearch(fromHex('0161 00 c0ff')), /not back/);
    malformed(() => decodeDomainSearch(fromHex('0161 00 c0')), /pointer wants 1 bytes/);
  });

  test('a name that its pointers make too long, and a list that they make endless, are refused', () => {
    const label = fromHex(`3f${'61'.repeat(63)}`);
    const long = Buffer.concat([label, label, label, fromHex('00'), label, fromHex('c000')]);
    malformed(() => decodeDomainSearch(long), /over 253 characters/);
    const many = Buffer.concat([fromHex('0161 00'), ...Array.from({ length: 200 }, () => fromHex('c000'))]);
    malformed(() => decodeDomainSearch(many), /more than 128 names/);
  });

  test('empty names, reserved lengths and odd characters are refused', () => {
    malformed(() => decodeDomainSearch(new Uint8Array(0)), /has no name/);
    malformed(() => decodeDomainSearch(fromHex('00')), /name is empty/);
    malformed(() => decodeDomainSearch(fromHex('4161 00')), /reserved length 65/);
    malformed(() => decodeDomainSearch(fromHex('022e61 00')), /a character that domain names do not have/);
  });

  test('what is no domain name is not encoded', () => {
    for (const name of ['', 'a..b', 'example.com.', 'a b', `${'a'.repeat(64)}.com`, 'é.fr']) {
      assert.throws(() => encodeDomainSearch([name]), RangeError, name);
    }
    assert.throws(() => encodeDomainSearch([]), /1 to 128 names/);
  });
});

describe('classless routes (121, RFC 3442)', () => {
  test('the widths of the RFC: as many octets as the prefix needs', () => {
    const cases: readonly [number, number, string][] = [
      [0, 0, '00'],
      [0x0a000000, 8, '080a'],
      [0x0a000000, 24, '180a0000'],
      [0x0a110000, 16, '100a11'],
      [0x0a1b8100, 24, '180a1b81'],
      [0x0a12ff80, 25, '190a12ff80'],
      [0x0a12ff9b, 32, '200a12ff9b'],
    ];
    for (const [network, prefixLength, bytes] of cases) {
      const route = { network, prefixLength, router: 0x0a4d0001 };
      assert.deepEqual(encodeClasslessRoutes([route]), fromHex(`${bytes}0a4d0001`));
      assert.deepEqual(decodeClasslessRoutes(fromHex(`${bytes}0a4d0001`)), [route]);
    }
  });

  test('bits behind the prefix are zeroed by the reader and refused by the writer', () => {
    assert.equal(decodeClasslessRoutes(fromHex('0c0aff 0a4d0001'))[0]?.network, 0x0af00000);
    assert.throws(
      () => encodeClasslessRoutes([{ network: 0x0aff0000, prefixLength: 12, router: 1 }]),
      /bits behind its prefix/,
    );
  });

  test('malformed', () => {
    malformed(() => decodeClasslessRoutes(new Uint8Array(0)), /has no route/);
    malformed(() => decodeClasslessRoutes(fromHex('210a0000000a4d0001')), /prefix length is 33/);
    malformed(() => decodeClasslessRoutes(fromHex('180a00')), /network wants 1 bytes/);
    malformed(() => decodeClasslessRoutes(fromHex('000a4d00')), /router wants 4 bytes/);
  });
});

describe('relay agent information (82)', () => {
  const bytes = fromHex('0103 6c616e 0206 525400770001 0504 0a4e0000 0b04 0a4e0001 9702 0061');
  const information = {
    circuitId: latin1Bytes('lan'),
    remoteId: fromHex('525400770001'),
    linkSelection: 0x0a4e0000,
    serverIdentifierOverride: 0x0a4e0001,
    others: new Map([[0x97, fromHex('0061')]]),
  };

  test('each sub-option by its name, unknown ones by code', () => {
    assert.deepEqual(decodeRelayAgentInformation(bytes), information);
    assert.deepEqual(encodeRelayAgentInformation(information), bytes);
  });

  test('0 and 255 are codes like any other: there is no padding and no END', () => {
    assert.deepEqual(
      decodeRelayAgentInformation(fromHex('0001aa ff01bb')).others,
      new Map([
        [0, fromHex('aa')],
        [255, fromHex('bb')],
      ]),
    );
  });

  test('malformed', () => {
    malformed(() => decodeRelayAgentInformation(fromHex('01046c616e')), /sub-option 1 wants 4 bytes, 3 are left/);
    malformed(() => decodeRelayAgentInformation(fromHex('0503 0a4e00')), /link selection of DHCP option 82/);
    malformed(() => decodeRelayAgentInformation(fromHex('0505 0a4e000000')), /1 bytes too many/);
  });
});

describe('client identifier (61)', () => {
  const cases: readonly [string, string, unknown][] = [
    ["iPXE's", '01 525400770001', { form: 'hardware', htype: 1, address: fromHex('525400770001') }],
    [
      "a PXE ROM's",
      '00 33221100 5544 7766 8899aabbccddeeff',
      { form: 'uuid', uuid: '00112233-4455-6677-8899-aabbccddeeff' },
    ],
    [
      "an installer's (RFC 4361)",
      'ff 00770001 0001 0001 2b3c4d5e 525400770001',
      {
        form: 'duid',
        iaid: 0x00770001,
        duid: { kind: 'link-layer-time', htype: 1, time: 0x2b3c4d5e, address: fromHex('525400770001') },
      },
    ],
    [
      "FlexBoot's on Infiniband (RFC 4390): the vendor's number and the GUID",
      'ff 00000000 0002 000002c9 00 0002c90300a1b2c3',
      {
        form: 'duid',
        iaid: 0,
        duid: { kind: 'enterprise', enterprise: 0x2c9, identifier: fromHex('000002c90300a1b2c3') },
      },
    ],
    ['a text behind type 0', '00 6e6f646531', { form: 'opaque', type: 0, value: latin1Bytes('node1') }],
    ['type 255 without a DUID', 'ff 0000', { form: 'opaque', type: 255, value: fromHex('0000') }],
    [
      'type 255 and a DUID that is cut',
      'ff 00000000 0001 0001',
      { form: 'opaque', type: 255, value: fromHex('0000000000010001') },
    ],
  ];
  for (const [name, bytes, identifier] of cases) {
    test(name, () => {
      const decoded = decodeClientIdentifier(fromHex(bytes));
      assert.deepEqual(decoded, identifier);
      assert.deepEqual(encodeClientIdentifier(decoded), fromHex(bytes));
    });
  }

  test('one byte identifies nobody', () => {
    malformed(() => decodeClientIdentifier(fromHex('01')), /2 are the least/);
    assert.throws(() => encodeClientIdentifier({ form: 'hardware', htype: 1, address: new Uint8Array(0) }), RangeError);
    assert.throws(() => encodeClientIdentifier({ form: 'hardware', htype: 255, address: fromHex('01') }), RangeError);
  });

  test('a DUID has a type and 1 to 128 bytes', () => {
    malformed(() => decodeDuid(fromHex('0003')), /has 2 bytes, not 3 to 130/);
    malformed(() => decodeDuid(new Uint8Array(131)), /has 131 bytes/);
    malformed(() => decodeDuid(fromHex('0004 7700')), /UUID wants 16 bytes/);
    malformed(() => decodeDuid(new Uint8Array([0, 4, ...new Uint8Array(17)])), /a UUID has 16 bytes/);
    assert.throws(() => encodeDuid({ kind: 'other', type: 9, identifier: new Uint8Array(0) }), RangeError);
  });
});

describe('client FQDN (81, RFC 4702)', () => {
  const flags = { serverUpdates: false, overridden: false, noUpdates: false };

  test('in DNS wire form: whole, and as a host name alone', () => {
    assert.deepEqual(decodeClientFqdn(fromHex('05 00 00 05 6e6f646531 04 706f6431 00')), {
      ...flags,
      serverUpdates: true,
      encoding: 'wire',
      name: 'node1.pod1',
      fullyQualified: true,
    });
    assert.deepEqual(decodeClientFqdn(fromHex('0c 00 00 05 6e6f646531')), {
      ...flags,
      noUpdates: true,
      encoding: 'wire',
      name: 'node1',
      fullyQualified: false,
    });
  });

  test('in ASCII, with the NUL that Windows adds', () => {
    const bytes = Buffer.concat([fromHex('00 00 00'), latin1Bytes('node1.pod1\0')]);
    assert.deepEqual(decodeClientFqdn(bytes), {
      ...flags,
      encoding: 'ascii',
      name: 'node1.pod1',
      fullyQualified: true,
    });
    assert.equal(decodeClientFqdn(Buffer.concat([fromHex('00ffff'), latin1Bytes('node1')])).fullyQualified, false);
  });

  test('a client that has no name asks for one', () => {
    for (const bytes of ['00 00 00', '04 00 00', '04 00 00 00', '00 00 00 00']) {
      assert.deepEqual(
        [decodeClientFqdn(fromHex(bytes)).name, decodeClientFqdn(fromHex(bytes)).fullyQualified],
        ['', false],
      );
    }
  });

  test('an answer has 255 for both RCODEs', () => {
    const fqdn = { ...flags, overridden: true, encoding: 'wire', name: 'node1', fullyQualified: false } as const;
    assert.deepEqual(encodeClientFqdn(fqdn), fromHex('06 ffff 05 6e6f646531'));
  });

  test('malformed', () => {
    malformed(() => decodeClientFqdn(fromHex('0400')), /RCODE1 and RCODE2 wants 2 bytes/);
    malformed(() => decodeClientFqdn(fromHex('04 0000 05 6e6f')), /label wants 5 bytes/);
    malformed(() => decodeClientFqdn(fromHex('04 0000 c000')), /pointers are not allowed/);
    malformed(() => decodeClientFqdn(fromHex('04 0000 0161 00 0162')), /bytes behind the end/);
    malformed(() => decodeClientFqdn(fromHex('00 0000 61206262')), /no domain name/);
  });
});

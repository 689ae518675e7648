import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { architectureName, decodeClientArchitectures } from '../../../src/codecs/dhcp/client-architecture.ts';
import { decodeClientMachineId, encodeClientMachineId } from '../../../src/codecs/dhcp/client-machine-id.ts';
import { decodeIpxeOptions, encodeIpxeOptions } from '../../../src/codecs/dhcp/ipxe-options.ts';
import {
  DiscoveryControl,
  decodePxeVendorOptions,
  encodePxeVendorOptions,
} from '../../../src/codecs/dhcp/pxe-vendor-options.ts';
import { decodeUserClass, encodeUserClass } from '../../../src/codecs/dhcp/user-class.ts';
import { decodeVendorClass, encodeVendorClass } from '../../../src/codecs/dhcp/vendor-class.ts';
import { fromHex } from '../golden/from-hex.ts';
import { latin1Bytes, malformed } from '../malformed.ts';

describe('user class (77)', () => {
  test("iPXE's is bare", () => {
    assert.deepEqual(decodeUserClass(latin1Bytes('iPXE')), { framing: 'bare', classes: ['iPXE'] });
    assert.deepEqual(encodeUserClass({ framing: 'bare', classes: ['iPXE'] }), latin1Bytes('iPXE'));
  });

  test('as RFC 3004 has it', () => {
    const bytes = fromHex('04 69505845 03 6f6e65');
    assert.deepEqual(decodeUserClass(bytes), { framing: 'rfc3004', classes: ['iPXE', 'one'] });
    assert.deepEqual(encodeUserClass({ framing: 'rfc3004', classes: ['iPXE', 'one'] }), bytes);
  });

  test('lengths that do not come out even are a bare text', () => {
    assert.equal(decodeUserClass(fromHex('03 6f6e')).framing, 'bare');
    assert.equal(decodeUserClass(fromHex('03 6f6e65 00')).framing, 'bare');
  });

  test('an empty option is malformed, and no class can be empty', () => {
    malformed(() => decodeUserClass(new Uint8Array(0)), /has no class/);
    assert.throws(() => encodeUserClass({ framing: 'rfc3004', classes: ['a', ''] }), RangeError);
    assert.throws(() => encodeUserClass({ framing: 'bare', classes: ['a', 'b'] }), RangeError);
    assert.throws(() => encodeUserClass({ framing: 'rfc3004', classes: ['a'.repeat(256)] }), RangeError);
  });
});

describe('client machine id (97)', () => {
  test('the first three fields are little-endian', () => {
    const bytes = fromHex('00 33221100 5544 7766 8899aabbccddeeff');
    assert.equal(decodeClientMachineId(bytes), '00112233-4455-6677-8899-aabbccddeeff');
    assert.deepEqual(encodeClientMachineId('00112233-4455-6677-8899-AABBCCDDEEFF'), bytes);
  });

  test('another length or type is malformed', () => {
    malformed(() => decodeClientMachineId(new Uint8Array(16)), /has 16 bytes, not 17/);
    malformed(() => decodeClientMachineId(new Uint8Array(17).fill(1)), /type 1/);
    assert.throws(() => encodeClientMachineId('77'), /expected a UUID such as/);
  });
});

describe('client architecture (93)', () => {
  test('names for people, also of those that nobody knows', () => {
    assert.equal(architectureName(7), 'x86-64 UEFI');
    assert.equal(architectureName(19), 'ARM 64-bit UEFI, HTTP boot');
    assert.equal(architectureName(4711), 'architecture 4711');
  });

  test('an empty list or half a number is malformed', () => {
    malformed(() => decodeClientArchitectures(new Uint8Array(0)), /wants 2 bytes, 0 are left/);
    malformed(() => decodeClientArchitectures(fromHex('000700')), /wants 2 bytes, 1 are left/);
  });
});

describe('vendor class (60)', () => {
  test("a boot client's parts", () => {
    assert.deepEqual(decodeVendorClass(latin1Bytes('PXEClient:Arch:00007:UNDI:003010')), {
      text: 'PXEClient:Arch:00007:UNDI:003010',
      bootClient: 'PXEClient',
      architecture: 7,
      undi: { major: 3, minor: 10 },
    });
    assert.deepEqual(decodeVendorClass(latin1Bytes('HTTPClient')), { text: 'HTTPClient', bootClient: 'HTTPClient' });
    assert.deepEqual(decodeVendorClass(latin1Bytes('PXEClient:Arch:00000')), {
      text: 'PXEClient:Arch:00000',
      bootClient: 'PXEClient',
      architecture: 0,
    });
  });

  test('others are a text, and only what is printable of it', () => {
    assert.deepEqual(decodeVendorClass(latin1Bytes('PXEClientele')), { text: 'PXEClientele' });
    assert.deepEqual(decodeVendorClass(latin1Bytes('dhcpcd-9\x1b[2J\n\xff')), { text: 'dhcpcd-9[2J' });
  });

  test('malformed details do not hide the client', () => {
    assert.deepEqual(decodeVendorClass(latin1Bytes('PXEClient:Arch:7')), {
      text: 'PXEClient:Arch:7',
      bootClient: 'PXEClient',
    });
  });

  test('encoded', () => {
    assert.deepEqual(
      encodeVendorClass('PXEClient', 7, { major: 3, minor: 0 }),
      latin1Bytes('PXEClient:Arch:00007:UNDI:003000'),
    );
    assert.deepEqual(encodeVendorClass('HTTPClient'), latin1Bytes('HTTPClient'));
    assert.throws(() => encodeVendorClass('PXEClient', 100000), RangeError);
  });
});

describe('PXE vendor options (43)', () => {
  test('no menu, no discovery: boot the file of the offer', () => {
    const options = { discoveryControl: DiscoveryControl.USE_BOOT_FILE, others: new Map() };
    assert.deepEqual(encodePxeVendorOptions(options), fromHex('060108 ff'));
    assert.deepEqual(decodePxeVendorOptions(fromHex('060108 ff')), options);
  });

  test('boot servers, menu, prompt and boot item', () => {
    const bytes = fromHex(`
      080e 0001 02 0a4d0001 0a4d0002 0000 00
      090c 0000 03 706f64 0001 00 0002 00
      0a03 05 4f4b
      4704 0001 0002 ff`);
    assert.deepEqual(decodePxeVendorOptions(bytes), {
      bootServers: [
        { type: 1, addresses: [0x0a4d0001, 0x0a4d0002] },
        { type: 0, addresses: [] },
      ],
      bootMenu: [
        { type: 0, description: 'pod' },
        { type: 1, description: '' },
        { type: 2, description: '' },
      ],
      menuPrompt: { timeoutSeconds: 5, prompt: 'OK' },
      bootItem: { type: 1, layer: 2 },
      others: new Map(),
    });
  });

  test('padding is skipped, END may be missing, nothing behind END is read', () => {
    assert.equal(decodePxeVendorOptions(fromHex('00 00 060108')).discoveryControl, 8);
    assert.equal(decodePxeVendorOptions(fromHex('060108 ff 0701')).discoveryMulticast, undefined);
  });

  test('malformed', () => {
    malformed(() => decodePxeVendorOptions(fromHex('0601')), /sub-option 6 wants 1 bytes/);
    malformed(() => decodePxeVendorOptions(fromHex('06020808')), /1 bytes too many/);
    malformed(() => decodePxeVendorOptions(fromHex('0807 0001 02 0a4d0001')), /boot server wants 4 bytes, 0 are left/);
    malformed(() => decodePxeVendorOptions(fromHex('0904 0000 05 61')), /description wants 5 bytes/);
  });

  test('a menu that does not fit into 255 bytes is refused', () => {
    const bootMenu = Array.from({ length: 20 }, () => ({ type: 1, description: 'a boot menu entry' }));
    assert.throws(() => encodePxeVendorOptions({ bootMenu, others: new Map() }), /beyond the limit of 255/);
  });
});

describe('iPXE options (175)', () => {
  test('features, version and bus id', () => {
    const bytes = fromHex('b105 0110221000 eb03 010000 130101 180101 240101');
    assert.deepEqual(decodeIpxeOptions(bytes), {
      features: ['http', 'bzimage', 'efi'],
      version: '1.0.0',
      others: new Map([[0xb1, fromHex('0110221000')]]),
    });
  });

  test('to iPXE: wait for no proxyDHCP', () => {
    assert.deepEqual(encodeIpxeOptions({ features: [], noProxyDhcp: true, others: new Map() }), fromHex('b00101 ff'));
  });

  test('a feature that is switched off is none', () => {
    assert.deepEqual(decodeIpxeOptions(fromHex('140100 ff')), {
      features: [],
      others: new Map([[0x14, fromHex('00')]]),
    });
  });

  test('malformed', () => {
    malformed(() => decodeIpxeOptions(fromHex('eb02 0100')), /patch wants 1 bytes/);
    malformed(() => decodeIpxeOptions(fromHex('b000')), /flag wants 1 bytes/);
    assert.throws(() => encodeIpxeOptions({ features: ['warp'], others: new Map() }), /no feature "warp"/);
    assert.throws(() => encodeIpxeOptions({ features: [], version: '1.0', others: new Map() }), /no iPXE version/);
  });
});

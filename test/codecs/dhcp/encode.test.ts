import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { encodeDhcp, messageLimit } from '../../../src/codecs/dhcp/encode.ts';
import type { DhcpOptions } from '../../../src/codecs/dhcp/message.ts';
import { dhcpMessage, message } from './messages.ts';

const filled = (length: number, value = 0x61) => new Uint8Array(length).fill(value);

/** Codes as they stand in the options field, 52 among them. */
function codesOnWire(packet: Uint8Array, start = 240): number[] {
  const codes: number[] = [];
  for (let at = start; packet[at] !== 255; at += 2 + packet[at + 1]!) codes.push(packet[at]!);
  return codes;
}

function options(...entries: readonly [number, Uint8Array][]): DhcpOptions {
  return new Map(entries);
}

test('decode after encode gives the message again, save what was reported as dropped', () => {
  fc.assert(
    fc.property(dhcpMessage, fc.option(fc.integer({ min: 0, max: 0xffff }), { nil: undefined }), (original, max) => {
      const dropped: number[] = [];
      const packet = encodeDhcp(original, { dropped, ...(max !== undefined && { maxMessageBytes: max }) });
      assert.ok(packet.length >= 300 && packet.length <= messageLimit(max), `${packet.length} bytes`);
      const kept = new Map([...original.options].filter(([code]) => !dropped.includes(code)));
      assert.deepEqual(decodeDhcp(packet), { ...original, options: kept });
    }),
    { numRuns: 500 },
  );
});

test('nothing is dropped, and nothing overloaded, while there is room', () => {
  fc.assert(
    fc.property(dhcpMessage, (original) => {
      const bytes = [...original.options.values()].reduce((sum, { length }) => sum + length + 6, 0);
      fc.pre(bytes <= 1472 - 241);
      const dropped: number[] = [];
      const packet = encodeDhcp(original, { maxMessageBytes: 1500, dropped });
      assert.deepEqual(dropped, []);
      assert.ok(!codesOnWire(packet).includes(52));
    }),
  );
});

test('a short message is padded to the 300 bytes of BOOTP', () => {
  const packet = encodeDhcp(message({ options: options([53, Uint8Array.of(2)]) }));
  assert.equal(packet.length, 300);
  assert.deepEqual([...packet.subarray(236, 244)], [99, 130, 83, 99, 53, 1, 2, 255]);
  assert.ok(packet.subarray(244).every((byte) => byte === 0));
});

test('53 comes first, then 54, the others by code, and 82 last, whatever the order they were given in', () => {
  const codes = [82, 175, 3, 54, 1, 60, 53, 51, 121, 224];
  const packet = encodeDhcp(
    message({ options: options(...codes.map((code) => [code, filled(4)] as [number, Uint8Array])) }),
  );
  assert.deepEqual(codesOnWire(packet), [53, 54, 1, 3, 51, 60, 121, 175, 224, 82]);
});

test('a buffer is written into from its start, and the bytes of an earlier message are gone', () => {
  const into = new Uint8Array(1472).fill(0xee);
  const packet = encodeDhcp(message({ file: 'a', options: options([53, Uint8Array.of(5)]) }), { into });
  assert.equal(packet.buffer, into.buffer);
  assert.deepEqual(packet, encodeDhcp(message({ file: 'a', options: options([53, Uint8Array.of(5)]) })));
  assert.throws(() => encodeDhcp(message(), { into: new Uint8Array(299) }), /300 bytes does not fit into 299/);
});

test('a value over 255 bytes is split (RFC 3396)', () => {
  const value = Uint8Array.from({ length: 600 }, (_, at) => at);
  const packet = encodeDhcp(message({ options: options([121, value]) }), { maxMessageBytes: 1500 });
  assert.deepEqual(codesOnWire(packet), [121, 121, 121]);
  assert.deepEqual([packet[241], packet[241 + 257], packet[241 + 514]], [255, 255, 90]);
  assert.deepEqual(decodeDhcp(packet).options.get(121), value);
});

test('option 57 bounds the message: 28 bytes of headers within, never under 576, never over an Ethernet frame', () => {
  assert.equal(messageLimit(undefined), 548);
  assert.equal(messageLimit(100), 548, 'RFC 2132 section 9.10: the least legal value is 576');
  assert.equal(messageLimit(1472), 1444);
  assert.equal(messageLimit(65280), 1472, "EDK2's REQUEST");
});

test('what exceeds the limit goes into file and sname, the least needed first', () => {
  const sent = options(
    [53, Uint8Array.of(2)],
    [54, filled(4)],
    [82, filled(100)],
    [6, filled(180)],
    [224, filled(100)],
    [225, filled(50)],
  );
  const dropped: number[] = [];
  const packet = encodeDhcp(message({ options: sent }), { dropped });
  assert.equal(packet.length <= 548, true);
  assert.deepEqual(dropped, []);
  assert.deepEqual(codesOnWire(packet), [53, 54, 6, 52, 82]);
  assert.deepEqual(codesOnWire(packet, 108), [224]);
  assert.deepEqual(codesOnWire(packet, 44), [225]);
  assert.deepEqual(decodeDhcp(packet).options, sent);
});

test('a field with a text of its own carries no options', () => {
  const sent = options([6, filled(250)], [225, filled(60)]);
  const dropped: number[] = [];
  const packet = encodeDhcp(message({ file: 'bootnetaa64.efi', options: sent }), { dropped });
  const decoded = decodeDhcp(packet);
  assert.equal(decoded.file, 'bootnetaa64.efi');
  assert.deepEqual(decoded.options, sent);
  assert.deepEqual(dropped, []);
  assert.deepEqual(codesOnWire(packet), [6, 52]);
  assert.deepEqual(codesOnWire(packet, 44), [225]);
  assert.equal(packet[240 + 252 + 2], 2, 'option 52 says sname alone');
});

test('an option is spread over the fields before it is dropped', () => {
  const long = Uint8Array.from({ length: 420 }, (_, at) => at);
  const dropped: number[] = [];
  const packet = encodeDhcp(message({ options: options([53, Uint8Array.of(2)], [119, long]) }), { dropped });
  assert.deepEqual(dropped, []);
  assert.deepEqual(decodeDhcp(packet).options.get(119), long);
});

test('the least needed options are dropped and told; the relay gets its own back', () => {
  const sent = options(
    [53, Uint8Array.of(2)],
    [54, filled(4)],
    [51, filled(4)],
    [1, filled(4)],
    [3, filled(4)],
    [82, filled(120)],
    [200, filled(250)],
    [201, filled(250)],
    [67, filled(60)],
  );
  const dropped: number[] = [];
  const packet = encodeDhcp(message({ file: 'x', sname: 'y', options: sent }), { dropped });
  assert.ok(packet.length <= 548);
  assert.deepEqual(dropped, [200, 201]);
  assert.deepEqual(codesOnWire(packet), [53, 54, 1, 3, 51, 67, 82]);
});

test('a huge option 82 is dropped, not thrown over: any client can send one', () => {
  // 400 bytes would fit over all fields, but relays look into one of them.
  for (const size of [400, 1400]) {
    const dropped: number[] = [];
    const packet = encodeDhcp(message({ options: options([53, Uint8Array.of(2)], [82, filled(size)]) }), { dropped });
    assert.deepEqual(dropped, [82]);
    assert.deepEqual(codesOnWire(packet), [53]);
  }
});

test('an empty option is never lost without a word', () => {
  const dropped: number[] = [];
  const sent = options([53, filled(303)], [80, filled(0)]);
  const packet = encodeDhcp(message({ file: 'x', sname: 'y', options: sent }), { dropped });
  assert.deepEqual(dropped, [80], 'the other one leaves no room, not even for its code');
  assert.deepEqual(decodeDhcp(packet).options, options([53, filled(303)]));
});

test('a message that can not be written is a mistake of the caller', () => {
  assert.throws(() => encodeDhcp(message({ hlen: 5 })), /chaddr has 6 bytes and hlen is 5/);
  assert.throws(() => encodeDhcp(message({ hlen: 17, chaddr: filled(17) })), /16 at most/);
  assert.throws(() => encodeDhcp(message({ file: 'x'.repeat(128) })), /file has 128 bytes, 127 fit/);
  assert.throws(() => encodeDhcp(message({ sname: 'x'.repeat(64) })), /sname has 64 bytes, 63 fit/);
  assert.throws(() => encodeDhcp(message({ file: 'a\0b' })), /NUL/);
  assert.throws(() => encodeDhcp(message({ file: 'a\u2013b' })), /beyond Latin-1 at 1/);
  for (const code of [0, 52, 255]) {
    assert.throws(() => encodeDhcp(message({ options: options([code, filled(1)]) })), /0, 52 and 255/);
    const large = options([code, filled(1)], [12, filled(1000)]);
    assert.throws(() => encodeDhcp(message({ options: large })), /0, 52 and 255/, 'also where it does not fit');
  }
});

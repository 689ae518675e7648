import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MalformedPacket } from '../../src/codecs/malformed-packet.ts';
import { type Check, checkDhcp, checkTftp, checkTypedValue, optionTargets } from '../fuzz/codec-targets.ts';
import { checkDnsMessage, checkDnsQuery } from '../fuzz/dns-targets.ts';
import { goldenDhcp } from './golden/dhcp.ts';
import { goldenDnsAnswers, goldenDnsQueries } from './golden/dns.ts';
import { goldenTftp } from './golden/tftp.ts';

/** Cuts the bytes at each place: what is left is decoded, or refused as malformed; nothing else may happen. */
function cutEverywhere(bytes: Uint8Array, check: Check): { decoded: number; malformed: number } {
  let decoded = 0;
  let malformed = 0;
  for (let length = 0; length <= bytes.length; length += 1) {
    try {
      // A copy of just this length: reading on would find nothing there.
      check(bytes.slice(0, length));
      decoded += 1;
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw new Error(`cut at ${length}`, { cause: error });
      malformed += 1;
    }
  }
  return { decoded, malformed };
}

describe('a packet that is cut at each byte is decoded or refused as malformed', () => {
  for (const [name, packet] of Object.entries(goldenDhcp)) {
    test(`DHCP: ${name}`, () => {
      const { decoded, malformed } = cutEverywhere(packet, checkDhcp);
      assert.ok(malformed >= 236, 'all of the header is needed');
      assert.ok(decoded >= 5, 'a message may end between two options');
    });
  }
  for (const [name, packet] of Object.entries(goldenTftp)) {
    test(`TFTP: ${name}`, () => {
      assert.ok(cutEverywhere(packet, checkTftp).malformed >= 2, 'the opcode is needed');
    });
  }
  for (const [name, packet] of Object.entries(goldenDnsQueries)) {
    test(`DNS query: ${name}`, () => {
      assert.deepEqual(cutEverywhere(packet, checkDnsQuery), { decoded: 1, malformed: packet.length });
    });
  }
  for (const [name, packet] of Object.entries(goldenDnsAnswers)) {
    test(`DNS answer: ${name}`, () => {
      assert.deepEqual(cutEverywhere(packet, checkDnsMessage), { decoded: 1, malformed: packet.length });
    });
  }
  for (const { code, check, seeds } of optionTargets) {
    test(`DHCP option ${code}`, () => {
      for (const seed of seeds) {
        assert.ok(cutEverywhere(seed, check).decoded >= 1, 'whole it is well-formed');
        const typed = checkTypedValue(code);
        if (typed !== undefined) cutEverywhere(seed, typed);
      }
    });
  }
});

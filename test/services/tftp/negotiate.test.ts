import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { negotiate } from '../../../src/services/tftp/negotiate.ts';

const LIMITS = { maxBlockBytes: 1468, maxWindowBlocks: 64 };

function granted(options: Record<string, string>, limits = LIMITS, sizeBytes: number | undefined = 1_000_000) {
  const result = negotiate(new Map(Object.entries(options)), sizeBytes, limits);
  return { ...result, granted: Object.fromEntries(result.granted) };
}

describe('negotiation of TFTP options', () => {
  it('runs with 512 bytes in lockstep, and sends no OACK, where nothing is asked for', () => {
    assert.deepEqual(granted({}), {
      blockBytes: 512,
      windowBlocks: 1,
      timeoutMs: undefined,
      sizeAsked: false,
      granted: {},
    });
  });

  it("grants OVMF's request for the size", () => {
    const result = granted({ tsize: '0', blksize: '1468', windowsize: '4' });
    assert.deepEqual(result.granted, { tsize: '1000000', blksize: '1468', windowsize: '4' });
    assert.equal(result.sizeAsked, true);
  });

  it('answers in the order of the request, unknown options left out', () => {
    const asked = { windowsize: '2', 'x-vendor': '1', multicast: '', timeout: '5', blksize: '1024' };
    assert.deepEqual(Object.keys(granted(asked).granted), ['windowsize', 'timeout', 'blksize']);
  });

  const cases: [option: string, value: string, answer: string | undefined][] = [
    ['blksize', '7', undefined],
    ['blksize', '8', '8'],
    ['blksize', '1468', '1468'],
    ['blksize', '1469', '1468'],
    ['blksize', '65464', '1468'],
    ['blksize', '999999', '1468'],
    ['blksize', '', undefined],
    ['blksize', '-1', undefined],
    ['blksize', '0x400', undefined],
    ['blksize', '1e3', undefined],
    ['blksize', '99999999999999999999', undefined],
    ['windowsize', '0', undefined],
    ['windowsize', '1', '1'],
    ['windowsize', '64', '64'],
    ['windowsize', '65535', '64'],
    ['windowsize', '65536', undefined],
    ['timeout', '0', undefined],
    ['timeout', '1', '1'],
    ['timeout', '255', '255'],
    ['timeout', '256', undefined],
    ['tsize', '0', '1000000'],
    ['tsize', '77', '1000000'],
    ['tsize', 'none', undefined],
  ];
  for (const [option, value, answer] of cases) {
    it(`${answer === undefined ? 'ignores' : 'answers'} ${option} "${value}"${answer === undefined ? '' : ` with ${answer}`}`, () => {
      assert.deepEqual(granted({ [option]: value }).granted, answer === undefined ? {} : { [option]: answer });
    });
  }

  it('does not grant tsize where the size is not known', () => {
    const result = negotiate(new Map([['tsize', '0']]), undefined, LIMITS);
    assert.equal(result.granted.size, 0);
    assert.equal(result.sizeAsked, false);
  });

  it('never grants more than was asked for, more than is allowed, or a window in which block numbers are ambiguous', () => {
    const number = fc.integer({ min: 0, max: 100_000 });
    const limits = fc.record({
      maxBlockBytes: fc.integer({ min: 8, max: 65_464 }),
      maxWindowBlocks: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(number, number, limits, (blksize, windowsize, limit) => {
        const result = granted({ blksize: String(blksize), windowsize: String(windowsize) }, limit);
        assert.ok(result.blockBytes >= 8 && result.blockBytes <= Math.max(512, limit.maxBlockBytes));
        assert.ok(result.windowBlocks >= 1 && result.windowBlocks <= Math.min(limit.maxWindowBlocks, 32_767));
        if (result.granted.blksize !== undefined) assert.ok(Number(result.granted.blksize) <= blksize);
        if (result.granted.windowsize !== undefined) assert.ok(Number(result.granted.windowsize) <= windowsize);
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { InvalidInput } from '../../src/domain/errors.ts';
import { expandHostlist } from '../../src/domain/hostlist.ts';

const READ: readonly (readonly [string, string])[] = [
  ['dgx01', 'dgx01'],
  ['dgx[01-03]', 'dgx01 dgx02 dgx03'],
  ['dgx[8-11]', 'dgx8 dgx9 dgx10 dgx11'],
  ['dgx[08-11]', 'dgx08 dgx09 dgx10 dgx11'],
  ['dgx[098-101]', 'dgx098 dgx099 dgx100 dgx101'],
  ['dgx[99-101]', 'dgx99 dgx100 dgx101'],
  ['dgx[01-02,7,0010]', 'dgx01 dgx02 dgx7 dgx0010'],
  ['r[1-2]-dgx[1-2]', 'r1-dgx1 r1-dgx2 r2-dgx1 r2-dgx2'],
  ['[1-2]a', '1a 2a'],
  ['dgx[1-2].pod1.example.com', 'dgx1.pod1.example.com dgx2.pod1.example.com'],
  ['b,a,b, a[1],  c', 'b a a1 c'],
  ['dgx[ 1 - 2 , 4 ]', 'dgx1 dgx2 dgx4'],
  ['login*,mgmt?', 'login* mgmt?'],
  [',dgx1,,', 'dgx1'],
];

describe('a list of hosts', () => {
  for (const [text, names] of READ) {
    it(`${text} stands for ${names}`, () => assert.deepEqual(expandHostlist(text), names.split(' ')));
  }

  const refused: readonly (readonly [string, RegExp])[] = [
    ['', /names nothing/],
    [' , ', /names nothing/],
    ['dgx[1-2', /“dgx\[1-2” is never closed/],
    ['dgx1-2]', /never opened/],
    ['dgx[1-[2]]', /within brackets/],
    ['dgx[]', /neither a number/],
    ['dgx[1-]', /neither a number/],
    ['dgx[a-c]', /“a-c”/],
    ['dgx[1,,2]', /neither/],
    ['dgx[3-1]', /runs backwards/],
    ['dgx[001-10]', /padded on one side/],
    ['dgx[1-010]', /padded on one side/],
    ['dgx[1-99999999999999999]', /more than 15 digits/],
    ['dgx[1-999999999]', /more than 65536 names/],
    ['a[1-300]b[1-300]', /more than 65536 names/],
    [`a[${'1-60000,'.repeat(3)}1]`, /more than 65536 names/],
    ['x'.repeat(70_000), /longer than/],
  ];
  for (const [text, reason] of refused) {
    it(`${text.slice(0, 30)} is refused with the reason and an example`, () => {
      assert.throws(
        () => expandHostlist(text, { path: '?name' }),
        (error) => {
          assert.ok(error instanceof InvalidInput);
          const [problem] = error.problems;
          assert.equal(problem?.path, '?name');
          assert.match(problem?.message ?? '', reason);
          assert.match(problem?.mend ?? '', /dgx\[01-32\]/);
          return true;
        },
      );
    });
  }

  it('has the bound that is asked for', () => {
    assert.equal(expandHostlist('a[1-10]', { maxNames: 10 }).length, 10);
    assert.throws(() => expandHostlist('a[1-10],b', { maxNames: 10 }), InvalidInput);
  });

  it('of any text is read or refused, quickly, and what is read is within the bound', () => {
    const piece = fc.constantFrom('dgx', '[', ']', '-', ',', '0', '1', '9', '12', '007', ' ', '*', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        try {
          const names = expandHostlist(pieces.join(''), { maxNames: 500 });
          assert.ok(names.length > 0 && names.length <= 500);
          assert.equal(new Set(names).size, names.length);
        } catch (error) {
          assert.ok(error instanceof InvalidInput, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OutputMask } from '../../../src/runners/catalogue/output-mask.ts';

const TOKEN = { name: 'token', pattern: /Access token: (\S+)/ };

describe('output without its secrets', () => {
  test('a token is put aside and stands nowhere, not in later lines either', () => {
    const mask = new OutputMask([TOKEN]);
    const out = `${mask.push('Dashboard is at https://x\nAccess token: eyJhb')}${mask.push('Gci.x\nagain eyJhbGci.x!\n')}${mask.end()}`;
    assert.equal(out, 'Dashboard is at https://x\nAccess token: [shown once: token]\nagain [shown once: token]!\n');
    assert.deepEqual(mask.found, { token: 'eyJhbGci.x' });
  });

  test('however the output is cut into pieces, the secret never comes out', () => {
    const text = `begin\nAccess token: SECRET-VALUE-1\nmore SECRET-VALUE-1 here\nend`;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const mask = new OutputMask([TOKEN]);
        const places = [0, ...cuts.sort((one, other) => one - other), text.length];
        const out =
          places
            .slice(1)
            .map((to, index) => mask.push(text.slice(places[index], to)))
            .join('') + mask.end();
        assert.doesNotMatch(out, /SECRET/);
        assert.equal(out.split('\n').length, 5);
        assert.equal(mask.found.token, 'SECRET-VALUE-1');
      }),
    );
  });

  test('a line of a megabyte is cut, told, and looked at in its kept part alone', () => {
    const mask = new OutputMask([TOKEN], /never/);
    const out = mask.push(`${'x'.repeat(1_000_000)}Access token: LATE\nshort\n`);
    assert.ok(out.length < 70_000);
    assert.match(out, /\[… 934482 more characters of this line left out\]\nshort\n$/);
    assert.equal(mask.hasSaid, false);
  });

  test('an empty token is none, and it says that it has not said what it says', () => {
    const mask = new OutputMask([TOKEN], /Access token: \S+/);
    mask.push('Access token: \n');
    assert.deepEqual(mask.found, {});
    assert.equal(mask.hasSaid, false);
    mask.push('Access token: abcdef\n');
    assert.equal(mask.hasSaid, true);
  });
});

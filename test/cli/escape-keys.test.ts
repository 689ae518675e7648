import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EscapeKeys } from '../../src/cli/escape-keys.ts';

function read(...pieces: string[]): string[] {
  const keys = new EscapeKeys();
  return pieces.flatMap((piece) =>
    keys
      .read(Buffer.from(piece, 'latin1'))
      .map((typed) => ('action' in typed ? `<${typed.action}>` : Buffer.from(typed.characters).toString('latin1'))),
  );
}

describe('keys of a console', () => {
  test('are commands at the beginning of a line alone', () => {
    assert.deepEqual(read('~.'), ['<end>']);
    assert.deepEqual(read('a~.'), ['a~.']);
    assert.deepEqual(read('a\r~?b'), ['a\r', '<help>', 'b']);
    assert.deepEqual(read('~B~W'), ['<break>', '<write>']);
  });

  test('are commands also where the terminal gives them one by one', () => {
    assert.deepEqual(read('x', '\r', '~', '.'), ['x', '\r', '<end>']);
  });

  test('leave a tilde that is meant: twice, or before anything else', () => {
    assert.deepEqual(read('~~.'), ['~.']);
    assert.deepEqual(read('~/bin\r'), ['~/bin\r']);
  });

  test('change nothing of what has no tilde, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const plain = pieces.map((piece) => piece.replaceAll('~', ''));
        assert.equal(
          read(...plain).join(''),
          Buffer.from(plain.map((p) => Buffer.from(p, 'latin1').toString('latin1')).join(''), 'latin1').toString(
            'latin1',
          ),
        );
      }),
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EndpointMap } from '../../../src/services/tftp/endpoint-map.ts';

const A1 = { address: '10.77.0.1', port: 1 };
const A2 = { address: '10.77.0.1', port: 2 };
const B1 = { address: '10.77.0.2', port: 1 };

describe('values by endpoint', () => {
  it('are told apart by address and by port', () => {
    const map = new EndpointMap<string>();
    map.set(A1, 'a1');
    map.set(A2, 'a2');
    map.set(B1, 'b1');
    assert.deepEqual([map.get({ ...A1 }), map.get(A2), map.get(B1)], ['a1', 'a2', 'b1']);
    assert.equal(map.get({ address: '10.77.0.2', port: 2 }), undefined);
    assert.deepEqual([...map.values()], ['a1', 'a2', 'b1']);
  });

  it('are counted, also those that are undefined, replaced, deleted twice or were never there', () => {
    const map = new EndpointMap<string | undefined>();
    map.set(A1, undefined);
    assert.ok(map.has(A1));
    assert.equal(map.size, 1);
    map.set(A1, 'a1');
    assert.equal(map.size, 1);
    map.set(A2, 'a2');
    map.delete(B1);
    map.delete(A1);
    map.delete(A1);
    assert.equal(map.size, 1);
    assert.ok(!map.has(A1));
    map.delete(A2);
    assert.deepEqual([map.size, ...map.values()], [0]);
  });
});

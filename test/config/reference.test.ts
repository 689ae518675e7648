import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { configurationReference } from '../../src/config/reference.ts';

test('docs/configuration.md is what the schema says', () => {
  const committed = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(committed, configurationReference(), 'run `npm run docs`');
});

test('keys in lists and under names of the operator are in the reference', () => {
  const reference = configurationReference();
  for (const key of ['subnets.<subnet>.pools', 'reservations[].mac', 'interfaces.<interface>.dhcp', 'dhcp.bootp'])
    assert.ok(reference.includes(`| \`${key}\` |`), key);
});

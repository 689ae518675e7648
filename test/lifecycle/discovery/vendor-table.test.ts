import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BootEvent } from '../../../src/domain/events.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import { loadVendorTable } from '../../../src/lifecycle/discovery/load-vendor-table.ts';
import { type VendorTable, VendorTableBuilder } from '../../../src/lifecycle/discovery/vendor-table.ts';
import { Vendors } from '../../../src/lifecycle/discovery/vendors.ts';

const mac = (text: string) => text as MacAddress;
function tableOf(...assignments: readonly (readonly [string, string])[]): VendorTable {
  const builder = new VendorTableBuilder();
  for (const [prefix, owner] of assignments)
    builder.add(prefix.length, Number.parseInt(prefix, 16), Buffer.from(owner));
  return builder.build();
}

let table: VendorTable;
before(async () => {
  table = await loadVendorTable();
});

test('the longest assignment counts: a small block is not the whole range', () => {
  const small = tableOf(
    ['8C1F64', 'IEEE Registration Authority'],
    ['8C1F64FFC', 'A maker of few'],
    ['1006480', 'A maker of some'],
    ['100648', 'IEEE Registration Authority'],
  );
  assert.equal(small.owner(mac('8c:1f:64:ff:c0:01')), 'A maker of few');
  assert.equal(small.owner(mac('8c:1f:64:ff:d0:01')), 'IEEE Registration Authority');
  assert.equal(small.owner(mac('10:06:48:01:00:01')), 'A maker of some');
  assert.equal(small.owner(mac('10:06:48:11:00:01')), 'IEEE Registration Authority');
  assert.equal(small.owner(mac('00:00:00:00:00:01')), undefined);
});

test('an address that software made up has no maker', () => {
  assert.equal(tableOf(['525400', 'Nobody']).owner(mac('52:54:00:77:00:01')), undefined);
});

test('every assignment of the package is read, whatever its owner is called', () => {
  const path = fileURLToPath(import.meta.resolve('oui-data'));
  const registry = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>;
  let compared = 0;
  for (const [prefix, text] of Object.entries(registry)) {
    const digits = prefix.padEnd(12, 'f').toLowerCase();
    const address = mac((digits.match(/../g) ?? []).join(':'));
    if ((Number.parseInt(digits.slice(0, 2), 16) & 2) !== 0) continue;
    // A longer assignment may lie at the end of this one.
    if (
      prefix.length < 9 &&
      [7, 9].some((length) => length > prefix.length && digits.slice(0, length).toUpperCase() in registry)
    )
      continue;
    assert.equal(table.owner(address), text.split('\n')[0], prefix);
    compared += 1;
  }
  assert.ok(compared > 50_000, `${compared} were compared`);
});

test('the table takes less than two megabytes', () => {
  assert.ok(table.sizeBytes < 2_000_000, `${table.sizeBytes} bytes`);
});

test('makers of this trade are found by their names', () => {
  assert.match(table.owner(mac('b8:3f:d2:00:00:01')) ?? '', /Mellanox|NVIDIA/i);
  assert.match(table.owner(mac('d0:94:66:00:00:01')) ?? '', /Dell/);
});

test('without its registry podboot says so once, and goes on', async () => {
  const events: BootEvent[] = [];
  const vendors = new Vendors({ wantsDebug: false, emit: (event) => void events.push(event) }, () =>
    Promise.reject(new Error('ENOENT')),
  );
  await vendors.ready();
  await vendors.ready();
  assert.equal(vendors.of(mac('d0:94:66:00:00:01')), undefined);
  assert.equal(vendors.of(mac('52:54:00:77:00:01')), 'locally administered');
  assert.deepEqual(
    events.map(({ type }) => type),
    ['discovery.no-vendors'],
  );
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Site } from './files.ts';

const HEADING =
  'name,interface,role,mac,address,clientId,circuitId,serialNumber,uuid,rack,position,roles,group,profile,loader,diskMethod,label.row,option.x';
const COLUMNS = HEADING.split(',');
const UUID = '4c4c4544-0032-4d10-8052-b4c04f564433';

/** One row, and what has to be told of it: the column and words of the message. */
type Row = readonly [cells: Readonly<Record<string, string>>, column: string, message: RegExp];

const good = (number: number) => ({
  name: `n${number}`,
  interface: 'eno1',
  mac: `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`,
});
const NOTHING = { mac: '' };

const ROWS: readonly Row[] = [
  [{ name: 'dgx_01' }, 'name', /no host name/],
  [{ name: '-dgx' }, 'name', /begins like a formula/],
  [{ name: '=HYPERLINK("http://x")' }, 'name', /begins like a formula/],
  [{ name: 'a'.repeat(64) }, 'name', /no host name/],
  [{ name: UUID }, 'name', /UUID would be taken/],
  [{ name: 'export' }, 'name', /word of the API/],
  [{ interface: 'eno 1' }, 'interface', /no name of an interface/],
  [{ role: 'storage' }, 'role', /no role/],
  [{ mac: '52:54:00:77:00' }, 'mac', /no MAC address/],
  [{ mac: '52:54:00:77:00:zz' }, 'mac', /no MAC address/],
  [{ mac: '5.254E+11' }, 'mac', /long number: digits are lost/],
  [{ mac: '5,254E+11' }, 'mac', /long number: digits are lost/],
  [{ mac: '5400770001' }, 'mac', /10 digits of 12.*leading zeros/],
  [{ mac: '12-05-2026' }, 'mac', /is a date/],
  [{ mac: '15-Dec' }, 'mac', /is a date/],
  [{ mac: 'N/A' }, 'mac', /no MAC address/],
  [{ mac: '+525400770001' }, 'mac', /begins like a formula/],
  [{ mac: '@A1' }, 'mac', /begins like a formula/],
  [{ mac: '00:02:c9:03:00:00:00:01' }, 'mac', /eight bytes/],
  [{ mac: '52:54:00:77:00:01 52:54:00:77:00:02' }, 'mac', /2 MAC addresses in one cell/],
  [{ mac: '01:00:5e:00:00:01' }, 'mac', /group address/],
  [{ mac: '00:00:00:00:00:00' }, 'mac', /group address or zero/],
  [NOTHING, 'interface', /Nothing tells .* from others/],
  [{ address: '10.77.0' }, 'address', /no IPv4 address/],
  [{ address: '10.77.0.1/24' }, 'address', /no IPv4 address/],
  [{ address: '224.0.0.1' }, 'address', /no address of a host/],
  [{ address: '10.88.0.1' }, 'address', /in no subnet/],
  [{ clientId: 'xyz' }, 'clientId', /bytes in hexadecimal/],
  [{ circuitId: '0' }, 'circuitId', /bytes in hexadecimal/],
  [{ serialNumber: '1.23457E+12' }, 'serialNumber', /long number: digits are lost/],
  [{ serialNumber: '-' }, 'serialNumber', /begins like a formula/],
  [{ uuid: '4c4c4544' }, 'uuid', /no UUID/],
  [{ uuid: '03000200-0400-0500-0006-000700080009' }, 'uuid', /placeholder/],
  [{ rack: 'r'.repeat(129) }, 'rack', /printable characters/],
  [{ position: 'Dec-15' }, 'position', /looks like a date/],
  [{ roles: 'gpu/a100' }, 'roles', /no name of a role/],
  [{ group: 'nope' }, 'group', /no group nope/],
  [{ profile: '=cmd' }, 'profile', /begins like a formula/],
  [{ loader: 'lilo' }, 'loader', /no loader/],
  [{ diskMethod: 'kexec' }, 'diskMethod', /no diskMethod/],
  [{ 'label.row': '@SUM(A1)' }, 'label.row', /begins like a formula/],
  [{ 'label.row': 'x'.repeat(257) }, 'label.row', /printable characters/],
  [{ 'option.x': '+1' }, 'option.x', /begins like a formula/],
];

function line(cells: Readonly<Record<string, string>>): string {
  return COLUMNS.map((column) => {
    const cell = cells[column] ?? '';
    return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }).join(',');
}

it(`a table with ${ROWS.length + 8} kinds of errors tells all of them, each with its line, its column and a mend`, async () => {
  const site = new Site();
  await site.registry.enrol({
    name: 'old',
    serialNumber: 'OLD',
    uuid: UUID,
    interfaces: [{ name: 'eno1', mac: '52:54:00:00:01:01', address: '10.77.1.1' }],
  });
  const rows = ROWS.map(([cells], index) => line({ ...good(index), ...cells }));
  // What is wrong only beside another row, or an enrolled node.
  const between: readonly Row[] = [
    [{ name: 'b0', interface: 'eno1', mac: '52:54:00:00:02:00', serialNumber: 'SN7', rack: 'r1' }, '', /./],
    [{ name: 'b1', interface: 'eno1', mac: '52:54:00:00:02:00' }, 'mac', /belongs to b0 .*line 45/],
    [{ name: 'b2', interface: 'eno1', mac: '52:54:00:00:02:02', serialNumber: 'sn7' }, 'serialNumber', /belongs to b0/],
    [{ name: 'b3', interface: 'eno1', mac: '52:54:00:00:01:01' }, 'mac', /belongs to old/],
    [{ name: 'b4', interface: 'eno1', mac: '52:54:00:00:02:04', address: '10.77.1.1' }, 'address', /belongs to old/],
    [{ name: 'b5', interface: 'eno1', mac: '52:54:00:00:02:05', uuid: UUID }, 'uuid', /belongs to old/],
    [{ name: 'b0', interface: 'eno2', mac: '52:54:00:00:02:06', rack: 'r2' }, 'rack', /another rack in line 45/],
    [{ name: 'b0', interface: 'eno1', mac: '52:54:00:00:02:07' }, 'interface', /the interface eno1 in line 45 too/],
  ];
  const text = [
    HEADING,
    ...rows,
    ...between.map(([cells]) => line(cells)),
    `${line({ name: 'c0', interface: 'eno1', mac: '52:54:00:00:03:00' })},beyond`,
    'c1,eno1,boot,"52:54:00:00:03:01" x',
    '',
  ].join('\r\n');
  const problems = await site.problems(text);
  const at = (wanted: number) =>
    problems.filter((problem) => problem.line === wanted).map(({ column, message }) => `${column}: ${message}`);
  for (const [index, [, column, message]] of [...ROWS, ...between].entries()) {
    if (column === '') continue;
    const found = at(index + 2);
    assert.ok(
      found.some((each) => each.startsWith(`${column}: `) && message.test(each)),
      `line ${index + 2}: ${column} ${message} is not in ${JSON.stringify(found)}`,
    );
  }
  const last = ROWS.length + between.length + 2;
  assert.match(at(last).join(), /“beyond” is in no column/);
  assert.match(at(last + 1).join(), /behind the double quote/);
  for (const problem of problems) assert.ok(problem.mend, `no mend: ${problem.message}`);
  // Nothing is told of what is not wrong: one mistake a row, and two of which another one follows.
  const told = problems.map(({ line: where, column, message }) => `${where} ${column} ${message}`);
  assert.equal(new Set(told).size, told.length, 'told twice');
  assert.ok(told.length <= ROWS.length + 12, told.join('\n'));
  assert.deepEqual(
    problems.map((problem) => problem.line),
    problems.map((problem) => problem.line).sort((one, other) => (one ?? 0) - (other ?? 0)),
  );
  assert.equal(site.registry.size, 1);
});

it('a row that is wrong by itself is told what the configuration has against it too, and each thing once', async () => {
  const site = new Site();
  const problems = await site.problems(
    `${HEADING}\n${[
      line({ ...good(1), uuid: 'x', group: 'nope', address: '10.88.0.1' }),
      line({ ...good(2), address: '224.0.0.1' }),
    ].join('\n')}\n`,
  );
  assert.deepEqual(
    problems.map(({ line: where, column }) => `${where} ${column}`),
    ['2 uuid', '2 group', '2 address', '3 address'],
  );
});

it('a file of which one node could not be read is not called by the name of the other', async () => {
  const site = new Site();
  const file = '{"m01": {"mac": "52:54:00:78:00:01"},\n"m02": {"mac": "52:54:00:.*"}}';
  await assert.rejects(site.import(file), {
    message: 'The list can’t be stored like this; nothing was changed: one problem.',
  });
});

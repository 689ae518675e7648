import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { read, Site } from './files.ts';

let site: Site;
beforeEach(() => {
  site = new Site();
});

describe('a dnsmasq hosts file', () => {
  it('gives nodes with MAC address, client identifier, tag, name and address, in any order', async () => {
    const applied = await site.import(
      '# the pod\n' +
        '52:54:00:77:00:01,dgx01,10.77.0.1,12h\n' +
        '52-54-00-77-00-02,set:dgx,10.77.0.2,dgx02,infinite\n' +
        'id:ff:0:1,ib01 # Infiniband\n' +
        '\n' +
        '52:54:00:77:00:03,id:*,dgx03\n' +
        'id:host4,dgx04,10.77.0.4\n',
    );
    assert.equal(applied.length, 5);
    assert.deepEqual([site.node('dgx02').group, site.node('dgx02').interfaces[0]?.address], ['dgx', 0x0a4d0002]);
    assert.equal(site.node('ib01').interfaces[0]?.clientId, 'ff0001');
    assert.equal(site.node('dgx04').interfaces[0]?.clientId, Buffer.from('host4').toString('hex'));
  });

  it('is read from a dnsmasq.conf too: its other lines are noted', async () => {
    const text =
      'interface=eno2\ndhcp-range=10.77.0.100,10.77.0.199,7200\ndhcp-host=52:54:00:77:00:01,dgx01,10.77.0.1\ndhcp-authoritative\n';
    const reading = read(text);
    assert.equal(reading.format, 'dnsmasq');
    assert.match(reading.notes.map(({ message }) => message).join(), /3 lines that are no dhcp-host/);
    await site.import(text);
    assert.equal(site.registry.size, 1);
  });

  it('joins lines of one name, and knows its interfaces again whatever they are called', async () => {
    const text = '52:54:00:77:00:01,dgx01,10.77.0.1\n52:54:00:77:00:02,dgx01,10.77.0.2\n';
    await site.import(text);
    assert.deepEqual(
      site.node('dgx01').interfaces.map(({ name }) => name),
      ['boot', 'boot2'],
    );
    assert.deepEqual(
      (await site.import(text)).map(({ action }) => action),
      ['unchanged'],
    );
    const named = new Site();
    await named.import('name,interface,mac,address\ndgx01,eno1,52:54:00:77:00:01,10.77.0.1\n');
    const [again] = await named.import('52:54:00:77:00:01,dgx01,10.77.0.1\n');
    assert.equal(again?.action, 'unchanged');
    const [swapped] = await named.import('52:54:00:77:00:09,dgx01,10.77.0.1\n');
    assert.deepEqual(swapped?.changes, ['eno1.mac 52:54:00:77:00:01 → 52:54:00:77:00:09']);
  });

  it('notes lease times and IPv6 addresses, which are not taken over', () => {
    const { notes, problems } = read('52:54:00:77:00:01,dgx01,10.77.0.1,[fd00::1],45m\n');
    assert.equal(problems.length, 0);
    assert.deepEqual(
      notes.map(({ line, message }) => [line, /lease time|IPv6/.exec(message)?.[0]]),
      [
        [1, 'IPv6'],
        [1, 'lease time'],
      ],
    );
  });

  const refused: readonly (readonly [string, RegExp])[] = [
    ['11:22:33:*:*:*,lab', /pattern/],
    ['52:54:00:77:00:01,dgx01,ignore', /ignored/],
    ['52:54:00:77:00:01,tag:red,dgx01', /depend on another/],
    ['52:54:00:77:00:01,52:54:00:77:00:02,dgx01,10.77.0.1', /two MAC addresses/],
    ['52:54:00:77:00:01,dgx01,10.77.0.1,10.77.0.2', /two addresses/],
    ['52:54:00:77:00:01,dgx01,10.77.0.400', /no IPv4 address/],
    ['52:54:00:77:00,dgx01,10.77.0.1', /no MAC address/],
    ['52:54:00:77:00:01,dgx01,dgx02', /second name/],
    ['52:54:00:77:00:01,set:a,set:b,dgx01', /2 tags/],
    ['dgx01,10.77.0.1', /neither a MAC address nor an id/],
    ['52:54:00:77:00:01,dgx_01', /no host name/],
    ['52:54:00:77:00:01,10.77.0.1', /no name/],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, async () => {
      const problems = await site.problems(`# hosts\n${line}\n`, { format: 'dnsmasq' });
      assert.equal(problems.length, 1, JSON.stringify(problems));
      assert.match(problems[0]?.message ?? '', message);
      assert.equal(problems[0]?.line, 2);
      assert.ok(problems[0]?.mend);
    });
  }
});

describe('DGXie’s machines.json', () => {
  const machine = (mac: string) => ({
    mac,
    kernel: 'http://x/vmlinuz',
    initrd: ['http://x/initrd'],
    cmdline: 'auto=true',
  });

  it('gives nodes by their one MAC address, which boot their disk', async () => {
    const text = JSON.stringify(
      { dgx01: machine('52:54:00:77:00:01'), dgx02: machine('^(?:52)$'.replace('(?:52)', '52:54:00:77:00:02')) },
      null,
      2,
    );
    const reading = read(text);
    assert.equal(reading.format, 'machines');
    assert.match(
      reading.notes[0]?.message ?? '',
      /kernel, initrd, cmdline of dgx01 are not taken over: it boots its disk/,
    );
    await site.import(text);
    assert.equal(site.node('dgx02').interfaces[0]?.mac, '52:54:00:77:00:02');
    assert.equal(site.node('dgx01').boot.profile, 'local');
    assert.deepEqual(
      (await site.import(text)).map(({ action }) => action),
      ['unchanged', 'unchanged'],
    );
  });

  it('refuses a pattern, with its line', async () => {
    const text = `{\n  "dgx01": {"mac": "52:54:00:77:00:01"},\n  "any": {\n    "kernel": "x",\n    "mac": "52:54:00:.*"\n  }\n}`;
    const [problem] = await site.problems(text);
    assert.deepEqual([problem?.line, problem?.path], [5, 'mac']);
    assert.match(problem?.message ?? '', /is a pattern: it names no machine/);
  });
});

describe('which format a file is', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['{"nodes": []}', 'json'],
    ['[]', 'json'],
    ['{"name": "a", "interfaces": []}', 'json'],
    ['{"a": {"mac": ".*"}}', 'machines'],
    ['name,mac\n', 'csv'],
    ['\ufeffname;mac\n', 'csv'],
    ['# a comment\nname,mac\n', 'csv'],
    ['# a comment\n52:54:00:77:00:01,dgx01\n', 'dnsmasq'],
    ['set:dgx,525400770001,dgx01\n', 'dnsmasq'],
    ['dhcp-host=52:54:00:77:00:01,dgx01\n', 'dnsmasq'],
  ];
  for (const [text, format] of cases) {
    it(`${JSON.stringify(text)} is ${format}`, () => assert.equal(read(text).format, format));
  }

  it('whoever says another one is believed', () => {
    assert.equal(read('52:54:00:77:00:01,dgx01\n', { format: 'csv' }).format, 'csv');
    assert.throws(() => read('{"name": "a"}', { format: 'machines' }), /can’t be read/);
    assert.throws(() => read('{"nodes": []}', { map: 'a=name' }), /can’t be read/);
  });
});

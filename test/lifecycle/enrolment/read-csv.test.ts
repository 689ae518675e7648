import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { read, Site } from './files.ts';

let site: Site;
beforeEach(() => {
  site = new Site();
});

const macOf = (name: string) => site.node(name).interfaces[0]?.mac;

describe('a table as people save it', () => {
  const cells = [
    ['name', 'mac', 'rack'],
    ['dgx01', '52:54:00:77:00:01', 'r1'],
  ] as const;
  const text = (delimiter: string, end = '\n') => cells.map((row) => row.join(delimiter)).join(end) + end;
  const utf16 = (bigEndian: boolean) => {
    const bytes = Buffer.from(`\ufeff${text('\t', '\r\n')}`, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  };
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    ['commas', text(',')],
    ['semicolons', text(';')],
    ['tabs', text('\t')],
    ['bars', text('|')],
    ['Windows line ends', text(',', '\r\n')],
    ['old Macintosh line ends', text(',', '\r')],
    ['a byte order mark', `\ufeff${text(',')}`],
    ['UTF-16, as a spreadsheet’s Unicode text', utf16(false)],
    ['UTF-16, big endian', utf16(true)],
    ['a separator line', `sep=;\n${text(';')}`],
    ['quoted cells', '"name","mac","rack"\n"dgx01","52:54:00:77:00:01","r1"\n'],
    ['spaces around cells', 'name , mac,rack\n dgx01 ,52:54:00:77:00:01 , r1\n'],
    ['no line end at the end', text(',').trimEnd()],
    ['empty lines and rows', `\n${text(',')}\n,,\n\n`],
    ['comments before the heading', `# ours, 2026\n"# and this"\n${text(',')}`],
    ['a short row', 'name,mac,rack,position,serialNumber\ndgx01,52:54:00:77:00:01,r1\n'],
    ['capital headings', text(',').replace('name,mac,rack', 'NAME,Mac,Rack')],
  ];
  for (const [name, file] of files) {
    it(name, async () => {
      const [applied] = await site.import(file);
      assert.equal(applied?.action, 'created');
      assert.deepEqual([macOf('dgx01'), site.node('dgx01').rack], ['52:54:00:77:00:01', 'r1']);
    });
  }

  it('tells the right line behind cells of several lines, empty lines and Windows line ends', async () => {
    const file = 'name,mac,label.note\r\na,52:54:00:77:00:01,"one\r\ntwo"\r\n\r\nb,bad,\r\n';
    const problems = await site.problems(file);
    assert.deepEqual(
      problems.map(({ line, column }) => [line, column]),
      [
        [2, 'label.note'],
        [5, 'mac'],
      ],
    );
  });

  it('goes on after a broken quote, and tells the next ones too', async () => {
    const file = 'name,mac\na,"52:54:00:77:00:01" x\nb,bad\nc,5"2\nd,"open\n';
    const problems = await site.problems(file);
    assert.deepEqual(
      problems.map(({ line }) => line),
      [2, 3, 4, 5],
    );
    assert.match(problems[3]?.message ?? '', /never closed/);
  });

  it('refuses what is no text, and other encodings, with the line', async () => {
    const latin = Buffer.from('name,mac,rack\ndgx01,52:54:00:77:00:01,Geb\xe4ude\n', 'latin1');
    assert.throws(() => read(latin), {
      problems: [{ path: '', line: 2, message: /neither UTF-8/, mend: /CSV UTF-8/ }].map(partial),
    });
    assert.throws(
      () => read(Buffer.from('PK\u0003\u0004\u0000\u0000')),
      (error: Error) => /zero bytes/.test(JSON.stringify(error)),
    );
  });
});

/** For assert.throws: it compares expressions with text. */
function partial(problem: { path: string; line: number; message: RegExp; mend: RegExp }) {
  return {
    ...problem,
    message: 'The file is neither UTF-8 nor UTF-16.',
    mend: 'Save it as “CSV UTF-8”, or convert it: iconv -f WINDOWS-1252 -t UTF-8.',
  };
}

describe('headings', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['two that say the same', 'name,serial_number,mac,serialNumber\n', /say the same: serialNumber/],
    ['none that tells the node', 'rack,position\n', /No column tells which node/],
    ['a table without a heading', 'dgx01;52:54:00:77:00:01;r1\n', /^No column tells which node a row is about\.$/],
  ];
  for (const [name, text, message] of cases) {
    it(`${name}: told once, and not for each row`, async () => {
      const problems = await site.problems(`${text}dgx01,S1\n`, { format: 'csv' });
      assert.match(problems.map((problem) => problem.message).join('\n'), message);
      assert.ok(problems.every(({ line, mend }) => line === 1 && mend !== undefined));
    });
  }
});

describe('a column that nobody knows', () => {
  it('is told beside the mistakes of the rows', async () => {
    const problems = await site.problems('name,mac,colour\na,bad,red\nb,52:54:00:77:00:02,red\n');
    assert.deepEqual(
      problems.map(({ line, column }) => [line, column]),
      [
        [1, 'colour'],
        [2, 'mac'],
      ],
    );
  });
});

describe('several interfaces', () => {
  it('in columns of one row: those without a cell are not there', async () => {
    await site.import(
      'name,interfaces.eno1.mac,interfaces.eno1.address,interfaces.bmc.mac,interfaces.ib0.clientId,interfaces.ib0.role\n' +
        'dgx01,52:54:00:77:00:01,10.77.0.1,52:54:00:77:01:01,ff0001,\n' +
        'cpu01,52:54:00:77:00:02,,,,\n',
    );
    assert.deepEqual(
      site.node('dgx01').interfaces.map(({ name, role }) => `${name} ${role}`),
      ['eno1 boot', 'bmc bmc', 'ib0 infiniband'],
    );
    assert.equal(site.node('cpu01').interfaces.length, 1);
  });

  it('in rows that the name joins, which need not follow each other', async () => {
    await site.import(
      'name,interface,role,mac,rack\n' +
        'dgx01,eno1,,52:54:00:77:00:01,r1\n' +
        'dgx02,eno1,,52:54:00:77:00:02,r2\n' +
        'DGX01,bmc,bmc,52:54:00:77:01:01,\n' +
        'dgx02,bmc,bmc,52:54:00:77:01:02,r2\n',
    );
    assert.deepEqual([site.node('dgx01').interfaces.length, site.node('dgx01').rack], [2, 'r1']);
    assert.deepEqual([site.node('dgx02').interfaces.length, site.node('dgx02').rack], [2, 'r2']);
  });

  it('in rows that a serial number joins, where the node is enrolled', async () => {
    await site.import('name,serialNumber,mac\ndgx01,SN1,52:54:00:77:00:01\n');
    const [applied] = await site.import('Serial,Port,MAC\nsn1,eno2,52:54:00:77:00:02\nSN1,bmc,52:54:00:77:00:03\n', {
      map: 'Serial=serialNumber,Port=interface,MAC=mac',
    });
    assert.equal(applied?.node.name, 'dgx01');
    assert.deepEqual(
      site.node('dgx01').interfaces.map(({ name }) => name),
      ['boot', 'eno2', 'bmc'],
    );
  });
});

describe('what a second file changes', () => {
  const first = 'name,interface,mac,address,rack,roles,label.row\ndgx01,eno1,52:54:00:77:00:01,10.77.0.1,r1,gpu,a\n';
  beforeEach(() => site.import(first));

  it('an empty cell says that there is none; a column that is not there says nothing', async () => {
    const [applied] = await site.import('name,rack,roles,label.row\ndgx01,,,\n');
    assert.deepEqual(applied?.changes, ['rack r1 → none', 'roles gpu → none', 'labels.row a → none']);
    assert.deepEqual([macOf('dgx01'), site.node('dgx01').interfaces[0]?.address], ['52:54:00:77:00:01', 0x0a4d0001]);
  });

  it('another MAC address of the same interface, another interface beside it', async () => {
    const [applied] = await site.import(
      'name,interface,mac\ndgx01,eno1,52:54:00:77:00:11\ndgx01,bmc,52:54:00:77:00:12\n',
    );
    assert.deepEqual(applied?.changes, [
      'eno1.mac 52:54:00:77:00:01 → 52:54:00:77:00:11',
      'interface bmc 52:54:00:77:00:12 added',
    ]);
  });

  it('without a name, the node is known by its serial number, else by its MAC address', async () => {
    const [byMac] = await site.import('mac,serialNumber\n5254.0077.0001,SN1\n');
    assert.deepEqual(byMac?.changes, ['serialNumber none → SN1']);
    const [bySerial] = await site.import('serialNumber,rack\nsn1,r2\n');
    assert.ok(bySerial?.changes.includes('rack r1 → r2'), String(bySerial?.changes));
  });

  it('tells an entry that is known as two nodes, and one that is known as none', async () => {
    await site.import('name,mac,serialNumber\ndgx02,52:54:00:77:00:02,SN2\n');
    const [two] = await site.problems('mac,serialNumber\n52:54:00:77:00:01,SN2\n');
    assert.match(two?.message ?? '', /those of dgx02 and dgx01/);
    const [none] = await site.problems('mac,serialNumber\n52:54:00:77:00:09,SN9\n');
    assert.match(none?.message ?? '', /no name, and none that is enrolled/);
  });

  it('a new name with a known MAC address or serial number is no rename: both owners are told', async () => {
    const [problem] = await site.problems('name,mac\ndgx77,52:54:00:77:00:01\n');
    assert.match(problem?.message ?? '', /wanted for dgx77 .* belongs to dgx01/);
  });

  it('two nodes exchange what they have', async () => {
    await site.import('name,interface,mac,address\ndgx02,eno1,52:54:00:77:00:02,10.77.0.2\n');
    await site.import(
      'name,interface,mac,address\ndgx01,eno1,52:54:00:77:00:02,10.77.0.2\ndgx02,eno1,52:54:00:77:00:01,10.77.0.1\n',
    );
    assert.equal(macOf('dgx01'), '52:54:00:77:00:02');
    assert.equal(site.registry.byMac('52:54:00:77:00:01' as never)?.node.name, 'dgx02');
    assert.equal(site.registry.byAddress(0x0a4d0002)?.node.name, 'dgx01');
  });

  it('tells a node that two entries are about', async () => {
    const [problem] = await site.problems('name,mac\ndgx01,52:54:00:77:00:01\n,52:54:00:77:00:01\n');
    assert.match(problem?.message ?? '', /dgx01 is in line 2 too/);
    assert.equal(problem?.line, 3);
  });
});

describe('MAC addresses', () => {
  const certain: readonly (readonly [string, string])[] = [
    ['52:54:00:AB:00:01', 'colons'],
    ['52-54-00-ab-00-01', 'hyphens'],
    ['5254.00ab.0001', 'dots'],
    ['525400ab0001', 'nothing'],
    ['52 54 00 ab 00 01', 'spaces'],
    ['52:54:0:ab:0:1', 'zeros that were dropped between colons'],
    ["'525400ab0001", 'an apostrophe before it'],
  ];
  for (const [text, name] of certain) {
    it(`are read with ${name}`, async () => {
      await site.import(`name,mac\na,${text}\n`);
      assert.equal(macOf('a'), '52:54:00:ab:00:01');
    });
  }

  it('are read where a spreadsheet made a number of them and all twelve digits are there', async () => {
    await site.import('name,mac\na,5.25400770001E+11\nb,525400770002.0\nc,525400770003\n');
    assert.deepEqual(['a', 'b', 'c'].map(macOf), ['52:54:00:77:00:01', '52:54:00:77:00:02', '52:54:00:77:00:03']);
  });

  for (const text of ['5.2540077E+11', '5.254E+11', '1.22334455E+10', '1122334455', '2026-05-12', 'May-52']) {
    it(`${text} is not certain: it is refused, and the mend is to format the column as text`, async () => {
      const [problem] = await site.problems(`name,mac\na,${text}\n`);
      assert.match(problem?.mend ?? '', /format the column as text/i);
    });
  }
});

describe('a shipping list', () => {
  const list = 'PO,"Serial, Number",MAC1,BMC MAC,Host\n47,SN1,52-54-00-77-00-01,52-54-00-77-01-01,dgx01\n';
  const map = '"Serial, Number"=serialNumber,MAC1=interfaces.eno1.mac,BMC MAC=interfaces.bmc.mac,Host=name';

  it('brings its map in its head, also as a spreadsheet saves that line', async () => {
    for (const line of [
      `# podboot-map: ${map}`,
      `"# podboot-map: ${map.replaceAll('"', '""')}",,,,`,
      `# podboot-map: ${map},,,`,
    ]) {
      site = new Site();
      await site.import(`${line}\n${list}`);
      assert.equal(site.node('dgx01').serialNumber, 'SN1');
      assert.equal(site.node('dgx01').interfaces[1]?.role, 'bmc');
    }
  });

  it('a map that is told goes before the one in the file', async () => {
    await site.import(`# podboot-map: PO=name,MAC1=mac\n${list}`, { map });
    assert.equal(site.registry.byName('47'), undefined);
    assert.equal(site.registry.size, 1);
  });

  it('tells every mistake of its map', () => {
    assert.throws(
      () => read(list, { map: 'MAC1,Host=nome,BMC MAC=mac,Other=mac,Host=name' }),
      (error: Error & { problems: { message: string }[] }) => {
        assert.deepEqual(
          error.problems.map(({ message }) => /no column=name|none of our columns|both mapped/.exec(message)?.[0]),
          ['no column=name', 'none of our columns', 'both mapped'],
        );
        return true;
      },
    );
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { formatProblem, InvalidFile } from '../../src/cli/failure.ts';
import { registerNodes } from '../../src/cli/nodes.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-enrol-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  pod = new ApiFixture();
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN: pod.token };
});
afterEach(() => pod.api.close());

async function podboot(...words: string[]) {
  const captured = capture();
  await run((program) => registerNodes(program, { output: captured.output, env }), ...words);
  return captured;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const TABLE = 'name,mac,rack\ndgx01,52:54:00:77:00:01,r1\ndgx02,52:54:00:77:00:02,r1\n';

describe('podboot enrol FILE', () => {
  it('says in a table what happened, and that nothing does the second time', async () => {
    const path = file('nodes.csv', TABLE);
    assert.match(
      (await podboot('enrol', path)).printed(),
      /created {2}dgx01 {2}line 2[\s\S]*2 created, 0 updated, 0 unchanged/,
    );
    assert.match((await podboot('enrol', path)).printed(), /^unchanged: all 2 are like that already$/m);
  });

  it('a dry run shows the fields that would change', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    const result = (await podboot('enrol', file('nodes.csv', TABLE.replace('1,r1', '1,r2')), '--dry-run')).printed();
    assert.match(result, /updated {2}dgx01 {2}line 2 {2}rack r1 → r2/);
    assert.match(result, /0 created, 1 updated, 1 unchanged \(dry run: nothing was changed\)$/m);
    assert.equal(pod.registry.byName('dgx01')?.rack, 'r1');
    const forPrograms = JSON.parse((await podboot('enrol', file('nodes.csv', TABLE), '--json')).printed());
    assert.equal(forPrograms.unchanged, 2);
  });

  it('names file, line and column of each mistake', async () => {
    const path = file('bad.csv', TABLE.replace(':02,', ':0g,').replace('dgx01', 'dgx_01'));
    await assert.rejects(podboot('enrol', path), (error) => {
      assert.ok(error instanceof InvalidFile);
      const lines = error.problems.map((problem) => formatProblem(problem, error.file));
      assert.equal(lines.length, 2);
      assert.ok(lines[0]?.startsWith(`${path}:2 column "name": “dgx_01” is no host name`), lines[0]);
      assert.ok(
        lines[1]?.startsWith(`${path}:3 column "mac": “52:54:00:77:00:0g” is no MAC address.\n    Write`),
        lines[1],
      );
      return true;
    });
    assert.equal(pod.registry.size, 0);
  });

  it('takes a shipping list with a map, from the command line or a file, and notes what it did not read', async () => {
    const path = file('list.csv', 'Host;Weight;Serial Number;MAC1\ndgx01;130 kg;SN1;5254.0077.0001\n');
    const map = 'Host=name,Serial Number=serialNumber,MAC1=interfaces.eno1.mac';
    const result = await podboot('enrol', path, '--map', map);
    assert.match(result.told(), /^note: .*list\.csv:1 {2}Columns that are not mapped were not read: Weight\.$/m);
    const mapFile = file('vendor.map', `# what ACME calls things\n${map.replaceAll(',', '\n')}\n`);
    assert.match((await podboot('enrol', path, '--map-file', mapFile)).printed(), /unchanged/);
    await assert.rejects(podboot('enrol', path, '--map-file', mapFile, '--map', map), /say the same/);
  });

  it('a word without dot or slash is a machine’s name, unless such a file is there and nothing is said of a machine', async () => {
    await podboot('enrol', 'dgx09', '--mac', '52:54:00:77:00:09');
    assert.equal(pod.registry.size, 1);
    await assert.rejects(podboot('enrol', 'dgx10', '--dry-run'), /dgx10 is no file/);
    await assert.rejects(podboot('enrol', join(folder, 'nothing.csv')), /nothing\.csv can’t be read: ENOENT/);
  });
});

describe('podboot nodes', () => {
  it('export gives what enrol takes', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    for (const format of ['csv', 'json']) {
      const text = (await podboot('nodes', 'export', '--format', format)).printed();
      assert.match((await podboot('enrol', file(`export.${format}`, text))).printed(), /unchanged: all 2/);
    }
    await assert.rejects(podboot('nodes', 'export', '--format', 'xlsx'), { code: 'invalid-input' });
  });

  it('replace gives an interface, a board or the machine another identity, and keeps the rest', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    const result = await podboot(
      'nodes',
      'replace',
      'dgx01',
      '--interface',
      'boot=52:54:00:77:00:11',
      '--reason',
      'RMA 1',
    );
    assert.match(result.printed(), /^dgx01: replaced\n {2}boot\.mac 52:54:00:77:00:01 → 52:54:00:77:00:11$/);
    await podboot('nodes', 'replace', 'dgx01', '--machine', '--interface', 'boot=52:54:00:77:00:21', '--serial', 'S2');
    const node = pod.registry.byName('dgx01');
    assert.deepEqual([node?.interfaces[0]?.mac, node?.serialNumber, node?.rack], ['52:54:00:77:00:21', 'S2', 'r1']);
    assert.match(pod.events.map(({ text }) => text).join('\n'), /interface replaced \(RMA 1\): boot\.mac/);
    await assert.rejects(podboot('nodes', 'replace', 'dgx01'), { code: 'invalid-input' });
  });

  it('rename', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    assert.match((await podboot('nodes', 'rename', 'dgx01', 'gpu01')).printed(), /^dgx01 is called gpu01 now$/);
    await assert.rejects(podboot('nodes', 'rename', 'dgx02', 'gpu01'), { code: 'invalid-input' });
  });

  it('set takes many nodes, by name or by what they have in common', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    const dry = (await podboot('nodes', 'set', 'dgx[01-02]', '--rack', 'r7', '--dry-run')).printed();
    assert.match(dry, /dgx02 .* rack r1 → r7\n0 created, 2 updated, 0 unchanged \(dry run/);
    assert.equal(pod.registry.byName('dgx01')?.rack, 'r1');
    await podboot('nodes', 'set', '--where', 'rack=r1', '--rack', 'r7', '--label', 'row=a');
    assert.equal(pod.registry.byName('dgx02')?.rack, 'r7');
    assert.match((await podboot('nodes', 'export', '--where', 'label=row=a', '--format', 'csv')).printed(), /^dgx02,/m);
    await assert.rejects(podboot('nodes', 'set', 'dgx*', '--mac', '52:54:00:77:00:01'), /one node’s own/);
    await assert.rejects(podboot('nodes', 'set', '--rack', 'r1'), { code: 'invalid-input' });
    await assert.rejects(podboot('nodes', 'set', '--where', 'colour=red', '--rack', 'r1'), /--where has no colour/);
  });

  it('set changes position and roles', async () => {
    await podboot('enrol', file('nodes.csv', TABLE));
    await podboot('nodes', 'set', 'dgx01', '--position', 'U12', '--role', 'gpu', '--role', 'kube_node');
    assert.match((await podboot('nodes', 'show', 'dgx01')).printed(), /^position {3}U12\nroles {6}gpu kube_node$/m);
  });
});

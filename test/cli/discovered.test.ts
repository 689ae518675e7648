import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { registerDiscovered } from '../../src/cli/discovered.ts';
import { registerNodes } from '../../src/cli/nodes.ts';
import type { Sighting } from '../../src/domain/discovered-machine.ts';
import type { PodbootError } from '../../src/domain/errors.ts';
import { macKey } from '../../src/domain/lease.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { ruleOf } from '../lifecycle/discovery/discovery-fixture.ts';
import { capture, run } from './captured.ts';

let folder: string;
let pod: ApiFixture;
let api: string;
before(() => {
  // Not the terminal's.
  process.env.NO_COLOR = '1';
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-discovered-'));
  pod = new ApiFixture();
  api = `unix:${join(folder, 'api.sock')}`;
  await pod.api.listen([{ socketPath: join(folder, 'api.sock') }]);
});
afterEach(async () => {
  await pod.api.close();
  rmSync(folder, { recursive: true, force: true });
});

function saw(number: number, more: Partial<Sighting> = {}): void {
  const mac = `d0:94:66:00:00:${number.toString(16).padStart(2, '0')}` as MacAddress;
  pod.discovery.sightings.saw({
    key: macKey(mac),
    mac,
    stage: 'pxe',
    firmware: 'uefi-x64',
    interfaceName: 'eno2',
    ...more,
  });
}

async function podboot(...words: string[]) {
  const captured = capture();
  const environment = { output: captured.output, env: { PODBOOT_TOKEN: pod.token, PODBOOT_API: api } };
  await run(
    (program) => {
      registerDiscovered(program, environment);
      registerNodes(program, environment);
    },
    ...words,
  );
  return captured;
}

describe('podboot discovered', () => {
  it('says that nobody has asked', async () => {
    assert.match((await podboot('discovered')).printed(), /no machine that is not enrolled has asked/);
  });

  it('lists machines with maker, port and suggestion, the last one that asked first', async () => {
    await pod.call('POST', '/nodes', { name: 'dgx01', interfaces: [{ name: 'eno1', mac: 'd0:94:66:00:00:03' }] });
    saw(1, { switchPort: { circuitId: Buffer.from('Eth7').toString('hex') } });
    pod.clock.advance(60_000);
    saw(2);
    const lines = (await podboot('discovered', 'list')).printed().split('\n');
    assert.match(lines[0] ?? '', /^MAC +VENDOR +FIRMWARE +UUID +PORT +ADDRESS +FIRST SEEN +LAST SEEN +SUGGESTION/);
    assert.match(lines[1] ?? '', /^d0:94:66:00:00:02 +Dell Inc\. +uefi-x64 .*dgx01\? its MAC address is 1 below/);
    assert.match(lines[2] ?? '', /^d0:94:66:00:00:01 .* Eth7 /);
    const filtered = (await podboot('discovered', '--vendor', 'nvidia')).printed();
    assert.match(filtered, /no machine/);
    assert.equal(JSON.parse((await podboot('discovered', '--json')).printed()).length, 2);
  });

  it('shows one of them, by its MAC address in any notation', async () => {
    saw(1, { uuid: '4c4c4544-0033-3410-8036-c4c04f32334a' });
    const text = (await podboot('discovered', 'show', 'D094.6600.0001')).printed();
    assert.match(text, /^vendor +Dell Inc\.$/m);
    assert.match(text, /^uuid +4c4c4544-0033-3410-8036-c4c04f32334a$/m);
    await assert.rejects(podboot('discovered', 'show', '52:54:00:00:00:01'), (error: PodbootError) => {
      assert.equal(error.code, 'not-found');
      return true;
    });
  });

  it('adopts a machine as a node, and as an interface of a node', async () => {
    saw(1);
    saw(2);
    const adopted = await podboot(
      ...['discovered', 'adopt', 'd0:94:66:00:00:01', 'dgx01', '--rack', 'r1', '--roles', 'gpu,kube_node'],
      ...['--label', 'row=a'],
    );
    assert.match(adopted.printed(), /^d0:94:66:00:00:01 is dgx01 now$/m);
    assert.match(adopted.printed(), /^roles +gpu kube_node$/m);
    const attached = await podboot(
      ...['discovered', 'adopt', 'd0:94:66:00:00:02', '--node', 'dgx01', '--interface', 'bmc', '--role', 'bmc'],
    );
    assert.match(attached.printed(), /is the interface bmc of dgx01 now/);
    assert.match((await podboot('discovered')).printed(), /no machine/);
  });

  it('forgets a machine', async () => {
    saw(1);
    assert.match((await podboot('discovered', 'forget', 'd0:94:66:00:00:01')).printed(), /is forgotten/);
    assert.match((await podboot('discovered')).printed(), /no machine/);
  });

  it('shows rules, what they would do, and lets them do it', async () => {
    assert.match((await podboot('discovered', 'rules')).printed(), /has no rules/);
    pod.discoveryRules = [ruleOf('dell')];
    saw(1);
    assert.match((await podboot('discovered', 'rules')).printed(), /^dell +oui=d0:94:66 +node-\{mac\} +no$/m);
    const dry = await podboot('discovered', 'rules', '--dry-run');
    assert.match(dry.printed(), /^d0:94:66:00:00:01 +dell +node-d09466000001 +-$/m);
    assert.equal(pod.registry.size, 0);
    const done = await podboot('discovered', 'rules', '--apply');
    assert.match(done.printed(), /node-d09466000001/);
    assert.equal(pod.registry.size, 1);
    assert.equal(done.exitCode(), undefined);
    await assert.rejects(podboot('discovered', 'rules', '--apply', '--dry-run'), /exclude each other/);
  });

  it('ends with 1 where a rule could not do what it says', async () => {
    pod.discoveryRules = [ruleOf('dell')];
    saw(1);
    await pod.call('POST', '/nodes', {
      name: 'node-d09466000001',
      interfaces: [{ name: 'a', mac: '52:54:00:00:00:09' }],
    });
    const done = await podboot('discovered', 'rules', '--apply');
    assert.equal(done.exitCode(), 1);
    assert.match(done.printed(), /there is a node node-d09466000001 already/);
  });
});

describe('podboot enrol', () => {
  it('takes a machine of which only the serial number is known', async () => {
    await podboot('enrol', 'dgx01', '--serial', 'D34623J');
    const node = pod.registry.byName('dgx01');
    assert.deepEqual(node?.interfaces, [{ name: 'boot', role: 'boot' }]);
    assert.equal(pod.registry.awaited.size, 1);
    await assert.rejects(podboot('enrol', 'dgx02', '--serial', 'Default string'), /refused|can’t be stored/);
  });
});

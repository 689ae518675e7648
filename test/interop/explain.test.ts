import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ExplainedFirmware, Explanation } from '../../src/domain/explanation.ts';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'curl'] });
const SENDER = new URL('send-datagram.ts', import.meta.url).pathname;
const FIRMWARES: readonly ExplainedFirmware[] = ['uefi-x64', 'uefi-arm64', 'bios', 'http', 'secure', 'ipxe'];

let site: Site;

before(async () => {
  if (skip !== false) return;
  const profiles = { rescue: { kind: 'live', kernel: 'linux', initrds: ['initrd.gz'], arguments: 'console=ttyS0' } };
  const groups = { dgx: { options: { interfaceMtu: 9000 } } };
  site = await Site.up({ ...SITE, profiles, groups }, { linux: 'kernel', 'initrd.gz': 'initrd' });
  for (const [index, firmware] of FIRMWARES.entries()) {
    for (const [offset, profile] of [
      [0, 'rescue'],
      [1, 'local'],
    ] as const) {
      const last = 10 + 2 * index + offset;
      await site.daemon.enrol({
        name: `${profile}-${firmware}`,
        group: 'dgx',
        options: { ntpServers: [SERVER] },
        interfaces: [{ name: 'eno1', mac: macOf(last), address: `10.77.0.${last}` }],
        boot: { profile, loader: firmware === 'secure' ? 'grub' : 'auto' },
      });
    }
  }
});
after(() => site?.[Symbol.asyncDispose]());

function macOf(last: number): string {
  return `52:54:00:77:01:${last.toString(16).padStart(2, '0')}`;
}

async function explained(machine: string, firmware: ExplainedFirmware): Promise<Explanation> {
  const { status, body } = await site.daemon.call('GET', `/api/v1/explain?machine=${machine}&firmware=${firmware}`);
  assert.equal(status, 200, body);
  return JSON.parse(body) as Explanation;
}

/** Sends every packet of the explanation and fetches every file: each answer is the one that was foretold. */
function liveThrough(explanation: Explanation, client: Namespace): { packets: number; texts: number } {
  const address = explanation.steps.find((step) => step.dhcp !== undefined)?.dhcp?.fields.yiaddr ?? '10.77.0.250';
  // Before it is given: what is sent to the client's address alone is heard too.
  client.must(['ip', 'address', 'add', `${address}/24`, 'dev', 'eno1']);
  client.must(['ip', 'route', 'add', '255.255.255.255/32', 'dev', 'eno1']);
  let packets = 0;
  let texts = 0;
  for (const step of explanation.steps) {
    if (step.request !== undefined) {
      const argv = [process.execPath, SENDER, '68', '255.255.255.255', '67', '400', step.request];
      const heard = client.must(argv, { timeoutMs: 10_000 }).split('\n').filter(Boolean);
      const answers = heard.map((line) => line.split(' ')[1]).filter((hex) => hex?.startsWith('02'));
      assert.deepEqual(answers, step.dhcp === undefined ? [] : [step.dhcp.bytes], step.title);
      packets += 1;
    }
    const { file } = step;
    if (file === undefined) continue;
    const isUrl = file.name.includes('://');
    const url = isUrl ? file.name : `tftp://${SERVER}/${file.name}`;
    const loaded = client.run(['curl', '-sSf', '--max-time', '20', '-o', '-', url], { timeoutMs: 30_000 });
    if (step.outcome === 'missing') {
      assert.notEqual(loaded.code, 0, `${file.name} was said to be missing`);
    } else if (file.text !== undefined) {
      assert.equal(loaded.stdout, file.text, step.title);
      texts += 1;
    } else assert.equal(loaded.code, 0, `${file.name}: ${loaded.stderr}`);
  }
  return { packets, texts };
}

for (const firmware of FIRMWARES) {
  for (const profile of ['rescue', 'local']) {
    test(`what is explained of ${firmware} and ${profile} is what the machine then gets, byte for byte`, {
      skip,
    }, async () => {
      const explanation = await explained(`${profile}-${firmware}`, firmware);
      const client = site.client(explanation.machine.mac);
      const { packets, texts } = liveThrough(explanation, client);
      assert.ok(packets >= 2, 'DISCOVER and REQUEST at least');
      assert.equal(
        texts,
        1,
        `a script or a configuration: ${JSON.stringify(explanation.steps.map(({ title }) => title))}`,
      );
      assert.match(
        explanation.summary,
        profile === 'rescue' ? /^boots the kernel linux of rescue/ : /^boots from its disk/,
      );
    });
  }
}

test('a stranger is told what it would get, and gets it', { skip }, async () => {
  const mac = '52:54:00:77:02:01';
  const explanation = await explained(mac, 'ipxe');
  assert.equal(explanation.machine.node, undefined);
  assert.match(explanation.steps[0]?.because[0]?.text ?? '', /it is a stranger/);
  liveThrough(explanation, site.client(mac));
});

test('a stranger who comes while a node waits for its machine is asked, and told of the DNS server that is ours', {
  skip,
}, async () => {
  await using other = await Site.up({
    ...SITE,
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: true, http: true, dns: true } },
    subnets: { '10.77.0.0/24': { interface: 'eno2', pools: ['10.77.0.100-10.77.0.199'] } },
  });
  await other.daemon.enrol({ name: 'awaited', serialNumber: 'SN-4711', interfaces: [{ name: 'eno1' }] });
  await other.daemon.enrol({ name: 'first', interfaces: [{ name: 'eno1', mac: '02:00:00:00:00:01' }] });
  const named = JSON.parse((await other.daemon.call('GET', '/api/v1/explain?machine=awaited')).body) as Explanation;
  assert.notEqual(named.machine.mac, '02:00:00:00:00:01', 'what stands for its unknown address is nobody else’s');
  assert.match(named.steps[0]?.because[0]?.text ?? '', /stranger/);
  const mac = '52:54:00:77:03:01';
  const { body } = await other.daemon.call('GET', `/api/v1/explain?machine=${mac}&firmware=uefi-x64`);
  const explanation = JSON.parse(body) as Explanation;
  const { packets } = liveThrough(explanation, other.client(mac));
  assert.ok(packets >= 4, 'firmware and iPXE');
  assert.match(explanation.steps[0]?.dhcp?.fields.file ?? '', /snponly\.efi/);
  const origin = explanation.steps[0]?.dhcp?.options.find(({ name }) => name === 'domainNameServers')?.origin;
  assert.ok(origin?.in === 'configuration' && origin.line !== undefined);
  assert.equal(origin.path.join('.'), 'interfaces.eno2.dns');
});

test('each option says where it stands: file and line, or the node’s field', { skip }, async () => {
  const { steps } = await explained('rescue-uefi-x64', 'uefi-x64');
  const origins = new Map(steps[0]?.dhcp?.options.map(({ name, origin }) => [name, origin]));
  const lines = site.daemon.configurationText.split('\n');
  const lineOf = (name: string) => {
    const origin = origins.get(name);
    assert.ok(origin?.in === 'configuration' && origin.line !== undefined, `${name}: ${JSON.stringify(origin)}`);
    return lines[origin.line - 1] ?? '';
  };
  assert.match(lineOf('routers'), /^\s*routers:/);
  assert.match(lineOf('leaseTime'), /^\s*leaseTime: 1h/);
  assert.match(lineOf('domainName'), /^\s*domainName: pod1/);
  assert.deepEqual(origins.get('hostName'), { in: 'node', node: 'rescue-uefi-x64', field: 'name' });
  assert.deepEqual(origins.get('ntpServers'), { in: 'node', node: 'rescue-uefi-x64', field: 'options.ntpServers' });
});

test('asking changes nothing: no lease, no offer, no line in a timeline', { skip }, async () => {
  const before = await site.daemon.call('GET', '/api/v1/status');
  for (let index = 0; index < 20; index += 1) await explained(`52:54:00:77:03:${10 + index}`, 'uefi-x64');
  const counters = (body: string) => JSON.parse(body).counters.dhcp;
  const after = await site.daemon.call('GET', '/api/v1/status');
  assert.deepEqual(counters(after.body), counters(before.body));
  const { body } = await site.daemon.call('GET', '/api/v1/timeline?mac=52:54:00:77:03:10');
  assert.deepEqual(JSON.parse(body).items, [], body);
});

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { FirmwareTestimony, Identification } from '../../../src/domain/discovered-machine.ts';
import { AccessDenied } from '../../../src/domain/errors.ts';

import type { Node, NodePort } from '../../../src/domain/node.ts';
import { runGrubConfig } from '../../../src/rehearsal/grub-config.ts';
import { runIpxeScript } from '../../../src/rehearsal/ipxe-script.ts';
import { createBootService } from '../../../src/services/boot/boot-service.ts';
import { grubTestimony, renderGrubQuestion, renderIpxeQuestion } from '../../../src/services/boot/identify-script.ts';
import { FakeClock } from '../../harness/clock.ts';
import { fileOf } from '../../rehearsal/helpers.ts';
import {
  address,
  client,
  FixedLeases,
  FixedNodes,
  KEY,
  lease,
  loopbackSettings,
  mac,
  manifestIn,
  node,
  PROGRAM_FILES,
  RecordedEvents,
  SERVER,
  settings,
  temporaryFolder,
} from './fixtures.ts';

const SERIAL = 'A 12/34&x=y%z';

/** Who waits is the fixed node; whoever says its serial number gets its MAC address into it. */
class FakeIdentification implements Identification {
  wanted = true;
  foreseen = false;
  readonly said: { key: string; testimony: FirmwareTestimony }[] = [];
  readonly #nodes: FixedNodes;

  constructor(nodes: FixedNodes) {
    this.#nodes = nodes;
  }

  isWanted(): boolean {
    return this.wanted;
  }

  wouldBeWanted(): boolean {
    return this.wanted || this.foreseen;
  }

  async identify(key: string, testimony: FirmwareTestimony): Promise<NodePort | undefined> {
    this.said.push({ key, testimony });
    const [waiting] = this.#nodes.nodes;
    if (waiting === undefined || !testimony.serialNumbers.includes(SERIAL)) return undefined;
    const known: Node = { ...waiting, interfaces: [{ name: 'eno1', role: 'boot', mac: mac(key.slice(4)) }] };
    this.#nodes.nodes = [known];
    return { node: known, interface: known.interfaces[0]! };
  }
}

async function site(context: TestContext, leased = true) {
  const folder = await temporaryFolder(context, PROGRAM_FILES);
  const nodes = new FixedNodes(node({}, { serialNumber: SERIAL, interfaces: [{ name: 'eno1', role: 'boot' }] }));
  const leases = new FixedLeases(...(leased ? [lease('127.0.0.1')] : []));
  const events = new RecordedEvents();
  const identification = new FakeIdentification(nodes);
  const service = createBootService({
    settings: loopbackSettings(folder),
    nodes,
    leases,
    clock: new FakeClock(),
    events,
    manifest: manifestIn(folder),
    identification,
  });
  await service.start();
  context.after(() => service.stop());
  const origin = `http://127.0.0.1:${service.listening()[0]?.port}`;
  return { service, nodes, leases, events, identification, origin };
}

function get(url: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { method }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

/** iPXE on a machine with these SMBIOS strings; it fetches for real. */
function ipxeHost(origin: string, strings: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const said: string[] = [];
  return {
    asked,
    said,
    host: {
      diskBoots: false,
      setting: (name: string) => strings[name],
      sleep: async () => {},
      say: (text: string) => void said.push(text),
      fetch: async (url: string) => {
        // The origin in scripts has no port here: the tests listen at any.
        const target = url.replace(/^http:\/\/127\.0\.0\.1(:0)?\//, `${origin}/`);
        asked.push(target.slice(origin.length));
        if (target.includes('/assets/')) return fileOf(url, 'KERNEL');
        const { status, body } = await get(target);
        if (status !== 200) throw new Error(`status ${status}`);
        return fileOf(url, body);
      },
    },
  };
}

test('a stranger’s firmware gets a boot program, and iPXE the question, while nodes wait', async (context) => {
  const folder = await temporaryFolder(context, PROGRAM_FILES);
  const nodes = new FixedNodes();
  const identification = new FakeIdentification(nodes);
  const service = createBootService({
    settings: settings({ assetsDir: folder }),
    nodes,
    leases: new FixedLeases(),
    clock: new FakeClock(),
    events: new RecordedEvents(),
    manifest: manifestIn(folder),
    identification,
  });
  // Looked up in the background: DHCP can't wait for a disk.
  service.policy.bootInformation(undefined, client('pxe', 'uefi-x64'), KEY, SERVER);
  await service.checkAssets();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const told = (stage: 'pxe' | 'http' | 'ipxe' | 'os' | 'bootp', firmware?: 'bios' | 'uefi-x64' | 'uefi-arm64') =>
    service.policy.bootInformation(undefined, client(stage, firmware), KEY, SERVER).file;
  assert.equal(told('pxe', 'uefi-x64'), 'snponly.efi');
  assert.equal(told('pxe', 'bios'), 'undionly.kpxe');
  assert.equal(told('pxe', 'uefi-arm64'), 'bootnetaa64.efi');
  assert.equal(told('http', 'uefi-x64'), 'http://10.77.0.1/assets/snponly.efi');
  assert.equal(told('ipxe', 'bios'), 'http://10.77.0.1/identify/mac-52-54-00-77-00-01.ipxe');
  assert.equal(told('os'), undefined);
  assert.equal(told('bootp'), undefined);
  assert.equal(told('pxe'), undefined, 'nobody knows which program it could run');
  identification.wanted = false;
  assert.equal(told('pxe', 'uefi-x64'), undefined);
  assert.equal(told('ipxe', 'bios'), undefined);
});

for (const [name, change] of [
  ['where HTTP is off', { http: false }],
  ['beside another DHCP server', { dhcp: 'proxy' as const }],
] as const) {
  test(`nobody is asked ${name}`, async (context) => {
    const folder = await temporaryFolder(context, PROGRAM_FILES);
    const at = { name: 'prov', address: SERVER, dhcp: 'authoritative' as const, tftp: true, http: true, dns: false };
    const service = createBootService({
      settings: settings({ assetsDir: folder, interfaces: [{ ...at, ...change }] }),
      nodes: new FixedNodes(),
      leases: new FixedLeases(),
      clock: new FakeClock(),
      events: new RecordedEvents(),
      manifest: manifestIn(folder),
      identification: new FakeIdentification(new FixedNodes()),
    });
    assert.equal(service.policy.bootInformation(undefined, client('ipxe', 'bios'), KEY, SERVER).file, undefined);
  });
}

test('iPXE says what its firmware says, and boots as the node that it is', async (context) => {
  const { origin, identification } = await site(context);
  const { host, asked, said } = ipxeHost(origin, {
    serial: SERIAL,
    uuid: '77000000-0000-4000-8000-000000000001',
    manufacturer: 'Dell Inc.',
    'smbios/1.4.0': 'Dell Inc.',
    'smbios/1.5.0': 'PowerEdge XE9680',
    'smbios/3.7.0': 'CHASSIS1',
  });
  const question = await host.fetch(`${origin}/identify/mac-52-54-00-77-00-01.ipxe`);
  const outcome = await runIpxeScript(question, host);
  assert.equal(outcome.ended, 'kernel', JSON.stringify(outcome));
  assert.deepEqual(identification.said, [
    {
      key: KEY,
      testimony: {
        serialNumbers: [SERIAL, 'CHASSIS1'],
        uuid: '77000000-0000-4000-8000-000000000001',
        manufacturer: 'Dell Inc.',
        product: 'PowerEdge XE9680',
      },
    },
  ]);
  assert.match(asked.join(' '), /\/assets\/debian\/linux/);
  assert.match(said.join('\n'), /dgx01 boots rescue/);
});

test('a machine that nobody waits for is told so, and goes on to its next boot entry', async (context) => {
  const { origin } = await site(context);
  const { host, said } = ipxeHost(origin, { serial: 'NOBODY', platform: 'efi' });
  const outcome = await runIpxeScript(await host.fetch(`${origin}/identify/mac-52-54-00-77-00-01.ipxe`), host);
  assert.match(said.join('\n'), /no node waits for this machine: serial number NOBODY/);
  assert.deepEqual(outcome.ended === 'exit' ? outcome.status : outcome, 1);
});

test('a firmware without any string still comes to its end', async (context) => {
  const { origin, identification } = await site(context);
  const { host } = ipxeHost(origin, {});
  const outcome = await runIpxeScript(await host.fetch(`${origin}/identify/mac-52-54-00-77-00-01.ipxe`), host);
  assert.equal(outcome.ended, 'exit');
  assert.deepEqual(identification.said[0]?.testimony, { serialNumbers: [] });
});

test('who holds no lease, or another’s, is not heard', async (context) => {
  const { origin, identification } = await site(context);
  const question = `/identify/mac-52-54-00-77-00-99?serial=${encodeURIComponent(SERIAL)}`;
  assert.equal((await get(`${origin}${question}`)).status, 403);
  const outside = await site(context, false);
  const own = `/identify/mac-52-54-00-77-00-01?serial=${encodeURIComponent(SERIAL)}`;
  assert.equal((await get(`${outside.origin}${own}`)).status, 403);
  const { body } = await get(`${outside.origin}/identify/mac-52-54-00-77-00-01.ipxe`);
  assert.match(body, /not enrolled/, 'nor asked');
  assert.deepEqual([...identification.said, ...outside.identification.said], []);
});

test('a request for headers alone identifies nobody', async (context) => {
  const { origin, identification } = await site(context);
  const { status } = await get(`${origin}/identify/mac-52-54-00-77-00-01?serial=X`, 'HEAD');
  assert.equal(status, 200);
  assert.deepEqual(identification.said, []);
});

test('a name that is no machine’s is not found', async (context) => {
  const { origin } = await site(context);
  assert.equal((await get(`${origin}/identify/whoever.ipxe`)).status, 404);
  assert.equal((await get(`${origin}/identify/`)).status, 404);
});

test('GRUB says what its firmware says, and boots as the node that it is', async (context) => {
  const { service, identification, leases } = await site(context);
  leases.leases = [lease('10.77.0.100')];
  const peer = address('10.77.0.100');
  const read = async (name: string) => {
    const file = await service.files.open(name, peer, SERVER);
    return Buffer.from(await file.read(0, file.sizeBytes)).toString();
  };
  const asked: string[] = [];
  const outcome = await runGrubConfig(
    await read('grub/grub.cfg'),
    {
      diskWith: () => undefined,
      loadModule: async () => false,
      sleep: async () => {},
      say: () => {},
      smbios: (type, offset) =>
        type !== 1 ? undefined : offset === 7 ? SERIAL : offset === 5 ? 'PowerEdge' : undefined,
      fetch: async (_device, path) => {
        asked.push(path);
        return fileOf(path, /\/(linux|initrd.gz)$/.test(path) ? 'KERNEL' : await read(path));
      },
    },
    new Map(),
  );
  assert.equal(outcome.ended, 'kernel', JSON.stringify(outcome));
  assert.deepEqual(identification.said, [{ key: KEY, testimony: { serialNumbers: [SERIAL], product: 'PowerEdge' } }]);
  assert.match(asked[0] ?? '', /^\/grub\/identify\/s=/);
});

test('GRUB of a machine that nobody waits for exits', async (context) => {
  const { service, leases } = await site(context);
  leases.leases = [lease('10.77.0.100')];
  const file = await service.files.open('grub/identify/s=X/c=/b=/m=/p=', address('10.77.0.100'), SERVER);
  assert.match(Buffer.from(await file.read(0, file.sizeBytes)).toString(), /no node waits[\s\S]*exit\n$/);
  await assert.rejects(
    service.files.open('grub/identify/s=X/c=/b=/m=/p=', address('10.77.0.101'), SERVER),
    AccessDenied,
  );
});

test('the questions hold nothing but the question', () => {
  assert.equal(
    renderIpxeQuestion('http://10.77.0.1/identify/mac-52-54-00-77-00-01'),
    [
      '#!ipxe',
      'echo podboot: asking which node this is',
      `chain --replace http://10.77.0.1/identify/mac-52-54-00-77-00-01?serial=\${serial:uristring}&chassis=\${smbios/3.7.0:uristring}&board=\${smbios/2.7.0:uristring}&manufacturer=\${smbios/1.4.0:uristring}&product=\${smbios/1.5.0:uristring}&uuid=\${uuid} ||`,
      `iseq \${platform} efi && exit 1 ||`,
      'exit',
      '',
    ].join('\n'),
  );
  assert.doesNotMatch(renderGrubQuestion('10.77.0.1'), /linux|chainloader/);
});

test('of a GRUB’s name, other files are told apart', () => {
  assert.equal(grubTestimony('grub/identify/s=X'), undefined);
  assert.equal(grubTestimony('grub/grub.cfg'), undefined);
  assert.equal(grubTestimony('grub/identify/x/s=A/c=/b=/m=/p='), undefined);
  assert.deepEqual(grubTestimony('grub/identify/s=A/c=B/c=C/b= D /m=/p='), {
    serialNumbers: ['A/c=B', 'C', 'D'],
  });
});

test('who asks what a stranger would get is told of the question, without a lease', async (context) => {
  const { service, identification } = await site(context, false);
  const stranger = { address: 0, key: KEY };
  assert.match(service.preview().scripts.ipxe(stranger, SERVER).text, /chain --replace .*\/identify\/mac-52-54/);
  assert.match(service.preview().scripts.grub(stranger, undefined, SERVER).text, /smbios --type 1/);
  identification.wanted = false;
  assert.match(service.preview().scripts.ipxe(stranger, SERVER).text, /not enrolled/);
  identification.foreseen = true;
  assert.match(service.preview().scripts.ipxe(stranger, SERVER).text, /chain --replace .*\/identify\//);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DhcpMessage, MessageType } from '../../src/codecs/dhcp/message.ts';
import { decodeTftp } from '../../src/codecs/tftp/decode.ts';
import { encodeData, encodeError, encodeOack } from '../../src/codecs/tftp/encode.ts';
import { TftpOp } from '../../src/codecs/tftp/packet.ts';
import type { Endpoint } from '../../src/domain/ports.ts';
import type { MachineKind } from '../../src/rehearsal/firmware.ts';
import type { MachineStep } from '../../src/rehearsal/machine.ts';
import { bootMachine, type MachineReport } from '../../src/rehearsal/simulated-node.ts';
import { FakeClock } from '../harness/clock.ts';
import { FakeNetwork } from '../harness/network.ts';
import { type Answer, fileOf, honestServer, IDENTITY, ScriptedLink, SERVER } from './helpers.ts';

const ADDRESS = 0x0a4d0064;
const SCRIPT = 'http://10.77.0.1/boot/x.ipxe';
const KERNEL_SCRIPT = '#!ipxe\nkernel /assets/k a=b\ninitrd /assets/i\nboot\n';

interface Site {
  readonly kind: MachineKind;
  readonly disk?: 'empty' | 'os';
  readonly dhcp: (message: DhcpMessage) => Answer;
  readonly tftp?: Readonly<Record<string, string>>;
  readonly http?: Readonly<Record<string, string>>;
  readonly checksums?: ReadonlyMap<string, string>;
}

function stageOf(message: DhcpMessage): 'pxe' | 'http' | 'ipxe' | 'os' {
  if (message.options.has(175)) return 'ipxe';
  const vendor = Buffer.from(message.options.get(60) ?? []).toString();
  return vendor.startsWith('PXE') ? 'pxe' : vendor.startsWith('HTTP') ? 'http' : 'os';
}

/** Boots one machine at a site and runs its time until it is through. */
async function boot(site: Site) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const server = network.host('server', [{ name: 'a', link: 'l', address: '10.77.0.1' }]);
  const machine = network.host('machine', [{ name: 'a', link: 'l', address: '10.77.0.100' }]);
  const link = new ScriptedLink();
  link.answer = honestServer(site.dhcp);
  const files = await serveTftp(server, site.tftp ?? {});
  const requests: string[] = [];
  const steps: MachineStep[] = [];
  let report: MachineReport | undefined;
  const plan = { ...IDENTITY, name: 'node1', kind: site.kind, disk: site.disk ?? 'empty' } as const;
  void bootMachine(plan, {
    clock,
    random: () => 0.5,
    pace: 1,
    dhcp: link,
    network: machine,
    tftpPort: 69,
    checksums: site.checksums ?? new Map(),
    report: (step) => void steps.push(step),
    http: async (job) => {
      requests.push(`${job.method} ${job.url}`);
      assert.equal(job.from, '10.77.0.100');
      const content = site.http?.[job.url];
      const file = fileOf(job.url, job.method === 'HEAD' ? '' : (content ?? ''));
      return { status: content === undefined ? 404 : 200, lengthBytes: content?.length, file, milliseconds: 1 };
    },
  }).then((each) => {
    report = each;
  });
  for (let second = 0; second < 200 && report === undefined; second += 1) await clock.advanceSettling(1_000);
  assert.ok(report, 'the machine came to an end');
  return { report, link, requests, files, steps };
}

/** Small files in one block each. Returns the names that were asked for. */
async function serveTftp(server: ReturnType<FakeNetwork['host']>, files: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const listener = await server.openDatagram({ address: '10.77.0.1', port: 69 });
  const serve = async (data: Uint8Array, from: Endpoint): Promise<void> => {
    const request = decodeTftp(data);
    if (request.op !== TftpOp.RRQ) return;
    asked.push(request.name);
    const content = files[request.name];
    const transfer = await server.openDatagram({ address: '10.77.0.1', port: 0 });
    if (content === undefined) {
      transfer.send(encodeError(1, 'not there'), from);
      return;
    }
    transfer.onMessage((reply) => {
      const packet = decodeTftp(reply);
      if (packet.op === TftpOp.ACK && packet.block === 0) transfer.send(encodeData(1, Buffer.from(content)), from);
    });
    transfer.send(encodeOack(new Map([...request.options, ['tsize', String(content.length)]])), from);
  };
  listener.onMessage((data, from) => void serve(data.slice(), from));
  return asked;
}

const IPXE_SITE: Site['dhcp'] = (message) =>
  stageOf(message) === 'pxe'
    ? { address: ADDRESS, bootFile: 'snponly.efi', nextServer: SERVER }
    : { address: ADDRESS, ...(stageOf(message) === 'ipxe' ? { bootFile: SCRIPT } : {}) };

const GRUB_SITE: Site['dhcp'] = (message) =>
  stageOf(message) === 'pxe' ? { address: ADDRESS, bootFile: 'shimx64.efi', nextServer: SERVER } : { address: ADDRESS };

const ASSETS = { 'http://10.77.0.1/assets/k': 'KERNEL', 'http://10.77.0.1/assets/i': 'INITRD' };

test('UEFI by PXE: boot program, iPXE, script, kernel, and its Linux, all with one address', async () => {
  const { report, link, files } = await boot({
    kind: 'uefi-x64',
    dhcp: IPXE_SITE,
    tftp: { 'snponly.efi': 'MZ' },
    http: { ...ASSETS, [SCRIPT]: KERNEL_SCRIPT },
  });
  assert.equal(report.end, 'kernel');
  assert.deepEqual(report.faults, []);
  assert.equal(report.address, '10.77.0.100');
  assert.deepEqual(report.programs, ['snponly.efi']);
  assert.equal(report.kernel, '/assets/k');
  assert.deepEqual(report.initrds, ['/assets/i']);
  assert.deepEqual(files, ['snponly.efi', 'snponly.efi']);
  const discovers = link.sent.filter((message) => message.options.get(53)?.[0] === MessageType.DISCOVER);
  assert.deepEqual([...new Set(discovers.map(stageOf))], ['pxe', 'ipxe', 'os']);
});

test('BIOS with iPXE in its ROM fetches no boot program', async () => {
  const { report, files } = await boot({ kind: 'bios', dhcp: IPXE_SITE, http: { ...ASSETS, [SCRIPT]: KERNEL_SCRIPT } });
  assert.equal(report.end, 'kernel');
  assert.deepEqual(files, []);
});

test('UEFI HTTP boot asks HEAD before GET', async () => {
  const url = 'http://10.77.0.1/assets/snponly.efi';
  const { report, requests } = await boot({
    kind: 'uefi-http',
    dhcp: (message) =>
      stageOf(message) === 'http' ? { address: ADDRESS, bootFile: url, vendorClass: 'HTTPClient' } : IPXE_SITE(message),
    http: { ...ASSETS, [url]: 'MZ', [SCRIPT]: KERNEL_SCRIPT },
  });
  assert.equal(report.end, 'kernel');
  assert.deepEqual(requests.slice(0, 3), [`HEAD ${url}`, `GET ${url}`, `GET ${SCRIPT}`]);
});

test('Secure Boot: shim, its revocation lists, GRUB, its module lists, its configuration, a kernel by TFTP', async () => {
  const { report, files } = await boot({
    kind: 'secure',
    dhcp: GRUB_SITE,
    tftp: {
      'shimx64.efi': 'MZ',
      'grubx64.efi': 'MZ',
      '/grub/grub.cfg': 'linux /k\ninitrd /i\nboot\n',
      '/k': 'K',
      '/i': 'I',
    },
  });
  assert.equal(report.end, 'kernel');
  assert.deepEqual(files, [
    'shimx64.efi',
    'shimx64.efi',
    'revocations_sku.efi',
    'revocations_sbat.efi',
    'shim_certificate_0.efi',
    'grubx64.efi',
    '/grub/x86_64-efi/command.lst',
    '/grub/x86_64-efi/fs.lst',
    '/grub/x86_64-efi/crypto.lst',
    '/grub/x86_64-efi/terminal.lst',
    '/grub/grub.cfg',
    '/k',
    '/i',
  ]);
});

test('Secure Boot refuses iPXE and says what to do', async () => {
  const { report } = await boot({ kind: 'secure', dhcp: IPXE_SITE, tftp: { 'snponly.efi': 'MZ' } });
  assert.equal(report.end, 'nothing');
  assert.match(report.reason, /Secure Boot refuses snponly.efi: enrol the node with loader grub/);
});

test('GRUB sends a machine to the system on its disk', async () => {
  const config =
    'if search --file --set=disk /EFI/debian/shimx64.efi ; then\nchainloader ($disk)/EFI/debian/shimx64.efi\nboot\nfi\nexit\n';
  const tftp = { 'shimx64.efi': 'MZ', 'grubx64.efi': 'MZ', '/grub/grub.cfg': config };
  const { report } = await boot({ kind: 'uefi-x64', disk: 'os', dhcp: GRUB_SITE, tftp });
  assert.equal(report.end, 'disk');
  const empty = await boot({ kind: 'uefi-x64', disk: 'empty', dhcp: GRUB_SITE, tftp });
  assert.equal(empty.report.end, 'stuck');
  assert.match(empty.report.reason, /set-up screen/);
});

test('iPXE exit: an error goes on to the disk, success opens the set-up screen of UEFI, a BIOS goes on anyway', async () => {
  for (const [kind, status, end] of [
    ['uefi-x64', 1, 'disk'],
    ['uefi-x64', 0, 'stuck'],
    ['bios', 0, 'disk'],
  ] as const) {
    const { report } = await boot({
      kind,
      disk: 'os',
      dhcp: IPXE_SITE,
      tftp: { 'snponly.efi': 'MZ' },
      http: { [SCRIPT]: `#!ipxe\nexit ${status}\n` },
    });
    assert.equal(report.end, end, `${kind} exit ${status}`);
  }
});

test('iPXE chains to GRUB, which goes on with its lease', async () => {
  const config = 'search --file --set=d /EFI/BOOT/BOOTX64.EFI\nchainloader ($d)/EFI/BOOT/BOOTX64.EFI\nboot\n';
  const { report } = await boot({
    kind: 'uefi-x64',
    disk: 'os',
    dhcp: (message) => ({ nextServer: SERVER, ...IPXE_SITE(message) }),
    tftp: { 'snponly.efi': 'MZ', '/grub/grub.cfg': config },
    http: { [SCRIPT]: '#!ipxe\nchain /assets/grubx64.efi ||\nexit 1\n', 'http://10.77.0.1/assets/grubx64.efi': 'MZ' },
  });
  assert.equal(report.end, 'disk');
  assert.deepEqual(report.programs, ['snponly.efi', '/assets/grubx64.efi']);
});

test('a stranger gets an address and nothing to boot', async () => {
  const { report } = await boot({ kind: 'bios', dhcp: () => ({ address: ADDRESS }) });
  assert.equal(report.end, 'nothing');
  assert.equal(report.address, '10.77.0.100');
});

test('a network without a server is told of after a minute', async () => {
  const clock = new FakeClock();
  const steps: MachineStep[] = [];
  let report: MachineReport | undefined;
  const network = new FakeNetwork().host('machine', []);
  void bootMachine(
    { ...IDENTITY, name: 'node1', kind: 'uefi-x64', disk: 'empty' },
    {
      clock,
      random: () => 0.5,
      pace: 1,
      dhcp: new ScriptedLink(),
      network,
      tftpPort: 69,
      checksums: new Map(),
      report: (step) => void steps.push(step),
      http: () => Promise.reject(new Error('no network')),
    },
  ).then((each) => {
    report = each;
  });
  await clock.advanceSettling(70_000, 1_000);
  assert.equal(report?.end, 'nothing');
  assert.match(report?.reason ?? '', /no answer by DHCP within 60 s/);
  assert.equal(report?.retransmits, 3);
  assert.equal(steps.filter((step) => step.level === 'trouble').length, 3);
});

test('a second address for the same machine is a fault, though it boots', async () => {
  const { report } = await boot({
    kind: 'bios',
    dhcp: (message) => ({ ...IPXE_SITE(message), address: stageOf(message) === 'os' ? ADDRESS + 1 : ADDRESS }),
    http: { ...ASSETS, [SCRIPT]: KERNEL_SCRIPT },
  });
  assert.equal(report.end, 'kernel');
  assert.deepEqual(report.faults, [
    'Linux got 10.77.0.101, the machine had 10.77.0.100 before: one interface, two addresses',
  ]);
});

test('a file that arrives damaged is a fault', async () => {
  const { report } = await boot({
    kind: 'bios',
    dhcp: IPXE_SITE,
    http: { ...ASSETS, [SCRIPT]: KERNEL_SCRIPT },
    checksums: new Map([
      ['k', fileOf('k', 'KERNEL').sha256],
      ['i', fileOf('i', 'ANOTHER').sha256],
    ]),
  });
  assert.deepEqual(report.faults, ['/assets/i arrived damaged: its SHA-256 is not that of i']);
});

test('a boot file that is not there leaves the machine with its next boot entry', async () => {
  const { report } = await boot({ kind: 'uefi-x64', dhcp: IPXE_SITE });
  assert.equal(report.end, 'nothing');
  assert.match(report.reason, /the size of snponly.efi: not there/);
});

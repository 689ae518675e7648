import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseMachinesOutput } from '../../src/rehearsal/machines-protocol.ts';
import { Narrator, parseDaemonLine } from '../../src/rehearsal/narrator.ts';
import { INITRD_ASSET, KERNEL_ASSET, writeAssets } from '../../src/rehearsal/rehearsal-assets.ts';
import { rehearsalConfig } from '../../src/rehearsal/rehearsal-config.ts';
import { MAX_MACHINES, planMachines, type RehearsedMachine } from '../../src/rehearsal/rehearsal-plan.ts';
import type { MachineReport } from '../../src/rehearsal/simulated-node.ts';
import { judge, summaryTable } from '../../src/rehearsal/summary.ts';
import { createWorkspace } from '../../src/rehearsal/workspace.ts';

test('a handful has every firmware, one node for its disk and one stranger', () => {
  const machines = planMachines(7);
  assert.deepEqual(
    machines.map(({ plan, expects }) => `${plan.kind} ${expects}`),
    [
      'uefi-x64 kernel',
      'bios kernel',
      'uefi-http kernel',
      'uefi-arm64 kernel',
      'secure kernel',
      'uefi-x64 disk',
      'bios nothing',
    ],
  );
  assert.equal(machines.at(-1)?.enrolment, undefined);
});

test('machines of the largest rehearsal are all different', () => {
  const machines = planMachines(MAX_MACHINES);
  for (const key of ['mac', 'uuid', 'name'] as const) {
    assert.equal(new Set(machines.map(({ plan }) => plan[key])).size, MAX_MACHINES, key);
  }
});

test('one or two machines boot', () => {
  assert.deepEqual(
    planMachines(2).map(({ expects }) => expects),
    ['kernel', 'kernel'],
  );
});

test('the configuration names the network, the profile and the folder it is given', () => {
  const server = {
    interfaceName: 'lo',
    address: '127.0.0.1',
    subnet: '127.0.0.0/8',
    pool: '127.77.0.1-127.77.0.9',
    dhcpPort: 10067,
    proxyPort: 10011,
    tftpPort: 10069,
    httpPort: 10080,
    argv: (command: readonly string[]) => command,
  };
  const text = rehearsalConfig({ server }, { dataDir: '/d', assetsDir: '/a', apiSocket: '/s' });
  const value = parse(text) as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(value.interfaces ?? {}), ['lo']);
  assert.equal(value.dhcp?.port, 10067);
  assert.deepEqual(value.api?.listen, ['unix:/s']);
  assert.deepEqual(value.profiles?.rehearsal, {
    kind: 'live',
    kernel: KERNEL_ASSET,
    initrds: [INITRD_ASSET],
    arguments: 'console=ttyS0,115200',
  });
});

test('assets are the same each time, and their checksums are true', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-test-'));
  try {
    const checksums = writeAssets(folder, 7);
    assert.deepEqual(writeAssets(folder, 100), checksums);
    for (const [name, sha256] of checksums) {
      assert.equal(
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
        sha256,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a workspace is its owner's alone; leftovers of a dead rehearsal go, a living one's stay", () => {
  const parent = mkdtempSync(join(tmpdir(), 'podboot-test-'));
  try {
    mkdirSync(join(parent, `podboot-rehearsal-${2 ** 22 + 1}-dead`));
    mkdirSync(join(parent, `podboot-rehearsal-${process.ppid}-alive`));
    mkdirSync(join(parent, 'something-else'));
    const workspace = createWorkspace(parent);
    assert.equal(statSync(workspace.folder).mode & 0o777, 0o700);
    assert.equal(
      readdirSync(parent).some((name) => name.endsWith('-dead')),
      false,
    );
    assert.equal(readdirSync(parent).length, 3);
    workspace.remove();
    assert.equal(readdirSync(parent).length, 2);
  } finally {
    rmSync(parent, { recursive: true });
  }
});

const REPORT: MachineReport = {
  machine: 'node01',
  end: 'kernel',
  reason: 'its kernel runs',
  address: '10.0.0.1',
  programs: ['snponly.efi'],
  kernel: `/assets/${KERNEL_ASSET}`,
  initrds: [`/assets/${INITRD_ASSET}`],
  seconds: 2,
  retransmits: 0,
  faults: [],
};

test('a machine that ended as it should has no faults; each way to be wrong is told', () => {
  const [machine] = planMachines(1) as [RehearsedMachine];
  assert.deepEqual(judge(machine, REPORT).faults, []);
  const { kernel: _kernel, ...withoutKernel } = REPORT;
  for (const [report, told] of [
    [undefined, /did not come to an end/],
    [{ ...REPORT, end: 'stuck', reason: 'no file' } as const, /stuck: no file; expected: booted the live kernel/],
    [{ ...REPORT, kernel: '/assets/other' }, /was sent the kernel/],
    [withoutKernel, /was sent the kernel/],
    [{ ...REPORT, initrds: [] }, /was sent the initrds/],
    [{ ...REPORT, faults: ['two addresses'] }, /two addresses/],
  ] as const) {
    assert.match(judge(machine, report).faults.join('; '), told);
  }
});

test('a summary of a handful has a row for each, one of hundreds has sums and the failures', () => {
  const handful = planMachines(7).map((machine) => judge(machine, REPORT));
  assert.equal(summaryTable(handful).split('\n').length, 8);
  const many = planMachines(100).map((machine, index) => judge(machine, index === 3 ? undefined : REPORT));
  const table = summaryTable(many);
  assert.match(table, /node004/);
  assert.match(table, /retransmits/);
});

test('lines of the daemon are read in either level notation, and nothing else is shown', () => {
  assert.deepEqual(parseDaemonLine('{"level":40,"type":"a.b","msg":"x"}'), { level: 'warn', text: 'x', type: 'a.b' });
  assert.deepEqual(parseDaemonLine('{"level":"error","msg":"x"}'), { level: 'error', text: 'x' });
  assert.equal(parseDaemonLine('API token: 12345'), undefined);
  assert.equal(parseDaemonLine('{broken'), undefined);
  assert.equal(parseMachinesOutput('{"other":1}'), undefined);
});

test('a handful is told step by step, a crowd by sums and troubles', () => {
  const tell = (machines: number): string => {
    let text = '';
    const write = (more: string): void => {
      text += more;
    };
    const narrator = new Narrator({ machines, colours: false, write, now: () => 0 });
    narrator.step({ machine: 'node1', milliseconds: 0, level: 'step', text: 'a step' });
    narrator.step({ machine: 'node1', milliseconds: 0, level: 'trouble', text: 'a trouble' });
    narrator.machineOn();
    return text;
  };
  assert.match(tell(5), /node1 +a step\n.*a trouble\n$/);
  assert.doesNotMatch(tell(500), /a step/);
  assert.match(tell(500), /a trouble\n.*1 of 500 nodes are on/);
});

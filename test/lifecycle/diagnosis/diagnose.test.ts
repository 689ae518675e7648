import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeLife } from '../../../src/domain/node-life.ts';
import { CAUSES, diagnose } from '../../../src/lifecycle/diagnosis/diagnose.ts';
import {
  ADDRESS,
  ARMED,
  BY_HAND,
  CLAIMED,
  FINISHED,
  FIRMWARE,
  IPXE,
  input,
  KERNEL,
  type Line,
  life,
  POWERED,
  PROGRAM,
  SCRIPT,
  START,
  STARTED,
} from './timelines.ts';

interface Case {
  readonly code: string;
  readonly what: string;
  readonly where: NodeLife;
  readonly lines: readonly Line[];
  readonly daemon?: readonly Line[];
  /** What the words have to say. */
  readonly says?: RegExp;
  readonly mends?: RegExp;
}

const WAITING = life('booting', 'waiting');
const SEEN = life('booting', 'seen');
const CLAIM = life('installing', 'claimed');
const RUNNING = life('installing', 'started');
const DONE = life('installing', 'finished');
const failed = (code: string, text: string) => life('installing', 'started', { fault: { code, text, at: START } });
const log = (seconds: number, text: string): Line => [seconds, 'installer.log', `dgx01: ${text}`];
const again: Line = [1_000, 'install.network-boot-again', 'dgx01 boots from the network again', { session: 2 }, 'warn'];

const CASES: readonly Case[] = [
  {
    code: 'not-stored',
    what: 'the disk of the daemon is full',
    where: WAITING,
    lines: [ARMED, [250, 'life.not-stored', 'its network boot could not be put down: the disk is full', {}, 'error']],
    says: /disk is full/,
  },
  {
    code: 'wrong-clock',
    what: 'the host’s clock jumped',
    where: WAITING,
    lines: [ARMED, BY_HAND],
    daemon: [[400, 'dhcp.clock-jumped', 'the clock jumped by 3600 s', { jumpMs: 3_600_000 }, 'warn']],
    says: /clock/,
  },
  {
    code: 'power-failed',
    what: 'the BMC refuses',
    where: life('powering'),
    lines: [ARMED, [5, 'effect.network-boot', 'BMC 10.77.9.101 does not answer', { fate: 'failed' }, 'warn']],
    says: /10\.77\.9\.101 does not answer/,
  },
  {
    code: 'interface-down',
    what: 'our interface is down',
    where: WAITING,
    lines: [ARMED, POWERED],
    daemon: [[100, 'dhcp.interface-down', "DHCP can't answer on eno2: it is not there", {}, 'error']],
    says: /eno2/,
  },
  {
    code: 'waiting-for-power',
    what: 'nobody has pressed the button',
    where: WAITING,
    lines: [ARMED, BY_HAND],
    says: /not heard of in the 30 min/,
    mends: /Power dgx01 on/,
  },
  { code: 'power-unconfirmed', what: 'a BMC that says nothing', where: life('powering'), lines: [ARMED] },
  {
    code: 'no-discover',
    what: 'cable, port or boot order',
    where: WAITING,
    lines: [ARMED, POWERED],
    says: /never asked for an address by 52:54:00:77:00:01/,
    mends: /cable.*VLAN.*boot order/,
  },
  {
    code: 'wrong-interface',
    what: 'it asks through another port',
    where: SEEN,
    lines: [
      ARMED,
      POWERED,
      [
        240,
        'dhcp.ack',
        'dgx01: PXE firmware has 10.77.0.9, no boot file: interface eno2 has the role other and never boots its node',
        { stage: 'pxe' },
      ],
    ],
    mends: /role boot|role=boot/,
  },
  {
    code: 'pool-full',
    what: 'no address left',
    where: SEEN,
    lines: [
      ARMED,
      POWERED,
      [240, 'dhcp.pool-full', 'dgx01 gets no address: the pool of 10.77.0.0/24 is full', {}, 'warn'],
    ],
  },
  {
    code: 'address-conflict',
    what: 'two machines with one address',
    where: SEEN,
    lines: [
      ARMED,
      POWERED,
      ...FIRMWARE,
      [243, 'dhcp.decline', 'dgx01 declined 10.77.0.1: it saw another machine at it', {}, 'warn'],
    ],
  },
  {
    code: 'address-refused-again',
    what: 'NAK after NAK',
    where: SEEN,
    lines: [
      ARMED,
      POWERED,
      ...FIRMWARE,
      ...[242, 246, 254].map((at): Line => [at, 'dhcp.nak', 'dgx01 is refused 192.168.1.9: not of this network']),
    ],
    says: /3 times/,
  },
  {
    code: 'other-server-answered',
    what: 'a home router on the network',
    where: SEEN,
    lines: [ARMED, POWERED, ...FIRMWARE],
    daemon: [
      [241, 'dhcp.other-server', 'Another DHCP server answers on eno2: 10.77.0.250', { server: '10.77.0.250' }, 'warn'],
    ],
    says: /10\.77\.0\.250/,
  },
  {
    code: 'offer-unanswered',
    what: 'offers that do not come back',
    where: SEEN,
    lines: [ARMED, POWERED, ...FIRMWARE, [244, 'dhcp.offer', 'again', { stage: 'pxe' }]],
    says: /2 times/,
  },
  {
    code: 'no-program',
    what: 'no boot program for arm64',
    where: SEEN,
    lines: [
      ARMED,
      ...ADDRESS,
      [241, 'boot.no-program', "dgx01 can't be booted: no boot program: bootnetaa64.efi is not installed", {}, 'warn'],
    ],
  },
  {
    code: 'unrenderable',
    what: 'a template with a mistake',
    where: SEEN,
    lines: [
      ARMED,
      ...KERNEL,
      [300, 'install.unrenderable', 'the answer files of dgx01 could not be made: preseed.cfg:12', {}, 'error'],
    ],
    says: /preseed\.cfg:12/,
  },
  {
    code: 'asset-damaged',
    what: 'an initrd that can’t be read',
    where: SEEN,
    lines: [ARMED, ...SCRIPT, [266, 'http.failed', '10.77.0.1 asked for /assets/debian/initrd.gz: EIO', {}, 'error']],
  },
  {
    code: 'asset-missing',
    what: 'a kernel that is not there',
    where: SEEN,
    lines: [
      ARMED,
      ...SCRIPT,
      [266, 'http.refused', '10.77.0.1 asked for /assets/debian/linux: there is no such file', {}, 'warn'],
    ],
  },
  {
    code: 'tftp-stalled',
    what: 'a firewall before TFTP’s own ports',
    where: SEEN,
    lines: [
      ARMED,
      ...ADDRESS,
      [
        260,
        'tftp.stalled',
        '10.77.0.1 asked for snponly.efi and never acknowledged the answer',
        { file: 'snponly.efi' },
        'warn',
      ],
    ],
  },
  {
    code: 'server-busy',
    what: 'a thousand at once',
    where: SEEN,
    lines: [ARMED, ...ADDRESS, [243, 'tftp.busy', '10.77.0.1 was turned away: 1000 transfers are running', {}, 'warn']],
  },
  {
    code: 'server-busy',
    what: 'behind an address that many machines share',
    where: SEEN,
    lines: [
      ARMED,
      ...ADDRESS,
      [243, 'tftp.client-busy', '10.77.0.1 was turned away: 500 transfers of its own are running', {}, 'warn'],
    ],
    says: /500 transfers of its own/,
  },
  {
    code: 'sent-to-disk',
    what: 'it came too late and went to its disk',
    where: SEEN,
    lines: [
      ARMED,
      ...IPXE,
      [264, 'http.script', 'dgx01 got its boot script: its disk by grub-chainload: it has no boot grant'],
    ],
  },
  {
    code: 'program-not-fetched',
    what: 'a firewall before TFTP',
    where: SEEN,
    lines: [ARMED, POWERED, ...ADDRESS],
    says: /snponly\.efi/,
    mends: /UDP 69/,
  },
  {
    code: 'program-again-and-again',
    what: 'Secure Boot refuses the program',
    where: SEEN,
    lines: [
      ARMED,
      ...PROGRAM,
      ...[300, 360, 420].map((at): Line => [at, 'tftp.done', '10.77.0.1 got snponly.efi', { file: 'snponly.efi' }]),
    ],
    says: /4 times/,
    mends: /--loader grub/,
  },
  { code: 'program-silent', what: 'a boot program without a driver', where: SEEN, lines: [ARMED, ...PROGRAM] },
  { code: 'script-not-fetched', what: 'a firewall before HTTP', where: SEEN, lines: [ARMED, ...IPXE] },
  {
    code: 'kernel-broken-off',
    what: 'a download that broke off',
    where: SEEN,
    lines: [
      ARMED,
      ...SCRIPT,
      [
        270,
        'http.asset',
        'dgx01 broke off after 3.0 of 40.1 MB of debian/initrd.gz',
        { file: 'debian/initrd.gz', outcome: 'broken' },
        'warn',
      ],
    ],
  },
  { code: 'script-no-kernel', what: 'a script that leads nowhere', where: SEEN, lines: [ARMED, ...SCRIPT] },
  {
    code: 'answer-refused',
    what: 'the installer has another address',
    where: SEEN,
    lines: [
      ARMED,
      ...KERNEL,
      [
        300,
        'install.refused',
        'dgx01: the answer file preseed.cfg was refused to 10.77.0.77',
        { reason: 'other-address' },
        'warn',
      ],
    ],
    mends: /BOOTIF/,
  },
  {
    code: 'answer-not-there',
    what: 'a name in the kernel arguments that the profile does not have',
    where: SEEN,
    lines: [
      ARMED,
      POWERED,
      ...KERNEL,
      [
        300,
        'install.no-such-file',
        'dgx01 asked for preseed.cfg.missing, and os has no answer file of this name',
        { file: 'preseed.cfg.missing', profile: 'os' },
      ],
    ],
    says: /asked for preseed\.cfg\.missing/,
    mends: /kernel arguments/,
  },
  {
    code: 'kernel-no-installer',
    what: 'no driver in the initrd',
    where: SEEN,
    lines: [ARMED, ...KERNEL],
    mends: /driver for the network card/,
  },
  {
    code: 'given-up',
    what: 'a person gave it up',
    where: failed('given-up', 'its installation was given up by bert'),
    lines: [ARMED, ...STARTED],
  },
  {
    code: 'installer-clock',
    what: 'a dead CMOS battery',
    where: RUNNING,
    lines: [ARMED, ...STARTED, log(400, 'wget: certificate is not yet valid')],
  },
  {
    code: 'installer-no-disk',
    what: 'a controller without a driver',
    where: RUNNING,
    lines: [ARMED, ...STARTED, log(400, 'partman: No disks found')],
  },
  {
    code: 'installer-no-disk',
    what: 'a choice of disks that no disk of the machine fits, in its installer’s last words, and a reboot since',
    where: CLAIM,
    lines: [
      ARMED,
      ...CLAIMED,
      [
        310,
        'life.fault',
        'dgx01 is installing (claimed): the installer failed: no disk fits the choice of install.disk; there are: /dev/vda',
        { fault: 'installer-failed' },
        'warn',
      ],
      again,
    ],
    says: /there are: \/dev\/vda/,
  },
  {
    code: 'installer-mirror',
    what: 'no way to the packages',
    where: RUNNING,
    lines: [ARMED, ...STARTED, log(400, 'apt: Temporary failure resolving deb.debian.org')],
  },
  {
    code: 'installer-failed',
    what: 'the installer says so',
    where: failed('installer-failed', 'the installer failed: late_command ended with 2'),
    lines: [ARMED, ...STARTED, log(500, 'late_command ended with 2')],
    says: /late_command/,
  },
  {
    code: 'rebooted-while-installing',
    what: 'a power cut in the middle',
    where: RUNNING,
    lines: [ARMED, ...STARTED, again],
  },
  {
    code: 'answers-changed',
    what: 'somebody edited the node meanwhile',
    where: CLAIM,
    lines: [
      ARMED,
      ...CLAIMED,
      [310, 'install.answers-changed', 'dgx01 asked again for preseed.cfg, and its profile has changed', {}, 'warn'],
    ],
  },
  { code: 'installer-not-started', what: 'a question on the console', where: CLAIM, lines: [ARMED, ...CLAIMED] },
  {
    code: 'installer-silent',
    what: 'stuck at 87 %',
    where: RUNNING,
    lines: [ARMED, ...STARTED, [600, 'installer.progress', 'dgx01: 87 %']],
    says: /silent for 20 min; its last word: dgx01: 87 %/,
  },
  {
    code: 'boots-network-after-install',
    what: 'the boot order begins with the network',
    where: DONE,
    lines: [ARMED, ...FINISHED, again],
  },
  {
    code: 'switched-off',
    what: 'offwhendone',
    where: DONE,
    lines: [
      ARMED,
      ...FINISHED,
      [901, 'effect.power-on', 'the installer of dgx01 switches the machine off when it is done', { fate: 'by-hand' }],
    ],
  },
  {
    code: 'other-system',
    what: 'an old system on its other disk',
    where: DONE,
    lines: [
      ARMED,
      ...FINISHED,
      [990, 'install.ssh-other-key', 'who answers by SSH at the address of dgx01 is not the system that was installed'],
    ],
    mends: /another disk/,
  },
  { code: 'first-boot-missing', what: 'it never came up from its disk', where: DONE, lines: [ARMED, ...FINISHED] },
  { code: 'hand-off-late', what: 'a runner that hangs', where: life('handing-off'), lines: [ARMED, ...FINISHED] },
];

for (const { code, what, where, lines, daemon, says, mends } of CASES) {
  test(`${code}: ${what}`, () => {
    const diagnosis = diagnose(input(where, lines, daemon));
    assert.equal(diagnosis.code, code, diagnosis.text);
    assert.ok(diagnosis.mend.length > 10 && diagnosis.text.length > 10);
    if (says !== undefined) assert.match(diagnosis.text, says);
    if (mends !== undefined) assert.match(diagnosis.mend, mends);
    if (!['power-unconfirmed', 'given-up', 'hand-off-late'].includes(code))
      assert.ok(diagnosis.evidence.length > 0, 'with evidence');
  });
}

test('every cause has a timeline that shows it, and there are at least twenty', () => {
  assert.deepEqual(
    CAUSES.map(({ code }) => code).filter((code) => !CASES.some((each) => each.code === code)),
    [],
  );
  assert.ok(CAUSES.length >= 20);
});

test('a node that is on its way and in time has nothing wrong', () => {
  const diagnosis = diagnose({
    ...input(WAITING, []),
    now: START + 1_000,
    life: life('ready', undefined, { deadlineAt: null }),
  });
  assert.equal(diagnosis.code, 'on-its-way');
});

test('what happened before the node was armed does not count', () => {
  const before: Line = [-3_600, 'tftp.stalled', 'an old trouble', { file: 'snponly.efi' }, 'warn'];
  assert.equal(diagnose(input(SEEN, [before, ARMED, POWERED, ...ADDRESS])).code, 'program-not-fetched');
});

test('a boot that failed is forgotten when the next one went further', () => {
  const first: readonly Line[] = [
    ...ADDRESS,
    [260, 'tftp.stalled', 'never acknowledged', { file: 'snponly.efi' }, 'warn'],
  ];
  const second = KERNEL.map(([at, ...rest]): Line => [at + 400, ...rest] as Line);
  assert.equal(diagnose(input(SEEN, [ARMED, ...first, ...second])).code, 'kernel-no-installer');
});

test('a machine that tries again and again is told by where it failed, wherever its next boot is by now', () => {
  const failed: Line = [300, 'install.no-such-file', 'dgx01 asked for ks.cfg, and os has no answer file of this name'];
  const next = ADDRESS.map(([at, ...rest]): Line => [at + 400, ...rest] as Line);
  assert.equal(diagnose(input(SEEN, [ARMED, ...KERNEL, failed, ...next])).code, 'answer-not-there');
});

test('questions of shim and GRUB for files that need not be there are no missing files', () => {
  for (const file of ['revocations_sku.efi', 'shim_certificate_0.efi', '/grub/x86_64-efi/terminal.lst']) {
    const asked: Line = [243, 'tftp.not-found', `10.77.0.1 asked for ${file}, which is not there`];
    assert.equal(diagnose(input(SEEN, [ARMED, ...ADDRESS, asked, ...PROGRAM.slice(2)])).code, 'program-silent', file);
  }
});

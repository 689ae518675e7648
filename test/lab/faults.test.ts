import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isChosen } from '../harness/lab-choice.ts';
import { INSTALL_LIMIT_MS, InstallSite, installer, installSkip, type Life, seconds } from './install-site.ts';

const isWanted = isChosen('faults', 'uefi');

interface FaultCase {
  readonly profile: string;
  readonly number: number;
  readonly what: string;
  readonly code: string;
  readonly says: RegExp;
  readonly where: Life;
  /** What becomes of the grant: before its claim nothing is written, and it stays. */
  readonly grant: 'armed' | 'claimed' | 'spent';
}

const CASES: readonly FaultCase[] = [
  {
    profile: 'fetch',
    number: 31,
    what: 'lab.fail=fetch, an answer file that is not there',
    code: 'answer-not-there',
    says: /preseed\.cfg\.missing/,
    where: { state: 'booting', step: 'seen' },
    grant: 'armed',
  },
  {
    profile: 'disk',
    number: 32,
    what: 'lab.fail=disk, an installer that finds no disk, tells nobody and reboots',
    code: 'rebooted-while-installing',
    says: /booted from the network again before its installer was done/,
    where: { state: 'installing', step: 'started' },
    grant: 'spent',
  },
  {
    profile: 'hang',
    number: 33,
    what: 'lab.fail=hang, an installer that falls silent',
    code: 'installer-silent',
    says: /silent/,
    where: { state: 'installing', step: 'started' },
    grant: 'spent',
  },
  {
    profile: 'no-such-disk',
    number: 34,
    what: 'a choice of disks that the machine has none of',
    code: 'installer-no-disk',
    says: /no disk fits the choice of install\.disk.*\/dev\/vda/,
    where: { state: 'installing', step: 'claimed' },
    grant: 'spent',
  },
  {
    profile: 'post-install',
    number: 35,
    what: 'a late command that fails, and a machine that reboots after it',
    code: 'installer-failed',
    says: /post-install command 1 ended with 1/,
    where: { state: 'installing', step: 'started' },
    grant: 'spent',
  },
];

let site: InstallSite;

before(async () => {
  if (installSkip !== false || !isWanted) return;
  const fails = (where: string) => installer('preseed', { arguments: `lab.fail=${where}` });
  site = await InstallSite.up({
    // A deadline that passes too early is looked at again: the machines take a minute, and the test should not take more.
    deadlines: { loading: '30s', installing: '60s', silence: '20s', finishing: '60s' },
    profiles: {
      ...Object.fromEntries(['fetch', 'disk', 'late', 'hang'].map((where) => [where, fails(where)])),
      'no-such-disk': installer('kickstart', { media: 'none', values: { disk: { serial: 'NOBODY-HAS-IT' } } }),
      'post-install': installer('preseed', { values: { postInstall: ['false'] } }),
    },
  });
});
after(() => site?.down());

for (const { profile, number, what, code, says, where, grant } of CASES) {
  test(`${what}: ${code}`, {
    skip: isWanted ? installSkip : 'PODBOOT_LAB=faults, or npm run test:lab',
    timeout: 600_000,
  }, async (context) => {
    const machine = site.lab.machine(number, { firmware: 'uefi' });
    try {
      const name = await site.enrol(machine, 'uefi');
      const begun = performance.now();
      await site.install(name, profile);
      const { state, step, fault } = await site.comesTo(name, machine, (now) => now.fault?.code === code, code);
      context.diagnostic(`${code} after ${seconds(begun)}: ${fault?.text}`);
      assert.deepEqual({ state, step }, where);
      assert.match(fault?.text ?? '', says);
      const diagnosis = await site.diagnosis(name);
      assert.equal(diagnosis.code, code);
      assert.match(diagnosis.text, says);
      const { items } = JSON.parse((await site.daemon.call('GET', `/api/v1/nodes/${name}/grants`)).body);
      assert.deepEqual(
        items.map((each: { state: string }) => each.state),
        [grant],
      );
      const told = site.daemon.log.filter(({ type, msg }) => type === 'life.fault' && msg?.includes(name));
      assert.ok(told.length > 0, 'the log tells it at once');
    } finally {
      machine.unplug();
    }
  });
}

test('lab.fail=late, an installer that fails after its last word: installed, for its system answers from the disk', {
  skip: isWanted ? installSkip : 'PODBOOT_LAB=faults, or npm run test:lab',
  timeout: 600_000,
}, async () => {
  const machine = site.lab.machine(36, { firmware: 'uefi' });
  try {
    const name = await site.enrol(machine, 'uefi');
    await site.install(name, 'late');
    const evidence = () => site.daemon.output.slice(-2_500);
    await machine.says(/FAILED: late command/, { timeoutMs: INSTALL_LIMIT_MS, evidence });
    const { state } = await site.life(name);
    assert.equal(state, 'installing', 'an installer’s word alone makes no node installed');
    await site.isInstalled(name, machine);
    assert.match(machine.console, /is up from disk/);
  } finally {
    machine.unplug();
  }
});

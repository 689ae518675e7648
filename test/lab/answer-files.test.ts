import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { beginnings, InstallSite, installations, installSkip, seconds } from './install-site.ts';

/**
 * Answer files of ready-made profiles, obeyed by the lab's small installer on real firmware: it reads what podboot's kernel
 * arguments name, runs the early and the late command, and boots what it has installed.
 */
interface Case {
  readonly number: number;
  readonly base: string;
  readonly firmware: LabFirmware;
  /** Of the configuration: what an asset would bring. */
  readonly media?: string;
  /** The small installer takes `url=`, which is casper's ISO, for a preseed file; the last one counts. */
  readonly arguments?: 'url=';
}

const CASES: readonly Case[] = [
  { number: 11, base: 'debian-12', firmware: 'uefi' },
  { number: 12, base: 'ubuntu-24.04', firmware: 'bios', media: 'none.iso', arguments: 'url=' },
  { number: 13, base: 'rocky-9', firmware: 'http', media: 'none' },
  // Kernel arguments by way of GRUB, where a bare ; would end the command.
  { number: 14, base: 'ubuntu-24.04', firmware: 'secure', media: 'none.iso', arguments: 'url=' },
];
const cases = CASES.filter(({ firmware }) => isChosen('answers', firmware));

let site: InstallSite;

before(async () => {
  if (installSkip !== false || cases.length === 0) return;
  const profile = ({ number, base, media, arguments: words }: Case) => [
    `p${number}`,
    {
      base,
      kernel: 'labinst/vmlinuz',
      initrds: ['labinst/initrd.img'],
      arguments: `console=ttyS0,115200 ${words ?? ''}`,
      ...(media === undefined ? {} : { media }),
    },
  ];
  site = await InstallSite.up({
    profiles: Object.fromEntries(CASES.map(profile)),
    install: {
      rules: CASES.map(({ number }) => ({ name: `rule${number}`, racks: [`r${number}`], profile: `p${number}` })),
      values: {
        mirror: 'http://10.77.0.1/assets/debian',
        disk: { bus: 'virtio', minSize: '100MB' },
        ntpServers: ['10.77.0.1'],
        postInstall: [`echo "it's #{done}" >/root/post-install`],
      },
    },
  });
});
after(() => site?.down());

for (const { number, base, firmware } of cases) {
  test(`${base} on ${firmware}: enrolled, armed by a rule, powered, installed by its answer file, reported, up from disk`, {
    skip: installSkip,
    timeout: 900_000,
  }, async (context) => {
    const machine = site.lab.machine(number, { firmware });
    try {
      const begun = performance.now();
      const name = await site.enrol(machine, firmware, { rack: `r${number}` });
      await site.isInstalled(name, machine);
      context.diagnostic(`${base} on ${firmware}: installed after ${seconds(begun)}`);
      const story = (await site.daemon.call('GET', `/api/v1/nodes/${name}/timeline?limit=1000`)).body;
      for (const expected of [/started/, /finished/, /installing → installed/]) assert.match(story, expected);
      assert.match(machine.console, /LABOS .*is up from disk/);
      assert.deepEqual([beginnings(machine), installations(machine)], [1, 1], 'it was installed once');
    } finally {
      machine.unplug();
    }
  });
}

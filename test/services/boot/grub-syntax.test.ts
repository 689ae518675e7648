import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { BootDecision } from '../../../src/domain/boot.ts';
import { renderGrub, renderGrubByMac, renderGrubNotice } from '../../../src/services/boot/render-grub.ts';

const CHECKER = 'grub-script-check';
const present = spawnSync(CHECKER, ['--version']).status === 0;
const skip = present ? false : `${CHECKER} (package grub-common) is not installed here`;

const CONTEXT = { title: "dgx01; it's `here`", httpOrigin: 'http://10.77.0.1', tftpServer: '10.77.0.1' };
const KERNEL: BootDecision = {
  action: 'kernel',
  profile: 'rescue',
  kernel: 'debian/linux',
  initrds: ['debian/initrd.gz'],
  arguments: 'console=ttyS0,115200 ds2=a;b x="a b" y=$z (hd0) } { | & < > ! if fi',
  reason: 'its profile is rescue',
};

const CONFIGS: Record<string, string> = {
  'a kernel': renderGrub(KERNEL, CONTEXT),
  'a kernel over HTTP': renderGrub(KERNEL, { ...CONTEXT, firmware: 'uefi-arm64', grubHttp: true }),
  'a kernel alone': renderGrub({ ...KERNEL, initrds: [], arguments: '' }, CONTEXT),
  'the disk': renderGrub({ action: 'disk', method: 'grub-chainload', reason: 'local' }, CONTEXT),
  'the disk by exit': renderGrub({ action: 'disk', method: 'grub-exit', reason: 'local' }, CONTEXT),
  nothing: renderGrub({ action: 'nothing', reason: 'a BMC' }, CONTEXT),
  'a notice': renderGrubNotice('not enrolled', 'to enrol it: podboot enrol NAME --mac MAC'),
  'the question for a MAC address': renderGrubByMac('10.77.0.1'),
};

for (const [what, config] of Object.entries(CONFIGS)) {
  test(`GRUB's own parser takes the configuration for ${what}`, { skip }, () => {
    const result = spawnSync(CHECKER, ['--verbose'], { input: config, encoding: 'utf8' });
    assert.equal(result.status, 0, `${result.stderr}\n${config}`);
  });
}

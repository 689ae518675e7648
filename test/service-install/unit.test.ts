import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { unitForCheckout } from '../../src/service-install/unit-file.ts';
import { run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const UNIT = fileURLToPath(new URL('../../systemd/podboot.service', import.meta.url));
const text = readFileSync(UNIT, 'utf8');
const skip = unmet({ tools: ['systemd-analyze'] });

test('systemd calls the unit’s exposure less than 2.5', { skip }, () => {
  const { stdout, stderr } = run(['systemd-analyze', 'security', '--offline=true', '--no-pager', UNIT]);
  const exposure = Number(/Overall exposure level for podboot\.service: ([0-9.]+)/.exec(stdout)?.[1]);
  assert.ok(exposure < 2.5, `${exposure}\n${stdout}${stderr}`);
});

test('systemd knows every line of the unit', { skip }, () => {
  const { stdout, stderr } = run(['systemd-analyze', 'verify', '--man=no', UNIT]);
  const complaints = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => /podboot\.service/.test(line) && !/not executable/.test(line));
  assert.deepEqual(complaints, []);
});

test('runs outlive the daemon: nothing but the daemon’s process is ended, and nothing of theirs is cleared away', () => {
  assert.match(text, /^KillMode=process$/m);
  assert.match(text, /^OOMPolicy=continue$/m);
  assert.match(text, /^RuntimeDirectoryPreserve=restart$/m);
  assert.doesNotMatch(text, /^PrivateTmp=/m);
});

test('the time that systemd gives for a stop is longer than the daemon takes', () => {
  const limitMs = Number(
    /STOP_LIMIT_MS = ([0-9_]+)/
      .exec(readFileSync(new URL('../../src/daemon/daemon.ts', import.meta.url), 'utf8'))?.[1]
      ?.replaceAll('_', ''),
  );
  const givenMs = Number(/^TimeoutStopSec=([0-9]+)s$/m.exec(text)?.[1]) * 1_000;
  assert.ok(givenMs > limitMs, `${givenMs} > ${limitMs}`);
});

test('the unit of a checkout differs in its commands alone', () => {
  const own = unitForCheckout(text, '/srv/podboot').split('\n');
  const changed = text.split('\n').filter((line, index) => line !== own[index]);
  assert.deepEqual(
    changed.map((line) => line.split(' ')[0]),
    ['ExecStart=/usr/bin/podboot', 'ExecReload=/usr/bin/podboot'],
  );
});

test('a checkout where the service sees no files is bound into its place', () => {
  for (const root of ['/home/ann/podboot', '/root/podboot', '/tmp/podboot'])
    assert.match(unitForCheckout(text, root), new RegExp(`^ProtectHome=tmpfs\nBindReadOnlyPaths=${root}$`, 'm'));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Commands } from '../../../src/domain/commands.ts';
import { chooseLauncher, serviceUnit } from '../../../src/runners/launcher/choose-launcher.ts';
import { createSystemdLauncher, systemdRunArgv } from '../../../src/runners/launcher/systemd-launcher.ts';

const SERVICE = { invocationId: 'abc', controlGroups: '0::/system.slice/podboot.service\n' };

function commands(stdout: string, more: { exitCode?: number; stderr?: string } = {}) {
  const asked: (readonly string[])[] = [];
  const fake: Commands = {
    run: async ({ argv }) => {
      asked.push(argv);
      return { end: 'exited', exitCode: 0, stdout, stderr: '', ...more };
    },
  };
  return { asked, fake };
}

test('a service is told from a terminal, a container and a user’s session', () => {
  assert.equal(serviceUnit(SERVICE), 'podboot.service');
  assert.equal(
    serviceUnit({ invocationId: 'abc', controlGroups: '1:name=systemd:/system.slice/podboot.service/sub\n0::/\n' }),
    'podboot.service',
  );
  assert.equal(serviceUnit({ controlGroups: SERVICE.controlGroups }), undefined);
  assert.equal(serviceUnit({ invocationId: 'abc', controlGroups: '0::/\n' }), undefined);
  const session = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte.scope\n';
  assert.equal(serviceUnit({ invocationId: 'abc', controlGroups: session }), undefined);
});

test('where systemd ends the whole control group, runs get units of their own; elsewhere a session will do', async () => {
  assert.equal((await chooseLauncher(commands('control-group\n').fake, SERVICE)).kind, 'systemd');
  assert.equal((await chooseLauncher(commands('process\n').fake, SERVICE)).kind, 'detached');
  assert.equal((await chooseLauncher(commands('').fake, { controlGroups: '0::/\n' })).kind, 'detached');
});

test('a transient unit has the daemon’s user, no shell, and nothing of its environment but what is small', () => {
  const argv = systemdRunArgv('run-x-000000', '/var/lib/podboot/runs/run-x-000000', { uid: 990, gid: 991 });
  assert.deepEqual(argv.slice(0, 4), ['systemd-run', '--quiet', '--collect', '--no-ask-password']);
  assert.ok(argv.includes('--unit=podboot-run-x-000000'));
  assert.ok(argv.includes('--uid=990') && argv.includes('--gid=991'));
  const program = argv.slice(argv.indexOf('--') + 1);
  assert.equal(program[0], process.execPath);
  assert.match(program.at(-2) ?? '', /launcher\/wrapper\.ts$/);
  assert.equal(program.at(-1), '/var/lib/podboot/runs/run-x-000000');
  assert.ok(
    argv.filter((word) => word.startsWith('--setenv=')).every((word) => /=(PATH|HOME|LANG|LC_ALL|TZ)=/.test(word)),
  );
  assert.ok(!systemdRunArgv('run-x', '/x', { uid: 0, gid: 0 }).some((word) => word.startsWith('--uid')));
});

test('a systemd that takes no unit is told with its words and the mend', async () => {
  const { fake } = commands('', { exitCode: 1, stderr: 'Failed to start transient service unit: Access denied' });
  await assert.rejects(createSystemdLauncher(fake).launch('run-x', '/x'), (error: Error & { mend?: string }) => {
    assert.match(error.message, /Access denied/);
    assert.match(error.mend ?? '', /KillMode=process.*polkit/);
    return true;
  });
});

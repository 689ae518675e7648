import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandResult } from '../../../src/domain/commands.ts';
import type { HostKeyVerdict } from '../../../src/domain/install-ports.ts';
import { verdictOf } from '../../../src/runners/ssh/host-key-probe.ts';

const exited = (exitCode: number, stderr = ''): CommandResult => ({ end: 'exited', exitCode, stdout: '', stderr });
const ended = (end: CommandResult['end']): CommandResult => ({ end, stdout: '', stderr: '' });

const CASES: readonly (readonly [what: string, result: CommandResult, verdict: HostKeyVerdict['verdict']])[] = [
  ['it lets the user in', exited(0), 'proven'],
  [
    'it refuses the user, having shown its key',
    exited(255, 'root@10.0.2.1: Permission denied (publickey).\n'),
    'proven',
  ],
  [
    'the private key is of no use, and it refuses the user',
    exited(255, 'Load key "/k": Permission denied\nroot@10.0.2.1: Permission denied (publickey).\n'),
    'proven',
  ],
  ['the private key can’t be read, and nobody answers', exited(255, 'Load key "/k": Permission denied\n'), 'no-answer'],
  [
    'the bastion refuses the user',
    exited(255, 'root@10.0.2.9: Permission denied (publickey).\nConnection closed by UNKNOWN port 65535\n'),
    'no-answer',
  ],
  ['the program there fails', exited(1, 'true: not found\n'), 'no-answer'],
  ['another key is shown', exited(255, 'Host key verification failed.\n'), 'other-key'],
  ['nothing listens', exited(255, 'ssh: connect to host 10.0.2.1 port 22: Connection refused\n'), 'no-answer'],
  ['time is over', ended('late'), 'no-answer'],
  ['there is no ssh here', { ...ended('not-run'), because: 'spawn ssh ENOENT' }, 'unable'],
];

for (const [what, result, verdict] of CASES) {
  test(`${what}: ${verdict}`, () => {
    assert.equal(verdictOf('dgx01', '10.0.2.1', 'root', result).verdict, verdict);
  });
}

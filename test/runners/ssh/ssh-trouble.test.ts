import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sshTrouble } from '../../../src/runners/ssh/ssh-trouble.ts';

const CHANGED = `@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for dgx01 has changed and you have requested strict checking.
Host key verification failed.
`;

const SAID: readonly (readonly [stderr: string, code: string | undefined])[] = [
  [CHANGED, 'ssh-host-key-changed'],
  [
    'No ED25519 host key is known for dgx01 and you have requested strict checking.\nHost key verification failed.\n',
    'ssh-host-key-unknown',
  ],
  ['podboot@10.0.2.1: Permission denied (publickey).\n', 'ssh-denied'],
  ['ssh: connect to host 10.0.2.1 port 22: Connection refused\n', 'ssh-refused'],
  ['ssh: connect to host 10.0.2.1 port 22: Connection timed out\n', 'ssh-no-answer'],
  ['ssh: connect to host 10.0.2.1 port 22: No route to host\n', 'ssh-no-answer'],
  ['Timeout, server 10.0.2.1 not responding.\n', 'ssh-no-answer'],
  ['ssh: Could not resolve hostname login: Name or service not known\n', 'ssh-no-name'],
  ['kex_exchange_identification: Connection closed by remote host\n', 'ssh-broken'],
  ['channel 0: open failed: connect failed: open failed\nstdio forwarding failed\n', 'ssh-broken'],
  [
    'Load key "/etc/podboot/key": error in libcrypto\npodboot@10.0.2.1: Permission denied (publickey).\n',
    'ssh-key-unreadable',
  ],
  ['', 'ssh-failed'],
  ['ssh: something of a later version\n', 'ssh-failed'],
  ['mytool: giving up\n', undefined],
];

for (const [stderr, code] of SAID) {
  test(`“${stderr.trim().split('\n').at(-1)}” is ${code ?? 'the program’s own end with 255'}`, () => {
    const trouble = sshTrouble('dgx01 (10.0.2.1)', stderr);
    assert.equal(trouble?.code, code);
    if (trouble === undefined) return;
    assert.match(trouble.message, /^dgx01 \(10\.0\.2\.1\): /);
    assert.notEqual(trouble.mend, '');
  });
}

test('a line of a megabyte with control characters is shown in bounds', () => {
  const trouble = sshTrouble('dgx01', `ssh: \u001b[31m${'x'.repeat(1 << 20)}\n`);
  assert.ok((trouble?.message.length ?? 0) < 300);
  assert.doesNotMatch(trouble?.message ?? '', /\p{Cc}/u);
});

test('the mend names whose key it is: a bastion’s is not the node’s', () => {
  const stderr = CHANGED.replace('dgx01', 'bastion-10.0.0.1');
  assert.match(sshTrouble('dgx01', stderr)?.mend ?? '', /podboot ssh forget bastion-10\.0\.0\.1”/);
});

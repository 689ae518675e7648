import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SshSettings } from '../../../src/domain/hand-off.ts';
import { shellLine } from '../../../src/runners/ssh/shell-words.ts';
import { type SshTarget, sshArguments, sshCommonArguments } from '../../../src/runners/ssh/ssh-arguments.ts';
import { unmet } from '../../harness/skip.ts';

const settings: SshSettings = { user: 'podboot', port: 2222, keyFile: '/etc/podboot/key' };

function target(changes: Partial<SshTarget> = {}): SshTarget {
  return {
    name: 'dgx01',
    address: '10.0.2.1',
    settings,
    hostKeys: { path: '/var/lib/podboot/known_hosts/dgx01', isPinned: false },
    ...changes,
  };
}

/** What OpenSSH itself makes of the arguments. */
function understood(argv: readonly string[]): Map<string, string> {
  const text = execFileSync('ssh', ['-G', ...argv], { encoding: 'utf8' });
  return new Map(
    text
      .split('\n')
      .filter((line) => line.includes(' '))
      .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
}

const skip = unmet({ tools: ['ssh'] });

test('ssh understands a first contact: the key alone, no question asked, the host key taken and kept', { skip }, () => {
  const said = understood(sshArguments(target()));
  assert.equal(said.get('user'), 'podboot');
  assert.equal(said.get('hostname'), '10.0.2.1');
  assert.equal(said.get('port'), '2222');
  assert.equal(said.get('batchmode'), 'yes');
  assert.equal(said.get('stricthostkeychecking'), 'accept-new');
  assert.equal(said.get('hostkeyalias'), 'dgx01');
  assert.equal(said.get('userknownhostsfile'), '/var/lib/podboot/known_hosts/dgx01');
  assert.equal(said.get('globalknownhostsfile'), '/dev/null');
  assert.equal(said.get('identityfile'), '/etc/podboot/key');
  assert.equal(said.get('identitiesonly'), 'yes');
  assert.equal(said.get('identityagent'), 'none');
  assert.equal(said.get('preferredauthentications'), 'publickey');
  assert.equal(said.get('connecttimeout'), '10');
});

test('a pinned host takes no other key', { skip }, () => {
  const pinned = target({ hostKeys: { path: '/k/dgx01', isPinned: true } });
  assert.equal(understood(sshArguments(pinned)).get('stricthostkeychecking'), 'true');
});

test('blanks, quotes and percent signs in paths reach ssh as they are', { skip }, () => {
  const odd = target({
    settings: { ...settings, keyFile: '/etc/pod boot/100%h key' },
    hostKeys: { path: '/var/lib/pod boot/50%k/dgx01', isPinned: false },
  });
  const said = understood(sshArguments(odd));
  // -G shows the first one before its tokens are replaced.
  assert.equal(said.get('identityfile'), '/etc/pod boot/100%%h key');
  assert.equal(said.get('userknownhostsfile'), '/var/lib/pod boot/50%k/dgx01');
});

test('the hop has the bastion’s user, port, key and pinned host key', { skip }, () => {
  const hop = target({
    settings: {
      ...settings,
      bastion: { host: 'jump.example.com', user: 'hop', port: 22, keyFile: '/etc/podboot/a b' },
    },
    bastionHostKeys: { path: '/k/bastion-jump.example.com', isPinned: true },
  });
  const command = understood(sshArguments(hop)).get('proxycommand') ?? '';
  assert.match(command, /^ssh -F none .*-W %h:%p -- jump\.example\.com$/);
  assert.match(command, /-l hop/);
  assert.match(command, /'IdentityFile="\/etc\/podboot\/a b"'/);
  assert.match(command, /UserKnownHostsFile=\/k\/bastion-jump\.example\.com/);
  assert.match(command, /StrictHostKeyChecking=yes/);
});

test('common arguments leave address, user, port and key to whoever uses them', () => {
  const words = sshCommonArguments(target()).join(' ');
  assert.doesNotMatch(words, /10\.0\.2\.1|podboot\/key|2222|-l |-p /);
});

test('any words survive a shell', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
      const line = `printf '%s\\0' ${shellLine(words)}`;
      const said = execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
      assert.deepEqual(said.split('\0').slice(0, -1), words);
    }),
    { numRuns: 60 },
  );
});

test('a word with a NUL is refused', () => {
  assert.throws(() => shellLine(['a\0b']), TypeError);
});

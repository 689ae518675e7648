/** Why a connection did not come about, or broke. */
export interface SshTrouble {
  readonly code:
    | 'ssh-host-key-changed'
    | 'ssh-host-key-unknown'
    | 'ssh-denied'
    | 'ssh-key-unreadable'
    | 'ssh-no-name'
    | 'ssh-refused'
    | 'ssh-no-answer'
    | 'ssh-broken'
    | 'ssh-not-installed'
    | 'ssh-failed';
  readonly message: string;
  readonly mend: string;
}

interface Sign {
  readonly pattern: RegExp;
  readonly code: SshTrouble['code'];
  readonly what: string;
  readonly mend: string;
}

const CHANGED_MEND =
  'If it was installed again without podboot, let it be known anew with “podboot ssh forget NAME”. If not, somebody else may be answering at its address: look at that first.';
/** The name that the key is kept by: a bastion's, where it is not the node itself. */
const KEY_OF = /Host key for (\S+) has changed|host key is known for (\S+) and/;

/** What OpenSSH's client says by itself (ssh.c, sshconnect.c, packet.c), the most telling first. */
const SIGNS: readonly Sign[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed/,
    code: 'ssh-host-key-changed',
    what: 'its SSH host key is another than the one that is pinned',
    mend: CHANGED_MEND,
  },
  {
    pattern: /Host key verification failed|No \S+ host key is known/,
    code: 'ssh-host-key-unknown',
    what: 'its SSH host key is none of those that are pinned',
    mend: CHANGED_MEND,
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY|Load key .*: |no such identity|Identity file .* not accessible/,
    code: 'ssh-key-unreadable',
    what: 'the private key can’t be used',
    mend: 'Check that ssh.keyFile is there, is a private key without passphrase and can be read by podboot alone (mode 0600).',
  },
  {
    pattern: /Permission denied|Too many authentication failures|No supported authentication methods/,
    code: 'ssh-denied',
    what: 'it does not let the user in with this key',
    mend: 'Check ssh.user and ssh.keyFile, and that the public half stands in the user’s authorized_keys (install.users in podboot.yaml puts it there).',
  },
  {
    pattern: /Could not resolve hostname/,
    code: 'ssh-no-name',
    what: 'its name has no address',
    mend: 'Check the name, or give an address in its place.',
  },
  {
    pattern: /Connection refused/,
    code: 'ssh-refused',
    what: 'nothing listens at its SSH port',
    mend: 'Check ssh.port, and on its console that sshd runs.',
  },
  {
    pattern: /timed out|No route to host|Network is unreachable|Host is down|Timeout, server .* not responding/,
    code: 'ssh-no-answer',
    what: 'it does not answer',
    mend: 'Check that it is on, has its address and is reached from here, or by the bastion that is named.',
  },
  {
    pattern:
      /Connection (?:to \S+ )?(?:closed|reset)|kex_exchange_identification|client_loop|Broken pipe|banner exchange|stdio forwarding failed|channel \d+: open failed/,
    code: 'ssh-broken',
    what: 'the connection broke',
    mend: 'Check that it did not reboot meanwhile, and what its sshd (or the bastion’s) logged.',
  },
];

const SHOWN_CHARACTERS = 240;

/**
 * What ssh's own words say, in ours; undefined where they are not ssh's: then the remote program ended with 255 itself.
 * @param whom `dgx01 (10.0.2.1)`
 */
export function sshTrouble(whom: string, stderr: string): SshTrouble | undefined {
  const sign = SIGNS.find(({ pattern }) => pattern.test(stderr));
  if (sign !== undefined) {
    const said = lastLine(stderr, sign.pattern);
    const [, changed, unknown] = KEY_OF.exec(stderr) ?? [];
    const mend = sign.mend.replace('NAME', changed ?? unknown ?? 'NAME');
    return { code: sign.code, message: `${whom}: ${sign.what} (${said})`, mend };
  }
  if (stderr.trim() !== '' && !/^(?:ssh|kex_\w+|client_\w+): /m.test(stderr)) return undefined;
  const said = stderr.trim() === '' ? 'ssh ended with 255 and said nothing' : lastLine(stderr, /./);
  return { code: 'ssh-failed', message: `${whom}: ${said}`, mend: 'Try the same by hand with ssh -v from this host.' };
}

/** The last line that fits: the ones above it are often a frame of @ signs. Bounded and without control characters. */
function lastLine(text: string, pattern: RegExp): string {
  const lines = text.split('\n').map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim());
  const line = lines.findLast((each) => pattern.test(each)) ?? lines.findLast((each) => each !== '') ?? '';
  const bare = line.replaceAll(/^@+\s*|\s*@+$/g, '');
  return bare.length > SHOWN_CHARACTERS ? `${bare.slice(0, SHOWN_CHARACTERS - 1)}…` : bare;
}

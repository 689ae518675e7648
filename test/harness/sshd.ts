import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRequest, Commands } from '../../src/domain/commands.ts';
import { createChildCommands } from '../../src/net/child-commands.ts';
import type { Namespace } from './namespace.ts';
import { type Background, must, until } from './process.ts';

/** A real sshd inside a namespace, with a host key and an authorized key of the test's own; users are the host's. */
export interface TestSshd {
  readonly process: Background;
  /** Public half, as in ssh_host_ed25519_key.pub. */
  readonly hostKey: string;
  stop(): Promise<void>;
}

export interface SshdOptions {
  readonly namespace: Namespace;
  /** Of the test; files get the label in their names. */
  readonly folder: string;
  readonly label: string;
  readonly address: string;
  /** Public half of who may come in. */
  readonly clientKey: string;
  /** A private host key that is there already, in place of a new one. */
  readonly hostKeyFile?: string;
  readonly port?: number;
  /** Further lines of sshd_config. */
  readonly lines?: readonly string[];
}

export async function startSshd(options: SshdOptions): Promise<TestSshd> {
  const { namespace, folder, label, address, port = 22 } = options;
  // sshd looks for it, whatever UsePrivilegeSeparation says.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKeyFile = options.hostKeyFile ?? newKey(join(folder, `${label}-host-key`)).file;
  const authorized = join(folder, `${label}-authorized`);
  writeFileSync(authorized, `${options.clientKey}\n`, { mode: 0o600 });
  const config = join(folder, `${label}-sshd.conf`);
  const lines = [
    `ListenAddress ${address}:${port}`,
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${authorized}`,
    `PidFile ${join(folder, `${label}-sshd.pid`)}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
    'UseDNS no',
    ...(options.lines ?? []),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const process = namespace.background(['/usr/sbin/sshd', '-D', '-e', '-f', config]);
  await until(() => /Server listening/.test(process.output), {
    what: `sshd of ${label} listens`,
    evidence: () => process.output,
  });
  return {
    process,
    hostKey: must(['ssh-keygen', '-y', '-f', hostKeyFile]).trim(),
    stop: async () => void (await process.stop()),
  };
}

export interface TestKey {
  readonly file: string;
  readonly publicKey: string;
}

export function newKey(file: string): TestKey {
  must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
  return { file, publicKey: must(['ssh-keygen', '-y', '-f', file]).trim() };
}

/** Programs that run inside a namespace, with all that they start. */
export function commandsIn(namespace: Namespace): Commands {
  const inner = createChildCommands();
  return { run: (request: CommandRequest) => inner.run({ ...request, argv: namespace.argv(request.argv) }) };
}

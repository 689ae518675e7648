import type { Problem } from '../domain/errors.ts';
import { BMC_CIPHER_SUITES, BMC_DRIVERS, type NodeBmc } from '../domain/node.ts';
import { shown, UNPRINTABLE } from './node-input.ts';

/** A name or an address; RFC 1123 has no longer one. */
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
export const CREDENTIALS_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;
const MAX_WORDS = 64;
const MAX_WORD_CHARACTERS = 1_024;

/** What is wrong with how a node's power is reached. */
export function bmcProblems(bmc: NodeBmc): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: string, message: string, mend: string) => {
    problems.push({ path: `bmc.${key}`, message, mend });
  };
  const { driver, host, port, credentials, fingerprint, command, cipherSuite } = bmc;
  if (!BMC_DRIVERS.includes(driver))
    refuse('driver', `“${shown(driver)}” is no driver.`, `Use one of ${BMC_DRIVERS.join(', ')}.`);
  if (host !== undefined && !HOST.test(host))
    refuse('host', `“${shown(host)}” is neither a name nor an IPv4 address.`, 'Write 10.77.1.10 or dgx01-bmc.');
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    refuse('port', `${port} is no port.`, 'Use 1 to 65535, or leave it out.');
  if (credentials !== undefined && !CREDENTIALS_NAME.test(credentials))
    refuse('credentials', `“${shown(credentials)}” is no name of credentials.`, 'podboot bmc credentials lists them.');
  if (fingerprint !== undefined && !FINGERPRINT.test(fingerprint))
    refuse('fingerprint', 'It is no SHA-256 in hexadecimal.', 'podboot bmc test shows the one that the BMC has.');
  if (cipherSuite !== undefined && !BMC_CIPHER_SUITES.includes(cipherSuite))
    refuse(
      'cipherSuite',
      `${shown(String(cipherSuite))} is no cipher suite that podboot uses: weaker ones leave out a protection.`,
      `Use one of ${BMC_CIPHER_SUITES.join(', ')}, or leave it out: then it is the best that the BMC has.`,
    );
  if (driver === 'command' && (command === undefined || command.length === 0))
    refuse(
      'command',
      'The driver command needs a program.',
      'Give it as ["/usr/local/bin/pdu", "{action}", "{name}"].',
    );
  if (command !== undefined) problems.push(...commandProblems(command));
  return problems;
}

function commandProblems(command: readonly string[]): Problem[] {
  if (command.length > MAX_WORDS)
    return [
      { path: 'bmc.command', message: `It has more than ${MAX_WORDS} words.`, mend: 'Write a script around it.' },
    ];
  if (command[0]?.startsWith('/') === false)
    return [{ path: 'bmc.command[0]', message: 'It is no absolute path.', mend: 'Write /usr/local/bin/pdu.' }];
  const at = command.findIndex((word) => word.length > MAX_WORD_CHARACTERS || UNPRINTABLE.test(word));
  if (at < 0) return [];
  const message = `It is not 0 to ${MAX_WORD_CHARACTERS} printable characters.`;
  return [{ path: `bmc.command[${at}]`, message, mend: 'Shorten it. No shell reads it.' }];
}

import { Command } from 'commander';
import { registerCommands } from '../../src/cli/commands.ts';
import { registerServe } from '../../src/cli/serve.ts';

/** podboot(8), made of the commands themselves. */
export function manualPage(version: string): string {
  const program = new Command('podboot');
  registerServe(program);
  registerCommands(program);
  return `${[
    `.TH PODBOOT 8 "" "podboot ${roff(version)}" "System administration"`,
    '.SH NAME',
    'podboot \\- boot server of a GPU pod: DHCP, DNS, TFTP and HTTP boot, power, installation, hand\\-off',
    '.SH SYNOPSIS',
    '.B podboot',
    '.I command',
    '[\\fIoptions\\fR]',
    '.SH DESCRIPTION',
    'One daemon (\\fBpodboot serve\\fR, started by podboot.service) answers the machines of a pod, and the other commands',
    'speak to it by its API. \\fBpodboot\\fR \\fIcommand\\fR \\fB\\-\\-help\\fR says the same as this page of one command.',
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => section(command, '')),
    '.SH ENVIRONMENT',
    ...term('PODBOOT_TOKEN_FILE', 'A file that holds the token of the API.'),
    ...term('PODBOOT_API', 'Where the API is: http://127.0.0.1:8067, or unix:/run/podboot/api.sock.'),
    ...term('PODBOOT_NODE', 'The Node that runs it, in place of the one that it brings.'),
    '.SH FILES',
    ...term(
      '/etc/podboot/podboot.yaml',
      'The configuration: podboot init writes one, podboot check\\-config looks at it.',
    ),
    ...term('/etc/podboot/credentials', 'Secrets for the service, one a file, which root alone reads.'),
    ...term('/var/lib/podboot', 'The store, the assets, what consoles said and runs did.'),
    ...term('/usr/share/doc/podboot/docs', 'The guide and the reference.'),
    '.SH SEE ALSO',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
  ].join('\n')}\n`;
}

function section(command: Command, before: string): string[] {
  const name = `${before}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((each) => section(each, `${name} `));
  const operands = command.registeredArguments.map((each) => {
    const word = `${each.name()}${each.variadic ? '...' : ''}`;
    return each.required ? `\\fI${roff(word)}\\fR` : `[\\fI${roff(word)}\\fR]`;
  });
  return [
    `.SS "${roff(name)}${operands.length === 0 ? '' : ` ${operands.join(' ')}`}"`,
    `${sentence(command.description())}`,
    ...command.options.flatMap(({ flags, description }) => term(flags, description)),
  ];
}

function term(name: string, description: string): string[] {
  return ['.TP', `\\fB${roff(name)}\\fR`, sentence(description)];
}

/** A line of roff that begins with a dot or an apostrophe would be a command. */
function sentence(text: string): string {
  const plain = roff(text.trim() === '' ? '-' : text.trim());
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}

function roff(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
  return plain.replaceAll(/[^ -~]/gu, (sign) => `\\[u${hex(sign)}]`);
}

function hex(sign: string): string {
  return (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

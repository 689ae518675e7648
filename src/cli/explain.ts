import { type Command, Option } from 'commander';
import type { Because, ExplainedStep, Explanation, Origin } from '../domain/explanation.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { printable, table } from './table.ts';

interface ExplainOptions extends ApiOptions {
  readonly firmware?: string;
  readonly interface?: string;
  readonly relay?: string;
  readonly bytes?: boolean;
}

type DhcpPart = NonNullable<ExplainedStep['dhcp']>;

const OUTCOMES: Readonly<Record<ExplainedStep['outcome'], string>> = {
  answered: '',
  refused: 'refused',
  silent: 'no answer',
  missing: 'not found',
};

/** `podboot explain MAC|NODE`. */
export function registerExplain(program: Command, environment: ApiEnvironment = REAL_ENVIRONMENT): void {
  const { output, env } = environment;
  withApi(program.command('explain'))
    .description('what a machine would get if it booted from the network now, and why')
    .argument('<machine>', 'a node’s name or id, or any MAC address')
    .addOption(
      new Option('--firmware <kind>', 'what the machine is; unless told, what it last said of itself').choices([
        'uefi-x64',
        'uefi-arm64',
        'bios',
        'http',
        'secure',
        'ipxe',
      ]),
    )
    .option('--interface <name>', 'where it asks; unless told, where its address belongs')
    .option('--relay <address>', 'the relay through which it asks (giaddr)')
    .option('--bytes', 'with every packet in hexadecimal')
    .option('--json', 'print it for programs')
    .action(async (machine: string, options: ExplainOptions) => {
      const query = new URLSearchParams({ machine });
      for (const name of ['firmware', 'interface', 'relay'] as const) {
        if (options[name] !== undefined) query.set(name, options[name]);
      }
      const { body } = await createApiClient(options, env).call<Explanation>('GET', `/explain?${query}`);
      output.print(
        options.json === true ? JSON.stringify(body, null, 2) : explanationText(body, options.bytes === true),
      );
    });
}

export function explanationText(explanation: Explanation, withBytes: boolean): string {
  const { machine, firmware, interfaceName, relay, steps, summary } = explanation;
  const file = configurationFile(steps);
  const who = machine.node === undefined ? machine.mac : `${machine.node} (${machine.mac})`;
  const where = relay === undefined ? interfaceName : `${interfaceName}, through the relay ${relay}`;
  return [
    printable(`${who} with ${firmware} firmware, on ${where}${file === undefined ? '' : `; by ${file}`}`),
    ...steps.map((step, index) => stepText(step, steps[index - 1], index + 1, withBytes)),
    printable(`→ ${summary}`),
  ].join('\n\n');
}

/** Said once, at the top: every line number is of it. */
function configurationFile(steps: readonly ExplainedStep[]): string | undefined {
  for (const { because, dhcp } of steps) {
    for (const { origin } of [...because, ...(dhcp?.options ?? [])]) {
      if (origin?.in === 'configuration' && origin.file !== undefined) return origin.file;
    }
  }
  return undefined;
}

function stepText(step: ExplainedStep, before: ExplainedStep | undefined, number: number, withBytes: boolean): string {
  const outcome = OUTCOMES[step.outcome];
  const { dhcp, file } = step;
  const isRepeated = before?.dhcp !== undefined && dhcp !== undefined && saysTheSame(dhcp, before.dhcp);
  return [
    printable(`${number}. ${step.title}${outcome === '' ? '' : `: ${outcome}`}`),
    ...(isRepeated
      ? ['   acknowledged, with everything that was offered']
      : [...step.because.map((each) => printable(`   because ${becauseText(each)}`)), ...dhcpLines(dhcp)]),
    ...(file === undefined ? [] : fileLines(file)),
    ...(withBytes && step.request !== undefined ? ['   request', ...hexLines(step.request)] : []),
    ...(withBytes && dhcp !== undefined ? ['   answer', ...hexLines(dhcp.bytes)] : []),
  ].join('\n');
}

/** But for its type. */
function saysTheSame(one: DhcpPart, other: DhcpPart): boolean {
  const told = ({ options, fields, destination }: DhcpPart) =>
    JSON.stringify([fields, destination, options.filter(({ name }) => name !== 'messageType')]);
  return told(one) === told(other);
}

function becauseText({ text, origin }: Because): string {
  return origin === undefined || origin.in === 'file' ? text : `${text} [${originText(origin)}]`;
}

function originText(origin: Origin): string {
  switch (origin.in) {
    case 'configuration': {
      const path = origin.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
      const place = origin.line === undefined ? 'by default' : `line ${origin.line}`;
      return `${place}: ${path.replace(/^\./, '')}`;
    }
    case 'node':
      return `node ${origin.node}, ${origin.field}`;
    case 'leases':
      return 'leases';
    case 'file':
      return origin.file;
    case 'rule':
      return origin.rule;
  }
}

function dhcpLines(dhcp: DhcpPart | undefined): string[] {
  if (dhcp === undefined) return [];
  const { destination, fields, options } = dhcp;
  const rows = options.map(({ code, name, value, origin }) => [String(code), name, value, originText(origin)]);
  const set = Object.entries(fields).filter(([, value]) => value !== '' && value !== '0.0.0.0');
  return [
    `   to ${destination}`,
    printable(`   ${set.map(([name, value]) => `${name} ${value}`).join(', ')}`),
    ...table(['code', 'option', 'value', 'from'], rows)
      .split('\n')
      .map((line) => `   ${line}`),
  ];
}

function fileLines({ name, path, sizeBytes, text }: NonNullable<ExplainedStep['file']>): string[] {
  const size = sizeBytes === undefined ? '' : `, ${sizeBytes.toLocaleString('en')} bytes`;
  return [
    printable(`   ${name}${path === undefined ? '' : ` → ${path}`}${size}`),
    ...(text === undefined
      ? []
      : text
          .trimEnd()
          .split('\n')
          .map((line) => printable(`   | ${line}`))),
  ];
}

/** Sixteen bytes a line, as tcpdump and hexdump have them. */
function hexLines(hex: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < hex.length; at += 32) {
    const bytes = hex.slice(at, at + 32).match(/../g) ?? [];
    lines.push(`     ${(at / 2).toString(16).padStart(4, '0')}  ${bytes.join(' ')}`);
  }
  return lines;
}

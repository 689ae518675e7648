import { randomUUID } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { type HostNetwork, readHostNetwork } from '../config/host-network.ts';
import { formatRange } from '../config/notations-network.ts';
import { type Candidate, candidates, type Proposal, proposeConfig } from '../config/proposal.ts';
import { renderConfig } from '../config/render-config.ts';
import { Conflict, HostRefused } from '../domain/errors.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import { type Output, processOutput } from './output.ts';

export interface InitEnvironment {
  readonly output: Output;
  hostNetwork(): HostNetwork;
}

const REAL: InitEnvironment = { output: processOutput, hostNetwork: readHostNetwork };

const SCHEMA_PATH = fileURLToPath(new URL('../../docs/podboot.schema.json', import.meta.url));

interface InitOptions {
  readonly interface?: string;
  readonly print?: boolean;
  readonly output: string;
  readonly force?: boolean;
}

/** `podboot init --interface eno2`: a commented configuration from what this machine has. */
export function registerInit(program: Command, environment: InitEnvironment = REAL): void {
  program
    .command('init')
    .description('write a commented configuration from what this machine has')
    .option('--interface <name>', 'the interface that the machines are on; without it, say which there are')
    .option('--print', 'print the configuration instead of writing it')
    .option('--output <file>', 'where to write it', 'podboot.yaml')
    .option('--force', 'write over a file that is there')
    .action((options: InitOptions) => {
      const network = environment.hostNetwork();
      if (options.interface === undefined) {
        listCandidates(candidates(network), environment.output);
        environment.output.exitWith(1);
        return;
      }
      const proposal = proposeConfig(network, options.interface);
      const text = renderConfig(proposal, SCHEMA_PATH);
      if (options.print === true) {
        environment.output.print(text.trimEnd());
        tellAboutUplink(proposal, environment.output);
        return;
      }
      writeConfig(options.output, text, options.force === true);
      tellAboutUplink(proposal, environment.output);
      environment.output.tell(`${options.output} serves ${proposal.interfaceName}: ${described(proposal)}.`);
      environment.output.tell(
        `Next: podboot check-config ${options.output}, then podboot serve --config ${options.output}`,
      );
    });
}

function described({ address, subnet, dhcp, pool }: Proposal): string {
  const own = `${formatIpv4(address)}/${subnet.prefixLength}`;
  if (dhcp === 'proxy') return `${own}, beside the DHCP server that is there`;
  return pool === undefined ? `${own}, without a pool` : `${own}, pool ${formatRange(pool)}`;
}

function tellAboutUplink({ interfaceName, dhcp }: Proposal, output: Output): void {
  if (dhcp !== 'proxy') return;
  output.tell(
    `Warning: the default route leads through ${interfaceName}, so a DHCP server is likely there. The file says ` +
      '`dhcp: proxy`, which gives no addresses; change it to authoritative only if you are sure that there is none.',
  );
}

/** Whole or not at all, and never over another file without being told to. */
function writeConfig(path: string, text: string, force: boolean): void {
  const temporary = `${path}.${randomUUID()}`;
  try {
    if (force) {
      writeFileSync(temporary, text, { flag: 'wx', mode: 0o644 });
      renameSync(temporary, path);
    } else writeFileSync(path, text, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    rmSync(temporary, { force: true });
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'EEXIST') {
      throw new Conflict(
        `${path} is there already`,
        [],
        'Name another file with --output, or write over it with --force.',
      );
    }
    throw new HostRefused(
      `${path} can't be written (${code})`,
      'Name another file with --output, or use --print.',
      error,
    );
  }
}

function listCandidates(list: readonly Candidate[], output: Output): void {
  if (list.length === 0) {
    output.tell('This machine has no network interface but the loopback. Add one, then run podboot init again.');
    return;
  }
  output.tell('Which interface are the machines on? This machine has:');
  const width = Math.max(...list.map((entry) => entry.name.length));
  for (const entry of list) output.tell(`  ${entry.name.padEnd(width)}  ${remarks(entry)}`);
  const [best] = list;
  output.tell(advice(best));
}

function remarks(entry: Candidate): string {
  const addresses = entry.addresses.map((own) => `${formatIpv4(own.address)}/${own.prefixLength}`);
  return [
    addresses.length === 0 ? 'no usable IPv4 address' : addresses.join(', '),
    ...(entry.up ? [] : ['down']),
    ...(entry.isUplink ? ['default route: a DHCP server is likely there'] : []),
    ...(entry.isVirtual ? ['virtual'] : []),
  ].join('; ');
}

function advice(best: Candidate | undefined): string {
  if (best === undefined || best.addresses.length === 0) {
    const name = best?.name ?? 'eno2';
    return `None has an address yet: \`ip addr add 10.77.0.1/24 dev ${name}\`, then podboot init --interface ${name}`;
  }
  if (best.isUplink) {
    return `podboot init --interface ${best.name} writes \`dhcp: proxy\`: podboot then works beside the DHCP server that is likely there.`;
  }
  return `Most likely: podboot init --interface ${best.name}`;
}

import type { Command } from 'commander';
import { type Output, processOutput } from '../cli/output.ts';
import { table } from '../cli/table.ts';
import { exitCode, type Finding } from './finding.ts';

interface DoctorFlags {
  readonly config: string;
  readonly network: boolean;
  readonly json?: boolean;
}

/** `podboot doctor`: exit code 0 where all is well, 1 for warnings, 2 where machines would not boot. */
export function registerDoctor(program: Command, output: Output = processOutput): void {
  program
    .command('doctor')
    .description('look at this host and its networks before the first boot, the daemon running or not')
    .option('-c, --config <file>', 'the configuration', '/etc/podboot/podboot.yaml')
    .option('--no-network', 'send nothing: no question for other DHCP servers, no ping to BMCs')
    .option('--json', 'print the findings for programs')
    .action(async (flags: DoctorFlags) => {
      const { examine } = await import('./examine.ts');
      const findings = await examine({ configPath: flags.config, asksNetwork: flags.network });
      output.print(
        flags.json === true ? JSON.stringify({ exitCode: exitCode(findings), findings }, null, 2) : report(findings),
      );
      output.exitWith(exitCode(findings));
    });
}

function report(findings: readonly Finding[]): string {
  const rows = findings.map(({ check, level, text }) => [check, level, text]);
  const mends = findings.flatMap(({ check, level, mend }) =>
    mend === undefined || level === 'ok' ? [] : [`  ${check}: ${mend}`],
  );
  return [table(['check', 'result', 'what'], rows), ...(mends.length === 0 ? [] : ['', 'What to do:', ...mends])].join(
    '\n',
  );
}

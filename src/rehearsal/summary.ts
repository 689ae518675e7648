import { MACHINE_FIRMWARE } from './firmware.ts';
import { INITRD_ASSET, KERNEL_ASSET } from './rehearsal-assets.ts';
import type { RehearsedMachine } from './rehearsal-plan.ts';
import type { MachineEnd, MachineReport } from './simulated-node.ts';

export interface Verdict {
  readonly machine: RehearsedMachine;
  /** Absent: it did not come to an end. */
  readonly report?: MachineReport;
  /** Empty: all is as it should be. */
  readonly faults: readonly string[];
}

const ENDS: Readonly<Record<MachineEnd, string>> = {
  kernel: 'booted the live kernel',
  disk: 'booted from its disk',
  nothing: 'got an address, nothing to boot',
  stuck: 'stuck',
};

/** What is wrong with a machine's end, in the order in which a person would want to know it. */
export function judge(machine: RehearsedMachine, report: MachineReport | undefined): Verdict {
  if (report === undefined) return { machine, faults: ['it did not come to an end'] };
  const faults: string[] = [];
  if (report.end !== machine.expects) {
    faults.push(`${ENDS[report.end]}: ${report.reason}; expected: ${ENDS[machine.expects]}`);
  }
  if (report.address === undefined && report.end !== 'stuck' && machine.plan.kind === 'bios') {
    faults.push('it got no address');
  }
  if (report.end === 'kernel' && report.kernel?.endsWith(KERNEL_ASSET) !== true) {
    faults.push(`it was sent the kernel ${report.kernel}, its profile has ${KERNEL_ASSET}`);
  }
  if (report.end === 'kernel' && report.initrds.filter((name) => name.endsWith(INITRD_ASSET)).length !== 1) {
    faults.push(`it was sent the initrds ${report.initrds.join(', ')}, its profile has ${INITRD_ASSET}`);
  }
  return { machine, report, faults: [...faults, ...report.faults] };
}

const HEADINGS = ['node', 'firmware', 'address', 'boot program', 'kernel', 'seconds', 'end'];

/** Beyond it a table is not read any more: then the ones that failed, and sums for each firmware. */
const MOST_ROWS = 40;

export function summaryTable(verdicts: readonly Verdict[]): string {
  const shown =
    verdicts.length <= MOST_ROWS ? verdicts : verdicts.filter((each) => each.faults.length > 0).slice(0, MOST_ROWS);
  const rows = shown.map(row);
  const table = rows.length === 0 ? [] : columns([HEADINGS, ...rows]);
  return [...table, ...(verdicts.length <= MOST_ROWS ? [] : sums(verdicts))].join('\n');
}

function row({ machine, report, faults }: Verdict): readonly string[] {
  const base = (name: string): string => name.split('/').at(-1) ?? name;
  return [
    machine.plan.name,
    MACHINE_FIRMWARE[machine.plan.kind].title,
    report?.address ?? '-',
    report?.programs.map(base).join(' > ') || '-',
    report?.kernel === undefined ? '-' : base(report.kernel),
    report === undefined ? '-' : report.seconds.toFixed(1),
    faults[0] ?? (report === undefined ? '-' : ENDS[report.end]),
  ];
}

function sums(verdicts: readonly Verdict[]): readonly string[] {
  const kinds = [...new Set(verdicts.map((each) => each.machine.plan.kind))];
  const rows = kinds.map((kind) => {
    const some = verdicts.filter((each) => each.machine.plan.kind === kind);
    const seconds = some.flatMap((each) => each.report?.seconds ?? []).toSorted((a, b) => a - b);
    const at = (share: number): string => (seconds[Math.floor((seconds.length - 1) * share)] ?? 0).toFixed(1);
    const retransmits = some.reduce((sum, each) => sum + (each.report?.retransmits ?? 0), 0);
    const right = some.filter((each) => each.faults.length === 0).length;
    return [MACHINE_FIRMWARE[kind].title, `${some.length}`, `${right}`, at(0.5), at(0.99), `${retransmits}`];
  });
  return columns([
    ['firmware', 'nodes', 'as it should be', 'seconds (half)', 'seconds (99 %)', 'retransmits'],
    ...rows,
  ]);
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((each) => each[column]?.length ?? 0)));
  return rows.map((each) =>
    each
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

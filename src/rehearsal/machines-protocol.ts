import type { MachinePlan, MachineStep } from './machine.ts';
import type { MachineReport } from './simulated-node.ts';

/** The file that tells the machines' process what to play. */
export interface MachinesInput {
  readonly machines: readonly MachinePlan[];
  /** Pairs of asset name and SHA-256. */
  readonly checksums: readonly (readonly [string, string])[];
  readonly interfaceName: string;
  readonly dhcpPort: number;
  readonly tftpPort: number;
  readonly pace: number;
  /** Between one power button and the next. */
  readonly staggerMs: number;
}

/** One JSON line of its standard output. */
export type MachinesOutput =
  | { readonly step: MachineStep }
  | { readonly report: MachineReport }
  | { readonly done: true };

export function parseMachinesOutput(line: string): MachinesOutput | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isOutput(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isOutput(value: unknown): value is MachinesOutput {
  return typeof value === 'object' && value !== null && ('step' in value || 'report' in value || 'done' in value);
}

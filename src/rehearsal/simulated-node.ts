import { formatIpv4 } from '../domain/ipv4.ts';
import { linux } from './dhcp-dialect.ts';
import { programKind } from './firmware.ts';
import { bootByHttp, bootByPxe } from './firmware-stage.ts';
import { Machine, type MachinePlan, type MachinePorts, type StageEnd, shortName } from './machine.ts';
import { runGrub, runShim } from './program-grub.ts';
import { runIpxe } from './program-ipxe.ts';

/**
 * - `kernel`  a kernel was started, and its system got an address
 * - `disk`    the system on the disk was started, and got an address
 * - `nothing` nothing to boot, and nothing on the disk
 * - `stuck`   waits for a person
 */
export type MachineEnd = 'kernel' | 'disk' | 'nothing' | 'stuck';

/** What became of one machine: also what its process sends to the supervisor. */
export interface MachineReport {
  readonly machine: string;
  readonly end: MachineEnd;
  readonly reason: string;
  /** Dotted quad, the first one that it got. */
  readonly address?: string;
  /** Names of what it was sent, as short as they are unique in a table. */
  readonly programs: readonly string[];
  readonly kernel?: string;
  readonly initrds: readonly string[];
  readonly seconds: number;
  readonly retransmits: number;
  /** What must not happen, even where the machine came to its end: two addresses, damaged files. */
  readonly faults: readonly string[];
}

/** shim, GRUB, iPXE that chains to GRUB, … : more than any real chain. */
const MAX_PROGRAMS = 6;

/** Powers a machine on and follows it to its end. Never rejects: what goes wrong is the machine's end. */
export async function bootMachine(plan: MachinePlan, ports: MachinePorts): Promise<MachineReport> {
  const machine = new Machine(plan, ports);
  const programs: string[] = [];
  machine.tell(`power on: ${machine.firmware.title}`);
  await machine.pause(machine.firmware.startMs);
  let stage: StageEnd;
  try {
    stage = await firstStage(machine);
    while (stage.to === 'program' && programs.length < MAX_PROGRAMS) {
      programs.push(shortName(stage.program.name));
      stage = await runProgram(machine, stage, programs.length === 1);
    }
  } catch (error) {
    stage = { to: 'stuck', reason: error instanceof Error ? error.message : String(error) };
  }
  const { end, reason } = await lastStage(machine, stage);
  const [address] = machine.addresses;
  return {
    machine: plan.name,
    end,
    reason,
    ...(address === undefined ? {} : { address: formatIpv4(address) }),
    programs,
    ...(stage.to === 'kernel' ? { kernel: shortName(stage.kernel.name) } : {}),
    initrds: stage.to === 'kernel' ? stage.initrds.map((file) => shortName(file.name)) : [],
    seconds: machine.milliseconds / 1_000,
    retransmits: machine.retransmits,
    faults: machine.faults,
  };
}

function firstStage(machine: Machine): Promise<StageEnd> {
  switch (machine.firmware.boots) {
    case 'pxe':
      return bootByPxe(machine);
    case 'http':
      return bootByHttp(machine);
    case 'ipxe-rom':
      return runIpxe(machine);
  }
}

async function runProgram(
  machine: Machine,
  stage: Extract<StageEnd, { to: 'program' }>,
  isFirst: boolean,
): Promise<StageEnd> {
  const kind = programKind(stage.program.name);
  const name = shortName(stage.program.name);
  // Only Microsoft's signature is in the firmware, and of Debian's programs only shim bears it.
  if (isFirst && machine.firmware.secureBoot && kind !== 'shim') {
    return {
      to: 'next-entry',
      reason: `Secure Boot refuses ${name}: enrol the node with loader grub, which starts by shim`,
    };
  }
  machine.tell(`starts ${name}`);
  switch (kind) {
    case 'ipxe':
      return runIpxe(machine);
    case 'shim':
      return runShim(machine, stage.program, stage.answer);
    case 'grub':
      return runGrub(machine, stage.program, stage.answer);
    case undefined:
      return { to: 'stuck', reason: `was sent ${name}: a rehearsal knows iPXE, shim and GRUB by their names only` };
  }
}

async function lastStage(machine: Machine, stage: StageEnd): Promise<{ end: MachineEnd; reason: string }> {
  const { plan } = machine;
  switch (stage.to) {
    case 'kernel':
      machine.tell(`starts ${shortName(stage.kernel.name)}: ${stage.arguments}`);
      return settle(machine, 'kernel', 'its kernel runs');
    case 'disk':
      machine.tell(`goes to its disk: ${stage.reason}`);
      return settle(machine, 'disk', stage.reason);
    case 'next-entry':
      machine.tell(`${stage.reason}; next boot entry: the disk${plan.disk === 'empty' ? ', which is empty' : ''}`);
      if (plan.disk === 'empty') return { end: 'nothing', reason: stage.reason };
      return settle(machine, 'disk', stage.reason);
    case 'program':
      return { end: 'stuck', reason: `boot programs start one another in a circle` };
    case 'stuck':
      machine.tell(stage.reason, 'trouble');
      return { end: 'stuck', reason: stage.reason };
  }
}

/** The system that came up asks for an address as well, and must get the one that its firmware had. */
async function settle(machine: Machine, end: MachineEnd, reason: string): Promise<{ end: MachineEnd; reason: string }> {
  const answer = await machine.dhcp(linux(machine.plan.name));
  if (!('refused' in answer)) return { end, reason };
  machine.fault(`Linux ${answer.refused}`);
  return { end, reason };
}

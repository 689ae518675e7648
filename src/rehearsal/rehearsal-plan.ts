import { parseMac } from '../domain/mac.ts';
import type { MachineKind } from './firmware.ts';
import type { MachinePlan } from './machine.ts';
import type { MachineEnd } from './simulated-node.ts';

/** Fits the pool of either network, and the patience of one machine that plays all of them. */
export const MAX_MACHINES = 5_000;
export const LIVE_PROFILE = 'rehearsal';

export interface RehearsedMachine {
  readonly plan: MachinePlan;
  /** Body of the enrolment; absent: a stranger. */
  readonly enrolment?: Readonly<Record<string, unknown>>;
  readonly expects: MachineEnd;
}

/** Live machines in this order, over and over: what a pod is made of, most of it plain UEFI. */
const LIVE_KINDS: readonly MachineKind[] = ['uefi-x64', 'bios', 'uefi-http', 'uefi-arm64', 'secure'];
const LOCAL_KINDS: readonly MachineKind[] = ['uefi-x64', 'bios'];
const STRANGER_KINDS: readonly MachineKind[] = ['bios', 'uefi-x64'];

/**
 * The machines of a rehearsal of this size: a tenth is sent to its own disk and a hundredth is not enrolled, at least
 * one of each where there are three machines; the others boot the live profile.
 */
export function planMachines(count: number): readonly RehearsedMachine[] {
  const strangers = count < 3 ? 0 : Math.ceil(count / 100);
  const locals = count < 3 ? 0 : Math.ceil(count / 10);
  const width = Math.max(2, String(count).length);
  return Array.from({ length: count }, (_, index) => {
    const name = `node${String(index + 1).padStart(width, '0')}`;
    const fromEnd = count - 1 - index;
    if (fromEnd < strangers) return stranger(`stranger${fromEnd + 1}`, index, pick(STRANGER_KINDS, fromEnd));
    if (fromEnd < strangers + locals) return node(name, index, pick(LOCAL_KINDS, fromEnd - strangers), 'local');
    return node(name, index, pick(LIVE_KINDS, index), LIVE_PROFILE);
  });
}

function pick(kinds: readonly MachineKind[], index: number): MachineKind {
  return kinds[index % kinds.length] as MachineKind;
}

function node(name: string, index: number, kind: MachineKind, profile: string): RehearsedMachine {
  const local = profile === 'local';
  const plan = machinePlan(name, index, kind, local ? 'os' : 'empty');
  const enrolment = {
    name,
    uuid: plan.uuid,
    interfaces: [{ name: 'eno1', role: 'boot', mac: plan.mac }],
    // Under Secure Boot nothing but shim and what it knows may run; a firmware does not say that it is on.
    boot: { profile, ...(kind === 'secure' ? { loader: 'grub' } : {}) },
  };
  return { plan, enrolment, expects: local ? 'disk' : 'kernel' };
}

function stranger(name: string, index: number, kind: MachineKind): RehearsedMachine {
  return { plan: machinePlan(name, index, kind, 'empty'), expects: 'nothing' };
}

function machinePlan(name: string, index: number, kind: MachineKind, disk: MachinePlan['disk']): MachinePlan {
  const number = (index + 1).toString(16).padStart(4, '0');
  const mac = parseMac(`52540052${number}`);
  if (mac === undefined) throw new RangeError(`a rehearsal has at most ${MAX_MACHINES} machines`);
  return { name, kind, disk, mac, uuid: `52000000-0000-4000-8000-${number.padStart(12, '0')}` };
}

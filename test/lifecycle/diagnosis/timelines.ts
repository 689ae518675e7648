import type { BootGrant } from '../../../src/domain/boot-grant.ts';
import type { BootEvent, EventLevel } from '../../../src/domain/events.ts';
import type { LifeStep, NodeLife, NodeState } from '../../../src/domain/node-life.ts';
import type { StoredEvent } from '../../../src/domain/stored-event.ts';
import type { DiagnosisInput } from '../../../src/lifecycle/diagnosis/diagnosis-evidence.ts';
import { nodeNumber } from '../life/house.ts';

export const START = Date.UTC(2026, 10, 24, 11);
const SECOND = 1_000;

/** `seconds type text {data}` as the servers tell it; seconds since the node was armed. */
export type Line = readonly [seconds: number, type: string, text: string, data?: BootEvent['data'], level?: EventLevel];

export function timeline(lines: readonly Line[]): StoredEvent[] {
  return lines.map(([seconds, type, text, data, level = 'info'], index) => ({
    sequence: index + 1,
    at: START + seconds * SECOND,
    event: { type, level, subject: { nodeId: 'n1', nodeName: 'dgx01' }, text, ...(data === undefined ? {} : { data }) },
  }));
}

export function life(state: NodeState, step?: LifeStep, change: Partial<NodeLife> = {}): NodeLife {
  return {
    nodeId: 'n1',
    state,
    ...(step === undefined ? {} : { step }),
    since: START,
    deadlineAt: START + 1_800 * SECOND,
    version: 3,
    ...change,
  };
}

const GRANT: BootGrant = {
  id: 'g1',
  nodeId: 'n1',
  profile: 'os',
  state: 'armed',
  armedBy: 'anna',
  armedAt: START,
  expiresAt: START + 86_400_000,
  attempt: 1,
  version: 1,
};

export function input(where: NodeLife, lines: readonly Line[], daemon: readonly Line[] = []): DiagnosisInput {
  return {
    node: nodeNumber(1),
    life: where,
    grant: GRANT,
    entries: timeline(lines),
    daemon: timeline(daemon),
    now: START + 1_801 * SECOND,
  };
}

/** What a UEFI machine does on its way, as the servers told it of a real boot by PXE and iPXE. */
export const ARMED: Line = [0, 'grant.armed', 'dgx01 is armed for os by anna'];
export const BY_HAND: Line = [
  0,
  'effect.network-boot',
  'dgx01 is armed; nothing here can power it',
  { effect: 'network-boot', fate: 'by-hand' },
];
export const POWERED: Line = [2, 'effect.network-boot', 'dgx01 is on', { effect: 'network-boot', fate: 'done' }];
export const FIRMWARE: readonly Line[] = [
  [
    240,
    'dhcp.offer',
    'dgx01: PXE firmware for x86-64 UEFI is offered 10.77.0.1, boots snponly.efi',
    { stage: 'pxe', firmware: 'uefi-x64', bootFile: 'snponly.efi' },
  ],
];
export const ADDRESS: readonly Line[] = [
  ...FIRMWARE,
  [
    241,
    'dhcp.ack',
    'dgx01: PXE firmware for x86-64 UEFI has 10.77.0.1, boots snponly.efi',
    { stage: 'pxe', firmware: 'uefi-x64', bootFile: 'snponly.efi' },
  ],
];
export const PROGRAM: readonly Line[] = [
  ...ADDRESS,
  [243, 'tftp.done', '10.77.0.1 got snponly.efi: 262144 bytes in 0.40 s', { file: 'snponly.efi', bytes: 262_144 }],
];
export const IPXE: readonly Line[] = [
  ...PROGRAM,
  [250, 'dhcp.offer', 'dgx01: iPXE is offered 10.77.0.1', { stage: 'ipxe' }],
  [251, 'dhcp.ack', 'dgx01: iPXE has 10.77.0.1', { stage: 'ipxe' }],
];
export const SCRIPT: readonly Line[] = [
  ...IPXE,
  [264, 'http.script', 'dgx01 got its boot script: kernel debian/linux: it is armed for os by anna'],
];
export const KERNEL: readonly Line[] = [
  ...SCRIPT,
  [
    266,
    'http.asset',
    'dgx01 got debian/linux by HTTP: 8.2 MB',
    { file: 'debian/linux', bytes: 8_200_000, outcome: 'sent' },
  ],
  [
    268,
    'http.asset',
    'dgx01 got debian/initrd.gz by HTTP: 40.1 MB',
    { file: 'debian/initrd.gz', bytes: 40_100_000, outcome: 'sent' },
  ],
];
export const CLAIMED: readonly Line[] = [
  ...KERNEL,
  [300, 'install.answer', 'dgx01 got preseed.cfg of os', { file: 'preseed.cfg', session: 1 }],
  [300, 'life.state', 'dgx01: booting → installing'],
];
export const STARTED: readonly Line[] = [
  ...CLAIMED,
  [310, 'life.step', 'dgx01 is installing (started)', { step: 'started' }],
];
export const FINISHED: readonly Line[] = [
  ...STARTED,
  [900, 'life.step', 'dgx01 is installing (finished)', { step: 'finished' }],
];

import { type Finding, finding, ok } from '../finding.ts';

/** IEEE 802.1D-2004 clause 9.3: what a bridge says every two seconds. */
export interface Bpdu {
  /** 0: STP, 2: RSTP, 3: MSTP. */
  readonly version: number;
  readonly forwardDelaySeconds: number;
  readonly isTopologyChanging: boolean;
}

export interface SpanningTreeFacts {
  readonly interfaceName: string;
  readonly bpdu: Bpdu | undefined;
  readonly trouble?: string;
  readonly waitedMs: number;
}

const LLC_STP = [0x42, 0x42, 0x03];
const CONFIGURATION = 0x00;
const RAPID = 0x02;
const LLC_AT = 14;
const BPDU_AT = 17;

/** Undefined for a frame that is none, or that only tells of a change. */
export function decodeBpdu(frame: Uint8Array): Bpdu | undefined {
  const isStp = LLC_STP.every((byte, index) => frame[LLC_AT + index] === byte);
  if (!isStp || frame.length < BPDU_AT + 35) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset + BPDU_AT);
  const type = view.getUint8(3);
  if (view.getUint16(0) !== 0 || (type !== CONFIGURATION && type !== RAPID)) return undefined;
  return {
    version: view.getUint8(2),
    // In 256ths of a second.
    forwardDelaySeconds: view.getUint16(33) / 256,
    isTopologyChanging: (view.getUint8(4) & 0x01) !== 0,
  };
}

/** Firmware asks for an address for half a minute; a port that listens and learns first lets nothing through as long. */
export function checkSpanningTree({ interfaceName, bpdu, trouble, waitedMs }: SpanningTreeFacts): Finding[] {
  const check = `stp ${interfaceName}`;
  if (trouble !== undefined) {
    return [
      finding(
        check,
        'note',
        `could not listen for spanning tree on ${interfaceName}: ${trouble}`,
        'Run podboot doctor as root.',
      ),
    ];
  }
  if (bpdu === undefined) {
    return [
      ok(
        check,
        `no switch spoke of spanning tree on ${interfaceName} within ${waitedMs / 1_000} s (those that filter it do not either)`,
      ),
    ];
  }
  const delay = 2 * bpdu.forwardDelaySeconds;
  const mend =
    'Make the ports of nodes and of this host edge ports: `spanning-tree portfast` (Cisco), `portadminedge on` (Cumulus), `edge-port` (others).';
  if (bpdu.version === 0) {
    return [
      finding(
        check,
        'warning',
        `the switch of ${interfaceName} runs spanning tree (802.1D): a port that comes up lets nothing through for ${delay} s, longer than firmware asks for an address`,
        mend,
      ),
    ];
  }
  const name = bpdu.version === 2 ? 'RSTP' : 'MSTP';
  const findings = [
    finding(
      check,
      'note',
      `the switch of ${interfaceName} runs ${name}: ports that are no edge ports may let nothing through for ${delay} s after they come up`,
      mend,
    ),
  ];
  if (bpdu.isTopologyChanging) {
    findings.push(
      finding(
        check,
        'warning',
        `the spanning tree of ${interfaceName} is changing now: addresses are learned anew, packets flood`,
        'Look which port comes and goes, in the log of the switch.',
      ),
    );
  }
  return findings;
}

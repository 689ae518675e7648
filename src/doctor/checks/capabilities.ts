import { type Finding, finding, ok } from '../finding.ts';

export interface CapabilityFacts {
  /** CapEff of /proc/PID/status, in hex. */
  readonly effective: string;
  /** Whose: of the daemon that runs, or of whoever asks. */
  readonly of: 'daemon' | 'asker';
  /** net.ipv4.ip_unprivileged_port_start */
  readonly firstFreePort: number;
  /** The lowest port that podboot is to listen at. */
  readonly lowestPort: number;
}

/** Bits of capabilities(7). */
const NET_BIND_SERVICE = 10;
const NET_ADMIN = 12;

/** Whether ports below 1024 can be opened, and machines without an address answered by unicast. */
export function checkCapabilities({ effective, of, firstFreePort, lowestPort }: CapabilityFacts): Finding[] {
  const bits = BigInt(`0x${effective}`);
  const has = (bit: number) => ((bits >> BigInt(bit)) & 1n) === 1n;
  const who = of === 'daemon' ? 'the daemon that runs' : 'this user';
  const findings: Finding[] = [];
  if (!has(NET_BIND_SERVICE) && lowestPort < firstFreePort) {
    findings.push(
      finding(
        'capabilities',
        of === 'daemon' ? 'warning' : 'note',
        `${who} lacks CAP_NET_BIND_SERVICE and can't open port ${lowestPort}`,
        'Run podboot by its systemd unit (podboot install-service): AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_ADMIN.',
      ),
    );
  }
  if (!has(NET_ADMIN)) {
    findings.push(
      finding(
        'capabilities',
        'note',
        `${who} lacks CAP_NET_ADMIN: machines that have no address yet are answered by broadcast`,
        'Nothing has to be done, unless the network drops broadcasts: AmbientCapabilities=CAP_NET_ADMIN.',
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [ok('capabilities', `${who} may open ports below 1024 and answer by unicast`)];
}

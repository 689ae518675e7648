import { type Finding, finding, ok } from '../finding.ts';

export interface LinkFacts {
  readonly name: string;
  readonly isThere: boolean;
  readonly isUp: boolean;
  readonly hasCarrier: boolean;
  readonly mtuBytes: number;
  /** Mb/s; undefined where the interface has none (a bridge, a veth). */
  readonly speed: number | undefined;
  readonly duplex: string | undefined;
}

const ETHERNET_MTU = 1_500;
const SLOW_MBITS = 1_000;

/** Cable, speed and size of packets of one interface that is served. */
export function checkLink({ name, isThere, isUp, hasCarrier, mtuBytes, speed, duplex }: LinkFacts): Finding[] {
  const check = `link ${name}`;
  if (!isThere)
    return [finding(check, 'trouble', `there is no interface ${name}`, '`ip -br link` lists those that there are.')];
  if (!isUp) return [finding(check, 'trouble', `${name} is down`, `ip link set ${name} up`)];
  if (!hasCarrier) {
    return [
      finding(check, 'trouble', `${name} has no carrier`, `Look at its cable and its switch port: ethtool ${name}`),
    ];
  }
  const findings: Finding[] = [];
  if (mtuBytes < ETHERNET_MTU) {
    findings.push(
      finding(
        check,
        'warning',
        `${name} has an MTU of ${mtuBytes}: boot programs that are sent in packets of 1,468 bytes are cut in pieces, which firmware can't put together`,
        `ip link set ${name} mtu 1500, or set tftp.maxBlockBytes to ${Math.max(8, mtuBytes - 32)}.`,
      ),
    );
  }
  if (mtuBytes > ETHERNET_MTU) {
    findings.push(
      finding(
        check,
        'note',
        `${name} has an MTU of ${mtuBytes}: firmware has 1,500. TCP settles it by itself; switches have to let both pass`,
        `Is the switch's MTU at least ${mtuBytes}? ping -M do -s ${mtuBytes - 28} to a node that is up.`,
      ),
    );
  }
  if (duplex === 'half') {
    findings.push(
      finding(check, 'warning', `${name} runs half duplex`, `Let both ends negotiate: ethtool -s ${name} autoneg on`),
    );
  }
  if (speed !== undefined && speed > 0 && speed < SLOW_MBITS) {
    findings.push(
      finding(
        check,
        'warning',
        `${name} runs at ${speed} Mb/s: an image of 8 GB takes ${Math.round(64_000 / speed / 60)} min for each node`,
        'Look at the cable and the switch port.',
      ),
    );
  }
  const rate = speed === undefined || speed <= 0 ? '' : `, ${speed} Mb/s`;
  return findings.length > 0 ? findings : [ok(check, `${name} is up, MTU ${mtuBytes}${rate}`)];
}

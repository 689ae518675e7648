import type { DhcpMode } from '../../domain/settings.ts';
import { type Finding, finding, ok } from '../finding.ts';

export interface OtherServerFacts {
  readonly interfaceName: string;
  readonly mode: DhcpMode;
  /** Dotted quads of those who answered a DISCOVER that nobody else could have sent; ours are not among them. */
  readonly servers: readonly string[];
  /** Why it could not be asked. */
  readonly trouble?: string;
  readonly waitedMs: number;
}

/** Who else gives addresses on a network that is ours. */
export function checkOtherServers({ interfaceName, mode, servers, trouble, waitedMs }: OtherServerFacts): Finding[] {
  const check = `dhcp ${interfaceName}`;
  if (trouble !== undefined) {
    return [
      finding(
        check,
        'note',
        `could not look for other DHCP servers on ${interfaceName}: ${trouble}`,
        'Run podboot doctor as root.',
      ),
    ];
  }
  const names = servers.join(', ');
  if (mode === 'proxy') {
    return servers.length > 0
      ? [ok(check, `${names} gives the addresses on ${interfaceName}; podboot adds what to boot`)]
      : [
          finding(
            check,
            'trouble',
            `no DHCP server answers on ${interfaceName}, and in proxy mode podboot gives no addresses`,
            `Start the network's server, or set interfaces.${interfaceName}.dhcp to authoritative.`,
          ),
        ];
  }
  if (servers.length === 0)
    return [ok(check, `no other DHCP server answered on ${interfaceName} within ${waitedMs / 1_000} s`)];
  if (mode === 'reservations') {
    return [
      finding(
        check,
        'warning',
        `${names} gives addresses on ${interfaceName} too: machines of ours may take its offer first`,
        `Let it leave our machines alone, or let podboot be the only one (dhcp: authoritative).`,
      ),
    ];
  }
  return [
    finding(
      check,
      'trouble',
      `another DHCP server answers on ${interfaceName}: ${names}. Machines take the first offer, and that one does not boot them`,
      `Turn it off (\`arping -I ${interfaceName} ${servers[0]}\` shows its MAC address; the switch's table, its port), or set interfaces.${interfaceName}.dhcp to proxy or reservations.`,
    ),
  ];
}

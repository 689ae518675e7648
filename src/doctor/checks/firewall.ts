import { type Finding, finding, ok } from '../finding.ts';
import type { Verdict } from './nft-ruleset.ts';

/** A packet that a machine sends when it boots. */
export interface WantedPacket {
  readonly interfaceName: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
  /** `DHCP`, for people. */
  readonly what: string;
}

export interface FirewallFacts {
  readonly verdicts: readonly { readonly packet: WantedPacket; readonly verdict: Verdict }[];
  /** Why the rules could not be read. */
  readonly trouble?: string;
  /** Rules of the old iptables, which nft does not show. */
  readonly hasLegacyRules: boolean;
}

/** Whether the host's own rules let machines in. */
export function checkFirewall({ verdicts, trouble, hasLegacyRules }: FirewallFacts): Finding[] {
  const findings: Finding[] = [];
  if (trouble !== undefined) {
    findings.push(
      finding(
        'firewall',
        'note',
        `the firewall's rules can't be read: ${trouble}`,
        'Run podboot doctor as root, with nftables installed; see yourself: nft list ruleset.',
      ),
    );
  }
  if (hasLegacyRules) {
    findings.push(
      finding(
        'firewall',
        'note',
        'the old iptables has rules, which are not looked at',
        'iptables-legacy-save shows them: UDP 67, 69 and TCP 80 have to pass.',
      ),
    );
  }
  for (const { packet, verdict } of verdicts) {
    const { what, protocol, port, interfaceName } = packet;
    const place = `${what} (${protocol} port ${port}) on ${interfaceName}`;
    const mend = `nft insert rule ${verdict.chain ?? 'inet filter input'} iifname "${interfaceName}" ${protocol} dport ${port} accept, and the same in the firewall's own configuration.`;
    if (verdict.kind === 'drop')
      findings.push(finding('firewall', 'trouble', `the firewall drops ${place}: ${verdict.why}`, mend));
    if (verdict.kind === 'unsure')
      findings.push(finding('firewall', 'note', `the firewall may drop ${place}: ${verdict.why}`, mend));
  }
  return findings.length > 0 ? findings : [ok('firewall', 'lets machines in')];
}

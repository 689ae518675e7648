import type { Settings } from '../../domain/settings.ts';
import type { FirewallFacts, WantedPacket } from '../checks/firewall.ts';
import { judgePacket } from '../checks/nft-ruleset.ts';
import { output, run } from './run-tool.ts';

const PXE_PORT = 4_011;

export async function readFirewallFacts(settings: Settings): Promise<FirewallFacts> {
  const legacy = await output(['iptables-legacy-save']);
  const hasLegacyRules = legacy !== undefined && /^-A INPUT|^:INPUT DROP/m.test(legacy);
  const listed = await run(['nft', '-j', 'list', 'ruleset']);
  if (!listed.ok) return { verdicts: [], trouble: listed.why, hasLegacyRules };
  let ruleset: unknown;
  try {
    ruleset = JSON.parse(listed.stdout);
  } catch {
    return { verdicts: [], trouble: 'nft does not answer in JSON', hasLegacyRules };
  }
  const verdicts = wantedPackets(settings).map((packet) => ({ packet, verdict: judgePacket(ruleset, packet) }));
  return { verdicts, hasLegacyRules };
}

/** What has to come in, by the configuration. */
export function wantedPackets({ interfaces, dhcp, tftp, http, dns }: Settings): WantedPacket[] {
  return interfaces.flatMap((at): WantedPacket[] => {
    const interfaceName = at.name;
    return [
      ...(at.dhcp === 'off' ? [] : [{ interfaceName, protocol: 'udp', port: dhcp.port, what: 'DHCP' } as const]),
      ...(at.dhcp === 'proxy' ? [{ interfaceName, protocol: 'udp', port: PXE_PORT, what: 'proxyDHCP' } as const] : []),
      ...(at.tftp ? [{ interfaceName, protocol: 'udp', port: tftp.port, what: 'TFTP' } as const] : []),
      ...(at.http ? [{ interfaceName, protocol: 'tcp', port: http.port, what: 'HTTP boot' } as const] : []),
      ...(at.dns ? [{ interfaceName, protocol: 'udp', port: dns.port, what: 'DNS' } as const] : []),
    ];
  });
}

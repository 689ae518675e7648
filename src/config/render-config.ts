import { formatIpv4, formatSubnet } from '../domain/ipv4.ts';
import { DEFAULTS } from './defaults.ts';
import { formatRange } from './notations-network.ts';
import type { Proposal } from './proposal.ts';

/** The commented file that `podboot init` writes. It passes `podboot check-config` as it stands. */
export function renderConfig(proposal: Proposal, schemaPath: string): string {
  return [header(schemaPath), site(proposal), places(), interfaces(proposal), subnets(proposal), others(), tail()].join(
    '\n',
  );
}

function header(schemaPath: string): string {
  return `# yaml-language-server: $schema=${schemaPath}
#
# Configuration of podboot. After a change:
#   podboot check-config podboot.yaml     says what is wrong, and where
#   kill -HUP, or the API                 takes it up; a wrong file changes nothing
# Lengths of time: 90s, 15m, 12h, 7d. Secrets do not belong here.
`;
}

function site({ domain }: Proposal): string {
  const line =
    domain === undefined
      ? '# Without it there is no DNS here: write it, and `dns: true` below.\n# site: { domain: pod1.example.com }'
      : `site: { domain: ${domain} }`;
  return `# Domain name of the nodes: DHCP option 15, and the zone that DNS serves.\n${line}\n`;
}

function places(): string {
  return `# What podboot keeps: leases and nodes. Absolute, for this user to write.
dataDir: ${DEFAULTS.dataDir}
# What machines boot. Everything in it is served to anyone who asks; nothing outside of it is.
assetsDir: ${DEFAULTS.dataDir}/assets
`;
}

function interfaces(proposal: Proposal): string {
  const { interfaceName, address, dhcp, others } = proposal;
  const more = others.map((own) => `${formatIpv4(own.address)}/${own.prefixLength}`).join(', ');
  const uplink = `  # This machine's default route leads through ${interfaceName}, so another DHCP server is likely there: two that
  # give addresses would give the same one twice. \`proxy\` only tells machines how to boot.
`;
  return `# Interfaces that are served. On any other one podboot never answers.
#   dhcp: authoritative   gives addresses to all
#         proxy           only tells how to boot, beside another DHCP server
#         reservations    answers known machines only
#         off             never answers
interfaces:
${dhcp === 'proxy' ? uplink : ''}${more === '' ? '' : `  # It has ${more} too.\n`}  ${interfaceName}:
    address: ${formatIpv4(address)}
    dhcp: ${dhcp}
    tftp: true
    http: true
    dns: ${servesDns(proposal)}
`;
}

/** Machines on a network with a DHCP server of its own are told there whom to ask. */
function servesDns({ domain, dhcp }: Proposal): boolean {
  return domain !== undefined && dhcp !== 'proxy';
}

function subnets(proposal: Proposal): string {
  const { subnet, interfaceName, pool, dhcp } = proposal;
  const lines = [
    'subnets:',
    `  ${formatSubnet(subnet)}:`,
    `    interface: ${interfaceName}`,
    ...poolLines(proposal),
    `    leaseTime: ${DEFAULTS.dhcp.leaseTime}`,
    ...optionLines(proposal),
  ];
  if (dhcp === 'proxy') {
    return `# The other DHCP server gives the addresses. To give them from here instead, stop it, write
# \`dhcp: authoritative\` above and take the # away:
${lines.map((line) => `# ${line}`).join('\n')}
`;
  }
  const why =
    pool === undefined
      ? '# Subnets that get addresses. No address is free in this one: machines need reservations.'
      : '# Subnets that get addresses. The pool is for machines without a reservation, and lies in the upper half of the\n# subnet; make sure that nobody has an address of it already.';
  return `${why}\n${lines.join('\n')}\n`;
}

function poolLines({ pool }: Proposal): string[] {
  return [`    pools: [${pool === undefined ? '' : formatRange(pool)}]`];
}

function optionLines(proposal: Proposal): string[] {
  const { router, gatewayElsewhere, address } = proposal;
  // With DNS on, machines are told to ask here; names elsewhere are asked for on their behalf.
  const nameServers = servesDns(proposal) ? [] : proposal.nameServers;
  const lines: string[] = [];
  if (router !== undefined) lines.push(`      routers: [${formatIpv4(router)}]`);
  if (nameServers.length > 0) lines.push(`      domainNameServers: [${nameServers.map(formatIpv4).join(', ')}]`);
  const unrouted =
    router === undefined
      ? [
          gatewayElsewhere === undefined
            ? '    # No router is known here: machines reach this network alone.'
            : `    # This machine's gateway ${formatIpv4(gatewayElsewhere)} is on another network, and it passes no packets on:`,
          ...(gatewayElsewhere === undefined ? [] : ['    # machines reach this network alone.']),
          `    # options: { routers: [${formatIpv4(address)}] }`,
        ]
      : [];
  return lines.length === 0 ? unrouted : [...unrouted, '    options:', ...lines];
}

function others(): string {
  return `# Machines that are known but no nodes: switches, PDUs, file servers. Quote MAC addresses.
# reservations:
#   - { name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10 }

# Options for groups of nodes.
# groups:
#   dgx: { options: { interfaceMtu: 9000 } }

# What nodes can boot. Files are relative to assetsDir.
# profiles:
#   rescue: { kind: live, kernel: debian/linux, initrds: [debian/initrd.gz], arguments: "console=ttyS0,115200" }
`;
}

function tail(): string {
  return `# The API that \`podboot nodes\` and programs use. Its token is made at the first start and shown once.
api:
  listen: ["${DEFAULTS.api.listen[0]}"]

log: { level: ${DEFAULTS.log.level}, format: ${DEFAULTS.log.format} }
`;
}

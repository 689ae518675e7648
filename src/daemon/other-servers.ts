import type { NodeId } from '../domain/node.ts';
import type { Clock, EventSink, Network } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { nameSubjects } from '../lifecycle/event-bus.ts';
import type { createNodeRegistry } from '../lifecycle/node-registry.ts';
import { createHostStreams } from '../net/host-streams.ts';
import { networksOf } from '../net/interfaces.ts';
import { hostNameServers } from '../net/name-servers.ts';
import type { BootService } from '../services/boot/boot-service.ts';
import type { LeaseTable } from '../services/dhcp/lease-table.ts';
import { createDnsService } from '../services/dns/dns-service.ts';
import { createSyslogService } from '../services/syslog/syslog-service.ts';
import { createTftpService } from '../services/tftp/tftp-service.ts';
import type { Server } from './daemon.ts';

export interface OtherServerParts {
  readonly settings: Settings;
  readonly network: Network;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly nodes: ReturnType<typeof createNodeRegistry>;
  readonly leases: LeaseTable;
  readonly boot: BootService;
  readonly isBeingInstalled: (nodeId: NodeId) => boolean;
}

export interface OtherServers {
  readonly all: readonly Server[];
  statistics(): Readonly<Record<'tftp' | 'dns' | 'syslog', Record<string, number>>>;
}

/** TFTP, DNS and syslog: they know machines by their addresses, and ask the boot service whose those are. */
export function createOtherServers(parts: OtherServerParts): OtherServers {
  const { settings, network, clock, nodes, leases, boot } = parts;
  const streams = createHostStreams();
  const events = nameSubjects(parts.events, (address) => boot.subjectAt(address));
  const tftp = createTftpService({ settings, network, clock, files: boot.files, events });
  const dns = createDnsService({
    settings,
    network,
    streams,
    clock,
    nodes,
    nodesRevision: () => nodes.revision,
    leases,
    events,
    hostNameServers,
    onLink: networksOf,
  });
  leases.onApplied = (lease, before) => dns.leaseApplied(lease, before);
  const syslog = createSyslogService({
    settings,
    network,
    streams,
    clock,
    events: parts.events,
    subjectAt: (address) => boot.subjectAt(address),
    isHeard: parts.isBeingInstalled,
  });
  return {
    all: [tftp, dns, syslog],
    statistics: () => ({ tftp: tftp.statistics(), dns: dns.statistics(), syslog: syslog.statistics() }),
  };
}

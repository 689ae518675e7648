import { stringify } from 'yaml';
import { INITRD_ASSET, KERNEL_ASSET } from './rehearsal-assets.ts';
import type { RehearsalNetwork } from './rehearsal-network.ts';
import { LIVE_PROFILE } from './rehearsal-plan.ts';
import type { Workspace } from './workspace.ts';

/** podboot.yaml of a rehearsal, as text. */
export function rehearsalConfig(
  { server }: Pick<RehearsalNetwork, 'server'>,
  files: Pick<Workspace, 'dataDir' | 'assetsDir' | 'apiSocket'>,
): string {
  return stringify({
    site: { domain: 'rehearsal.podboot.test' },
    dataDir: files.dataDir,
    assetsDir: files.assetsDir,
    interfaces: { [server.interfaceName]: { address: server.address, dhcp: 'authoritative', tftp: true, http: true } },
    subnets: {
      [server.subnet]: {
        interface: server.interfaceName,
        pools: [server.pool],
        leaseTime: '1h',
        options: { routers: [server.address] },
      },
    },
    profiles: {
      [LIVE_PROFILE]: {
        kind: 'live',
        kernel: KERNEL_ASSET,
        initrds: [INITRD_ASSET],
        arguments: 'console=ttyS0,115200',
      },
    },
    // A stranger's DHCP server can't be here, and a look for one would be in the way of what is to be seen.
    dhcp: { port: server.dhcpPort, proxyPort: server.proxyPort, probeInterval: 0 },
    // On loopback all nodes have one address.
    tftp: { port: server.tftpPort, maxTransfers: 5_000, maxTransfersPerClient: 5_000 },
    http: { port: server.httpPort, maxConnectionsPerClient: 4_096 },
    api: { listen: [`unix:${files.apiSocket}`] },
    log: { level: 'info', format: 'json' },
  });
}

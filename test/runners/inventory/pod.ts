import type { RunHost, SshSettings } from '../../../src/domain/hand-off.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import type { HostKeys, InventoryInput } from '../../../src/runners/inventory/inventory.ts';

export const SSH: SshSettings = { user: 'ubuntu', port: 22, keyFile: '/etc/podboot/ssh/id_ed25519' };

export const PINNED: HostKeys = { of: (name) => ({ path: `/var/lib/podboot/known_hosts/${name}`, isPinned: true }) };

export function host(name: string, address: string, roles: readonly string[], more: Partial<RunHost> = {}): RunHost {
  return { id: `id-${name}`, name, address: parseIpv4(address)!, roles, ...more };
}

/** Three management nodes, a login node and two DGX, as in the guide. */
export function guidePod(): RunHost[] {
  return [
    host('mgmt01', '10.0.0.1', ['kube_control_plane', 'etcd']),
    host('mgmt02', '10.0.0.2', ['kube_control_plane', 'etcd']),
    host('mgmt03', '10.0.0.3', ['kube_control_plane', 'etcd']),
    host('login01', '10.0.1.1', ['slurm-master']),
    host('dgx01', '10.0.2.1', ['gpu', 'slurm-node'], { infinibandAddress: '10.1.0.1/24' }),
    host('dgx02', '10.0.2.2', ['gpu', 'slurm-node'], { labels: { platform: 'dgx-h100' } }),
  ];
}

export function input(more: Partial<InventoryInput> = {}): InventoryInput {
  return { runner: 'kubespray', hosts: guidePod(), ssh: SSH, hostKeys: PINNED, ...more };
}

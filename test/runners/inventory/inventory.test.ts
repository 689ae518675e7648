import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readInventory } from '../../../src/runners/inventory/adopt.ts';
import { buildInventory } from '../../../src/runners/inventory/inventory.ts';
import { guidePod, host, input, SSH } from './pod.ts';

const codes = (obstacles: readonly { code: string }[]) => obstacles.map(({ code }) => code);

describe('inventory of a pod', () => {
  it('has the groups of the guide in both spellings', () => {
    const { inventory, obstacles } = buildInventory(input());
    assert.deepEqual(obstacles, []);
    const members = Object.fromEntries(
      [...inventory.groups].map(([name, { hosts, children }]) => [
        name,
        [...hosts, ...children.map((each) => `:${each}`)],
      ]),
    );
    assert.deepEqual(members, {
      kube_control_plane: ['mgmt01', 'mgmt02', 'mgmt03'],
      etcd: ['mgmt01', 'mgmt02', 'mgmt03'],
      'slurm-master': ['login01'],
      kube_node: ['dgx01', 'dgx02'],
      'dgx-servers': ['dgx01', 'dgx02'],
      'slurm-node': ['dgx01', 'dgx02'],
      k8s_cluster: [':kube_control_plane', ':kube_node'],
      'slurm-nfs': [':slurm-master'],
      'slurm-cache': [':slurm-master'],
      'slurm-metric': [':slurm-master'],
      'slurm-login': [':slurm-master'],
      'slurm-nfs-client': [':slurm-node'],
      'slurm-cluster': [':slurm-master', ':slurm-nfs', ':slurm-node', ':slurm-cache', ':slurm-metric', ':slurm-login'],
      'kube-master': [':kube_control_plane'],
      'kube-node': [':kube_node'],
      'k8s-cluster': [':k8s_cluster'],
    });
  });

  it('tells each host its addresses, and members of etcd their names', () => {
    const { inventory } = buildInventory(input({ options: { labelVars: { platform: 'dgx_platform' } } }));
    assert.deepEqual(inventory.hosts.get('mgmt02'), {
      ansible_host: '10.0.0.2',
      ip: '10.0.0.2',
      etcd_member_name: 'etcd2',
    });
    assert.deepEqual(inventory.hosts.get('dgx01'), {
      ansible_host: '10.0.2.1',
      ip: '10.0.2.1',
      ib_bond_addr: '10.1.0.1/24',
    });
    assert.equal(inventory.hosts.get('dgx02')?.dgx_platform, 'dgx-h100');
  });

  it('pins host keys once for all hosts, and lets the first contact of a new one be told apart', () => {
    const hostKeys = {
      of: (name: string) => ({ path: `/var/lib/podboot/known_hosts/${name}`, isPinned: name !== 'dgx02' }),
    };
    const { inventory } = buildInventory(input({ hostKeys }));
    const usual = String(inventory.vars.ansible_ssh_common_args);
    assert.match(usual, /StrictHostKeyChecking=yes/);
    assert.match(usual, /UserKnownHostsFile="\/var\/lib\/podboot\/known_hosts\/\{\{ inventory_hostname \}\}"/);
    assert.match(usual, /HostKeyAlias=\{\{ inventory_hostname \}\}/);
    assert.equal(inventory.hosts.get('dgx01')?.ansible_ssh_common_args, undefined);
    assert.match(String(inventory.hosts.get('dgx02')?.ansible_ssh_common_args), /StrictHostKeyChecking=accept-new/);
  });

  it('hops over a bastion whose own host key is pinned', () => {
    const bastion = { host: '192.0.2.1', user: 'jump', port: 2222, keyFile: '/etc/podboot/ssh/jump' };
    const { inventory } = buildInventory(input({ ssh: { ...SSH, port: 2022, bastion } }));
    const args = String(inventory.vars.ansible_ssh_common_args);
    assert.match(args, /ProxyCommand=ssh .*-p 2222 -l jump -W %h:%p -- 192\.0\.2\.1/);
    assert.match(args, /known_hosts\/bastion-192\.0\.2\.1/);
    assert.equal(inventory.vars.ansible_port, 2022);
    assert.equal(inventory.vars.ansible_user, 'ubuntu');
    assert.equal(inventory.vars.ansible_ssh_private_key_file, '/etc/podboot/ssh/id_ed25519');
  });

  it('takes the control plane for etcd where nobody has that role', () => {
    const hosts = [host('m1', '10.0.0.1', ['kube-master']), host('w1', '10.0.0.2', ['worker'])];
    const { inventory, obstacles } = buildInventory(input({ hosts }));
    assert.deepEqual(obstacles, []);
    assert.deepEqual(inventory.groups.get('etcd')?.hosts, ['m1']);
    assert.deepEqual(inventory.groups.get('kube_node')?.hosts, ['w1']);
  });

  it('refuses an even number of etcd members with the mend', () => {
    const hosts = guidePod().filter(({ name }) => name !== 'mgmt03');
    const { obstacles } = buildInventory(input({ hosts }));
    assert.deepEqual(codes(obstacles), ['inventory-even-etcd']);
    assert.match(obstacles[0]!.message, /2 members \(mgmt01, mgmt02\)/);
    assert.match(obstacles[0]!.mend, /1, 3 or 5/);
  });

  it('keeps the order in which hosts joined, since the first of the control plane is special', () => {
    const hosts = [
      host('mgmt09', '10.0.0.9', ['kube_control_plane']),
      host('mgmt01', '10.0.0.1', ['kube_control_plane']),
    ];
    const { inventory } = buildInventory(input({ hosts: [...hosts, host('a', '10.0.0.8', ['kube_control_plane'])] }));
    assert.deepEqual(inventory.groups.get('kube_control_plane')?.hosts, ['mgmt09', 'mgmt01', 'a']);
  });

  it('refuses what Ansible could not tell apart or would not take', () => {
    const hosts = [
      host('etcd', '10.0.0.1', ['kube_control_plane']),
      host('Bad_Name', '10.0.0.2', ['kube_node']),
      { ...host('dgx01', '10.0.0.3', ['kube_node', 'all']), address: undefined as never },
    ];
    const options = {
      vars: { ansible_become_password: 'x', 'a-b': 1 },
      hostVars: { dgx77: { rack: 'r1' } },
      groupVars: { 'no group': { a: 1 } },
    };
    const { obstacles } = buildInventory({ ...input({ hosts, options }) });
    assert.deepEqual(codes(obstacles).sort(), [
      'inventory-group-name',
      'inventory-host-is-group',
      'inventory-host-name',
      'inventory-host-vars',
      'inventory-no-address',
      'inventory-password',
      'inventory-variable-name',
    ]);
    for (const { mend, message } of obstacles) {
      assert.ok(mend.length > 10);
      assert.doesNotMatch(message, /\bx\b/);
    }
  });

  it('lets the configuration say what a role means, and adds variables where they were written', () => {
    const hosts = [host('m1', '10.0.0.1', ['kube_control_plane']), host('box', '10.0.0.2', ['trainer'])];
    const { inventory, obstacles } = buildInventory(
      input({
        hosts,
        options: {
          roleGroups: { trainer: ['kube-node', 'trainers'] },
          vars: { kube_network_plugin: 'calico' },
          groupVars: { all: { ntp: 'a' }, 'k8s-cluster': { x: 1 }, empty: { y: 2 } },
          hostVars: { box: { ansible_host: '192.0.2.9', ip: null } },
        },
      }),
    );
    assert.deepEqual(obstacles, []);
    assert.deepEqual(inventory.groups.get('kube_node')?.hosts, ['box']);
    assert.deepEqual(inventory.groups.get('trainers')?.hosts, ['box']);
    assert.deepEqual(inventory.groups.get('k8s_cluster')?.vars, { x: 1 });
    assert.deepEqual(inventory.groups.get('empty')?.vars, { y: 2 });
    assert.equal(inventory.vars.ntp, 'a');
    assert.equal(inventory.vars.kube_network_plugin, 'calico');
    assert.equal(inventory.hosts.get('box')?.ansible_host, '192.0.2.9');
  });

  it('leaves out a child that would close a circle with an adopted inventory', () => {
    const adopted = readInventory(Buffer.from('[kube_control_plane:children]\nkube-master\n[kube-master]\n'));
    const { inventory } = buildInventory(input({ adopted }));
    assert.equal(inventory.groups.get('kube-master'), undefined);
    assert.deepEqual(inventory.groups.get('kube-node')?.children, ['kube_node']);
  });

  it('completes an adopted inventory: its hosts first, its addresses kept, old names understood', () => {
    const adopted = readInventory(
      Buffer.from(
        [
          '[all]',
          'old1 ansible_host=10.0.0.77',
          'mgmt02 ansible_host=10.9.9.9 ip=172.16.0.2 etcd_member_name=etcd-b',
          '[kube-master]',
          'old1',
          'mgmt02',
          '[etcd]',
          'old1',
          '[kube-node]',
          'dgx01',
        ].join('\n'),
      ),
    );
    const hosts = guidePod().map((each) => (each.name === 'mgmt02' ? { ...each, roles: ['etcd'] } : each));
    const { inventory, obstacles } = buildInventory(input({ adopted, hosts }));
    assert.deepEqual(inventory.groups.get('kube_control_plane')?.hosts, ['old1', 'mgmt02', 'mgmt01', 'mgmt03']);
    assert.deepEqual(inventory.groups.get('etcd')?.hosts, ['old1', 'mgmt02', 'mgmt01', 'mgmt03']);
    assert.deepEqual(codes(obstacles), ['inventory-even-etcd']);
    assert.deepEqual(inventory.hosts.get('mgmt02'), { ansible_host: '10.0.0.2' });
    assert.equal(inventory.hosts.get('mgmt01')?.etcd_member_name, 'etcd3');
    assert.equal(inventory.hosts.has('old1'), false);
  });

  it('is slurm’s where the cluster’s runner is slurm', () => {
    const hosts = [
      host('head', '10.0.0.1', ['slurm_master']),
      host('dgx01', '10.0.0.2', ['gpu']),
      host('l1', '10.0.0.3', ['login']),
    ];
    const { inventory } = buildInventory(input({ runner: 'slurm', hosts }));
    assert.deepEqual(inventory.groups.get('slurm-master')?.hosts, ['head']);
    assert.deepEqual(inventory.groups.get('slurm-node')?.hosts, ['dgx01']);
    assert.deepEqual(inventory.groups.get('slurm-login')?.hosts, ['l1']);
    assert.equal(inventory.groups.get('kube_node'), undefined);
  });
});

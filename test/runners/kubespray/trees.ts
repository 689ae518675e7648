import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Our own small playbooks with Kubespray's and DeepOps' names of files, plays and groups: each task changes nothing but a file. */
const play = (name: string, hosts: string, more = '') => `
- name: ${name}
  hosts: ${hosts}
  gather_facts: false
  any_errors_fatal: "{{ any_errors_fatal | default(true) }}"
  ${more}
  tasks:
    - name: "{{ 'note ${name}' }}"
      lineinfile: {path: "{{ mini_log | default('/tmp/mini.log') }}", line: "${name} {{ inventory_hostname }}", create: true}
`;

const KUBESPRAY: Readonly<Record<string, string>> = {
  'ansible.cfg': '[defaults]\nhost_key_checking=False\n[ssh_connection]\nssh_args = -o UserKnownHostsFile=/dev/null\n',
  'playbooks/ansible_version.yml':
    '---\n- name: Check Ansible version\n  hosts: all\n  gather_facts: false\n  vars:\n    minimal_ansible_version: 2.14.0\n    maximal_ansible_version: 2.20.0\n  tasks: []\n',
  'playbooks/facts.yml': `---${play('Gather facts', 'k8s_cluster:etcd:calico_rr')}`,
  'cluster.yml': `---${play('Prepare for etcd install', 'k8s_cluster:etcd')}${play('Install etcd', 'etcd')}${play('Install Kubernetes nodes', 'k8s_cluster')}${play('Install the control plane', 'kube_control_plane')}${play('Apply resolv.conf', 'k8s_cluster')}`,
  'scale.yml': `---${play('Target only workers', 'kube_node')}${play('Upload control plane certs', 'kube_control_plane | first')}${play('Join', 'kube_node')}`,
  'remove-node.yml': `---${play('Reset node', '"{{ node }}"')}`,
  'upgrade-cluster.yml': `---${play('Upgrade the control plane', 'kube_control_plane', 'serial: 1')}${play('Upgrade workers', 'kube_node:calico_rr:!kube_control_plane', `serial: "{{ serial | default('20%') }}"`)}`,
  'roles/kubespray_defaults/defaults/main/main.yml':
    'kube_version: "{{ (kubelet_checksums[\'amd64\'] | dict2items)[0].key }}"\n',
  'roles/kubespray_defaults/vars/main/checksums.yml':
    '---\ncrictl_checksums:\n  amd64:\n    1.36.0: sha256:a\nkubelet_checksums:\n  arm64:\n    1.35.9: sha256:b\n  amd64:\n    1.34.2: sha256:c\n    1.34.1: sha256:d\nother:\n  x: 1\n',
};

const DEEPOPS: Readonly<Record<string, string>> = {
  'ansible.cfg':
    '[defaults]\nhost_key_checking = False\nroles_path = ./roles/galaxy:./roles\n[ssh_connection]\ncontrol_path = ~/.ssh/none-%%h\nssh_args = -o UserKnownHostsFile=/dev/null\n',
  'playbooks/k8s-cluster.yml': `---${play('Bootstrap', 'all')}
- name: make sure kubespray is at the correct version
  hosts: all
  gather_facts: false
  tags: [local]
  tasks:
    - name: update the submodule
      command: /bin/false
      delegate_to: localhost
      run_once: true
- name: Install Kubernetes
  import_playbook: ../submodules/kubespray/cluster.yml
  tags: [k8s]
${play('Install NVIDIA driver', 'k8s_cluster')}`,
  'playbooks/slurm-cluster.yml': `---${play('Slurm controller', 'slurm-master')}${play('Slurm nodes', 'slurm-node')}${play('NFS', 'slurm-nfs')}${play('Everybody', 'slurm-cluster')}`,
};

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

export function writeKubespray(root: string): void {
  write(root, KUBESPRAY);
}

export function writeDeepops(root: string, options: { readonly submodule?: boolean } = {}): void {
  write(root, DEEPOPS);
  mkdirSync(join(root, 'submodules/kubespray'), { recursive: true });
  if (options.submodule !== false) writeKubespray(join(root, 'submodules/kubespray'));
}

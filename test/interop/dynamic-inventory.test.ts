import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'ansible-inventory', 'ansible'] });
const SCRIPT = new URL('../../bin/podboot-inventory', import.meta.url).pathname;
const COMMAND = new URL('../../bin/podboot', import.meta.url).pathname;
const CLUSTERS = {
  pod1: {
    runner: 'kubespray',
    roles: ['kube_control_plane', 'gpu'],
    checkout: '/opt/kubespray',
    ssh: { user: 'ubuntu' },
  },
};

test('bin/podboot-inventory is a dynamic inventory of the live daemon, and adopts the one that is there', {
  skip,
  timeout: 60_000,
}, async () => {
  await using site = await Site.up({ ...SITE, clusters: CLUSTERS });
  const { daemon } = site;
  const env = { PODBOOT_API: `unix:${daemon.socketPath}`, PODBOOT_TOKEN_FILE: join(daemon.folder, 'first-token') };
  const inside = (argv: readonly string[], more: Readonly<Record<string, string>> = {}) => {
    const words = Object.entries({ ...env, ...more }).map(([name, value]) => `${name}=${value}`);
    const result = run(site.server.argv(['env', ...words, ...argv]), { timeoutMs: 30_000 });
    assert.equal(result.code, 0, `${argv.join(' ')}: ${result.stderr}${result.stdout}`);
    return result;
  };
  const enrol = (name: string, role: string, number: number) =>
    inside([
      ...[COMMAND, 'enrol', name, '--role', role],
      ...['--interface', `name=eno1,role=boot,mac=52:54:00:77:02:${number},address=10.77.0.${number}`],
    ]);
  enrol('mgmt01', 'kube_control_plane', 11);
  enrol('dgx01', 'gpu', 21);

  const listed = JSON.parse(inside(['ansible-inventory', '-i', SCRIPT, '--list', '--export']).stdout);
  assert.deepEqual(listed.kube_node.hosts, ['dgx01']);
  assert.deepEqual(listed['kube-master'].children, ['kube_control_plane']);
  assert.equal(listed._meta.hostvars.dgx01.ansible_host, '10.77.0.21');
  assert.equal(listed.all.vars.ansible_user, 'ubuntu');
  const debug = inside(['ansible', '-i', SCRIPT, 'kube_node', '-m', 'debug', '-a', 'var=ansible_host'], {
    PODBOOT_CLUSTER: 'pod1',
  });
  assert.match(debug.stdout, /dgx01 \| SUCCESS.*"ansible_host": "10\.77\.0\.21"/s);
  assert.deepEqual(JSON.parse(inside([SCRIPT, '--host', 'mgmt01']).stdout).etcd_member_name, 'etcd1');
  assert.deepEqual(JSON.parse(inside([SCRIPT, '--host', 'nobody']).stdout), {});
  const ini = join(daemon.folder, 'shown');
  writeFileSync(ini, inside([COMMAND, 'inventory', '--cluster', 'pod1']).stdout);
  const again = JSON.parse(inside(['ansible-inventory', '-i', ini, '--list', '--export']).stdout);
  assert.deepEqual(again, listed);

  const file = join(daemon.folder, 'config-inventory');
  writeFileSync(
    file,
    '[all]\ndgx01 ansible_host=10.77.0.99\ndgx02 ansible_host=10.77.0.22 mac=52:54:00:77:02:22\n[gpu]\ndgx02\n',
  );
  const dry = inside([COMMAND, 'inventory', 'adopt', file, '--dry-run']);
  assert.match(dry.stdout, /dgx01 +2 +dgx01 is 10\.77\.0\.99 in the file and 10\.77\.0\.21 here/);
  assert.match(dry.stdout, /1 created, 0 updated, 0 unchanged \(dry run/);
  inside([COMMAND, 'inventory', 'adopt', file]);
  const grown = JSON.parse(inside(['ansible-inventory', '-i', SCRIPT, '--list']).stdout);
  assert.deepEqual(grown.kube_node.hosts, ['dgx01', 'dgx02']);
});

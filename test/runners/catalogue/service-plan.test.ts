import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClusterSettings, RunHost } from '../../../src/domain/hand-off.ts';
import { parseIpv4 } from '../../../src/domain/ipv4.ts';
import { loadCatalogue } from '../../../src/runners/catalogue/catalogue.ts';
import type { Files } from '../../../src/runners/catalogue/checkout.ts';
import { planService } from '../../../src/runners/catalogue/service-plan.ts';
import type { PlanContext } from '../../../src/runners/runner.ts';

const CHECKOUT = '/srv/deepops';
/** Nothing of it is touched: the inventory and the preflight are a test's own. */
const CONTEXT = {} as PlanContext;
const catalogue = loadCatalogue();

function files(there: Readonly<Record<string, string>>, modes: Readonly<Record<string, number>> = {}): Files {
  return {
    isFile: (path) => path in there,
    read: (path) => there[path],
    mode: (path) => (path in there ? (modes[path] ?? 0o100600) : undefined),
  };
}

const KUBECONFIG = { [`${CHECKOUT}/config/artifacts/admin.conf`]: '' };

function cluster(services: object = {}, options: object = {}): ClusterSettings {
  return {
    name: 'pod1',
    runner: 'kubespray',
    roles: ['mgmt', 'dgx'],
    settleMs: 0,
    inactivityMs: 1_800_000,
    waves: { canaryNodes: 1, maxNodes: 10, maxFailedShare: 0.1 },
    ssh: { user: 'ubuntu', port: 22 },
    options: { checkout: CHECKOUT, services, ...options },
  };
}

const MEMBERS: readonly RunHost[] = [
  { id: 'n2', name: 'dgx01', address: parseIpv4('10.0.2.1') ?? 0, roles: ['dgx'] } as RunHost,
  { id: 'n1', name: 'mgmt01', address: parseIpv4('10.0.0.1') ?? 0, roles: ['mgmt'] } as RunHost,
];

const looked: string[] = [];

function plan(service: string, there: Files, settings = cluster(), deployed: readonly string[] = []) {
  return planService(
    {
      catalogue: () => catalogue,
      ansible: {
        inventory: () => ({
          files: [{ path: 'inventory.ini', content: '[all]\n' }],
          argv: ['-i', '{run}/inventory.ini'],
          hash: 'abc',
          obstacles: [],
        }),
        preflight: async ({ playbooks, hosts }) => {
          looked.push(`${playbooks.join()} at ${hosts.map(({ name }) => name).join()}`);
          return [];
        },
      },
      isDeployed: (_, name) => deployed.includes(name),
      files: there,
    },
    settings,
    { cluster: 'pod1', action: 'service', hosts: [], by: 'ada', service },
    MEMBERS,
    CONTEXT,
  );
}

describe('the plan of a service', () => {
  test('the registry is a playbook of the pinned version, with an inventory and the name of the operator', async () => {
    const there = files({ ...KUBECONFIG, [`${CHECKOUT}/playbooks/k8s-cluster/container-registry.yml`]: '' });
    const made = await plan(
      'container-registry',
      there,
      cluster({ 'container-registry': { hostname: 'registry.pod1.example' } }),
    );
    assert.deepEqual(made.obstacles, []);
    assert.deepEqual(made.steps[0]?.argv, [
      'ansible-playbook',
      '-i',
      '{run}/inventory.ini',
      '--tags',
      'container-registry',
      '-e',
      '{"container_registry_hostname":"registry.pod1.example"}',
      'playbooks/k8s-cluster/container-registry.yml',
    ]);
    assert.equal(made.steps[0]?.speaks, 'ansible');
    assert.equal(made.steps[0]?.cwd, CHECKOUT);
    assert.equal(made.inventoryHash, 'abc');
    assert.deepEqual(made.hosts, []);
    assert.equal(looked.at(-1), `${CHECKOUT}/playbooks/k8s-cluster/container-registry.yml at mgmt01`);
  });

  test('the same at the versions of the guide', async () => {
    const at2010 = files({ ...KUBECONFIG, [`${CHECKOUT}/playbooks/k8s-cluster/k8s-services.yml`]: '' });
    assert.equal(
      (await plan('container-registry', at2010)).steps[0]?.argv.at(-1),
      'playbooks/k8s-cluster/k8s-services.yml',
    );
    const at1907 = files({ ...KUBECONFIG, [`${CHECKOUT}/playbooks/k8s-services.yml`]: '' });
    assert.equal((await plan('container-registry', at1907)).steps[0]?.argv.at(-1), 'playbooks/k8s-services.yml');
  });

  test('a checkout that has nothing of it: told what is looked for, and where it was', async () => {
    const made = await plan('container-registry', files(KUBECONFIG));
    assert.equal(made.steps.length, 0);
    assert.deepEqual(
      made.obstacles.map(({ code }) => code),
      ['not-in-checkout'],
    );
    assert.match(
      made.obstacles[0]?.mend ?? '',
      /container-registry.yml \(20.12 and later\), .*k8s-services.yml \(20.10\)/,
    );
  });

  test('Rook of 26.07 is told that it is meant, the poll comes behind it with its deadline', async () => {
    const script = `${CHECKOUT}/scripts/k8s/deploy_rook.sh`;
    const made = await plan('rook-ceph', files({ ...KUBECONFIG, [script]: '… DEEPOPS_ENABLE_DEPRECATED_ROOK …' }));
    const [deploy, poll] = made.steps;
    assert.equal(deploy?.env?.DEEPOPS_ENABLE_DEPRECATED_ROOK, 'true');
    assert.match(deploy?.argv.join(' ') ?? '', /masked-step.ts \{run\}\/masked-0.json$/);
    assert.equal(poll?.name, 'poll');
    const order = JSON.parse(made.files.find(({ path }) => path === 'masked-1.json')?.content ?? '');
    assert.deepEqual(order.argv, [script, '-w']);
    assert.equal(order.deadlineMs, 45 * 60_000);
    const older = await plan('rook-ceph', files({ ...KUBECONFIG, [script]: '' }));
    assert.equal(older.steps[0]?.env?.DEEPOPS_ENABLE_DEPRECATED_ROOK, undefined);
  });

  test('kubectl and helm find the cluster, and nothing that another run left', async () => {
    const script = `${CHECKOUT}/scripts/k8s/deploy_monitoring.sh`;
    const made = await plan('monitoring', files({ ...KUBECONFIG, [script]: 'PROMETHEUS_NO_PERSIST' }));
    const env = made.steps[0]?.env ?? {};
    assert.equal(env.KUBECONFIG, `${CHECKOUT}/config/artifacts/admin.conf`);
    assert.match(env.PATH ?? '', new RegExp(`^${CHECKOUT}/config/artifacts:`));
    assert.equal(env.HELM_CONFIG_HOME, '{run}/helm/config');
    const off = await plan(
      'monitoring',
      files({ ...KUBECONFIG, [script]: 'PROMETHEUS_NO_PERSIST' }),
      cluster({ monitoring: { persistence: 'off' } }),
    );
    assert.deepEqual(JSON.parse(off.files[0]?.content ?? '').argv, [script, '-x']);
    const tooOld = await plan(
      'monitoring',
      files({ ...KUBECONFIG, [script]: '' }),
      cluster({ monitoring: { persistence: 'off' } }),
    );
    assert.deepEqual(
      tooOld.obstacles.map(({ code }) => code),
      ['not-in-checkout'],
    );
  });

  test('a key never stands in a command line; a file that others can read is refused', async () => {
    const keyFile = '/etc/podboot/ngc.env';
    const there = { ...KUBECONFIG, [keyFile]: 'NGC_REPLICATOR_API_KEY=nvapi-secret\n' };
    const settings = cluster({ 'ngc-replicator': { keyFile } });
    const made = await plan('ngc-replicator', files(there), settings);
    assert.deepEqual(made.obstacles, []);
    assert.doesNotMatch(JSON.stringify(made), /nvapi-secret/);
    assert.match(made.files[0]?.content ?? '', /"--env-file","\/etc\/podboot\/ngc.env"/);
    const open = await plan('ngc-replicator', files(there, { [keyFile]: 0o100644 }), settings);
    assert.deepEqual(
      open.obstacles.map(({ code, mend }) => [code, mend]),
      [['file-open', `chmod 600 ${keyFile}`]],
    );
    const none = await plan('ngc-replicator', files(KUBECONFIG));
    assert.match(none.obstacles[0]?.mend ?? '', /clusters.pod1.services.ngc-replicator.keyFile/);
  });

  test('settings that nobody knows or that do not fit, no kubeconfig file, no checkout, no such service', async () => {
    const codes = async (...args: Parameters<typeof plan>) => (await plan(...args)).obstacles.map(({ code }) => code);
    const registry = files({ ...KUBECONFIG, [`${CHECKOUT}/playbooks/k8s-cluster/container-registry.yml`]: '' });
    assert.deepEqual(
      await codes('container-registry', registry, cluster({ 'container-registry': { hostname: 'UP PER', size: '1' } })),
      ['setting-refused', 'unknown-setting'],
    );
    assert.deepEqual(
      await codes('container-registry', files({ [`${CHECKOUT}/playbooks/k8s-cluster/container-registry.yml`]: '' })),
      ['no-kubeconfig'],
    );
    const bare = { ...cluster(), options: { kubeconfig: '/k' } };
    assert.deepEqual(await codes('container-registry', files({ '/k': '' }), bare), ['no-checkout']);
    assert.deepEqual(await codes('nonsense', files({})), ['no-service']);
  });
});

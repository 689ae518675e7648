import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { type Mistake, RIGHT, testMistake } from './mistakes.ts';

const CLUSTERS = `clusters:
  pod1:
    runner: kubespray
    roles: [kube_node, kube_control_plane]
    checkout: /opt/kubespray
    settle: 90s
    waves: { canary: 2, size: 30, maxFailed: 0.2 }
    ssh: { user: admin, key: /etc/podboot/key, bastion: { host: login.example.com } }
  site:
    runner: command
    roles: [storage]
    argv: [/usr/local/bin/join, "{hosts}"]
  hook: { runner: webhook, roles: [visu], url: "https://hooks.example.com/join", secretFile: /etc/podboot/hook.key }
`;

function changed(from: string, to: string): string {
  assert.ok(CLUSTERS.includes(from), from);
  return RIGHT + CLUSTERS.replace(from, () => to);
}

test('clusters are read with milliseconds, and what only their runner knows apart', () => {
  const { problems, warnings, settings } = checkConfig(RIGHT + CLUSTERS);
  assert.deepEqual([problems, warnings], [[], []]);
  assert.equal(settings?.clusters?.length, 3);
  assert.deepEqual(settings?.clusters?.[0], {
    name: 'pod1',
    runner: 'kubespray',
    roles: ['kube_node', 'kube_control_plane'],
    settleMs: 90_000,
    inactivityMs: 3_600_000,
    waves: { canaryNodes: 2, maxNodes: 30, maxFailedShare: 0.2 },
    ssh: {
      user: 'admin',
      port: 22,
      keyFile: '/etc/podboot/key',
      bastion: { host: 'login.example.com', user: 'admin', port: 22 },
    },
    options: { checkout: '/opt/kubespray' },
  });
});

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a runner without what it runs',
    edit: changed('    checkout: /opt/kubespray\n', ''),
    path: 'clusters.pod1',
    at: 'pod1:',
    message: /needs checkout/,
    mend: /checkout/,
  },
  {
    name: 'an option of another runner',
    edit: changed('    argv: [', '    url: "https://a.example.com"\n    argv: ['),
    path: 'clusters.site.url',
    at: 'url: "https://a.example.com"',
    message: /does not know it/,
    mend: /webhook/,
  },
  {
    name: 'a role of two clusters',
    edit: changed('roles: [storage]', 'roles: [kube_node]'),
    path: 'clusters.site.roles[0]',
    at: 'roles: [kube_node]',
    message: /belongs to pod1 already/,
    mend: /Leave it out/,
  },
  {
    name: 'a password in a URL',
    edit: changed('https://hooks', 'https://me:pass@hooks'),
    path: 'clusters.hook.url',
    at: 'hook: {',
    message: /password in it/,
    mend: /secretFile/,
  },
  {
    name: 'a runner that there is none of',
    edit: changed('runner: command', 'runner: comand'),
    path: 'clusters.site.runner',
    at: 'runner: comand',
    message: /command/,
  },
  {
    name: 'a settling time of days',
    edit: changed('settle: 90s', 'settle: 3d'),
    path: 'clusters.pod1.settle',
    at: 'settle: 3d',
    message: /from 0s? to 1h/,
  },
];

for (const mistake of MISTAKES) testMistake(mistake);

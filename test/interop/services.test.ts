import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPodDeployment, type PodDeployment } from '../../src/daemon/deployments.ts';
import { createHandOff, type HandOff } from '../../src/daemon/hand-off.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { ClusterSettings } from '../../src/domain/hand-off.ts';
import type { Ipv4 } from '../../src/domain/ipv4.ts';
import type { Node } from '../../src/domain/node.ts';
import type { NodeDirectory } from '../../src/domain/ports.ts';
import type { Settings } from '../../src/domain/settings.ts';
import type { LifeBook } from '../../src/lifecycle/life-book.ts';
import { createChildCommands } from '../../src/net/child-commands.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { podSettings } from '../services/dhcp/pod.ts';

const LOOPBACK = 0x7f000001 as Ipv4;
const MGMT = {
  ...{ id: 'n1', name: 'mgmt01', roles: ['mgmt'], labels: {}, createdAt: 0 },
  interfaces: [{ name: 'eth0', role: 'boot', address: LOOPBACK }],
} as unknown as Node;
const TOKEN = 'TOKEN-OF-THE-CLUSTER-4711';

/** An entry of the operator's own, whose page is at a port of this test. */
const OWN = `title: Hello
summary: A page of ours.
settings:
  port: { says: its port }
steps:
  - name: deploy
    variants: [{ file: hello.sh, argv: ["{checkout}/hello.sh", "{setting.port}"] }]
links:
  - { name: Hello, url: "http://{controlPlane}:{setting.port}/", probe: { path: /health } }
`;

/** Runs of real processes in a folder that stands for a checkout of DeepOps; its scripts are ours, and so is the page. */
describe('services deployed by real runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-services-'));
  const checkout = join(folder, 'deepops');
  const store = new MemoryStore();
  const events: BootEvent[] = [];
  let page: Server;
  let isWell = true;
  let settings: Settings;
  let handOff: HandOff;
  let pod: PodDeployment;

  const script = (path: string, text: string) => {
    const file = join(checkout, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/bash\n${text}\n`);
    chmodSync(file, 0o755);
  };

  before(async () => {
    page = createServer((_, response) => response.writeHead(isWell ? 200 : 503).end());
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const { port } = page.address() as AddressInfo;
    script('config/artifacts/admin.conf', '');
    script(
      'scripts/k8s/deploy_dashboard_user.sh',
      `echo "kubeconfig $KUBECONFIG"\necho "Access token: \${TOKEN_OF_TEST:-}"`,
    );
    script('hello.sh', 'echo "hello at $1, helm keeps its things in $HELM_CONFIG_HOME"; echo $PWD');
    mkdirSync(join(folder, 'catalogue'));
    writeFileSync(join(folder, 'catalogue', 'hello.yaml'), OWN);
    const cluster: ClusterSettings = {
      ...{ name: 'pod1', runner: 'kubespray', roles: ['mgmt'], settleMs: 0, inactivityMs: 60_000 },
      waves: { canaryNodes: 1, maxNodes: 10, maxFailedShare: 0.1 },
      ssh: { user: 'ubuntu', port: 22 },
      options: { checkout, services: { hello: { port } } },
    };
    settings = {
      ...podSettings(),
      dataDir: folder,
      catalogueDir: join(folder, 'catalogue'),
      clusters: [cluster],
    };
    await begin();
  });
  after(async () => {
    await end();
    page.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function begin(): Promise<void> {
    const { documents } = await store.load();
    const nodes: Pick<NodeDirectory, 'all' | 'byId' | 'byName'> = {
      all: () => [MGMT],
      byId: () => MGMT,
      byName: (name) => (name === MGMT.name ? MGMT : undefined),
    };
    const book = () => ({ life: () => ({ state: 'ready' }) }) as unknown as LifeBook;
    const parts = {
      documents,
      nodes: nodes as NodeDirectory,
      commit: store.commit.bind(store),
      clock: createSystemClock(),
      events: { wantsDebug: false, emit: (event: BootEvent) => void events.push(event) },
      commands: createChildCommands(),
      settings: () => settings,
      book,
      gate: { check: async () => new Map() },
    };
    handOff = createHandOff({
      ...parts,
      leases: { byAddress: () => undefined, byKey: () => undefined, all: () => [] },
      knownHosts: new KnownHosts(join(folder, 'known_hosts')),
      planService: (...plan) => pod.planService(...plan),
    });
    pod = createPodDeployment({ ...parts, handOff });
    await handOff.service.start();
    await pod.service.start();
  }

  async function end(): Promise<void> {
    await pod.service.stop();
    await handOff.service.stop();
  }

  async function deployed(service: string) {
    const begun = await pod.services.deploy('pod1', service, 'ada');
    return handOff.runs.ended(begun.id);
  }

  function logOf(run: string): string {
    const inFolder = (path: string): string =>
      readdirSync(path, { withFileTypes: true })
        .map((entry) =>
          entry.isDirectory() ? inFolder(join(path, entry.name)) : readFileSync(join(path, entry.name), 'utf8'),
        )
        .join('\n');
    return inFolder(join(folder, 'runs', run));
  }

  test('an own entry is run in the checkout, and its page is asked', async () => {
    const run = await deployed('hello');
    assert.equal(run.state, 'succeeded', run.reason);
    assert.match(
      logOf(run.id),
      new RegExp(`hello at [0-9]+, helm keeps its things in ${folder}/runs/${run.id}/helm/config`),
    );
    const view = await pod.services.status('pod1', 'hello');
    assert.deepEqual([view.state, view.origin], ['deployed', 'operator']);
    assert.equal(view.links[0]?.probe?.isUp, true);
    isWell = false;
    const down = (await pod.services.status('pod1', 'hello')).links[0]?.probe;
    isWell = true;
    assert.deepEqual([down?.isUp, down?.found], [false, '503 Service Unavailable']);
  });

  test('a script that ends with 0 without a token has failed, with the word of what is missing', async () => {
    const run = await deployed('dashboard');
    assert.equal(run.state, 'failed');
    assert.match(run.reason ?? '', /never said what it says when it is done/);
    assert.equal((await pod.services.status('pod1', 'dashboard')).state, 'failed');
    await assert.rejects(pod.services.reveal('pod1', 'dashboard', 'ada'), { code: 'not-found' });
  });

  test('its token is in no log and no answer; it is shown once, also after a restart', async () => {
    script('scripts/k8s/deploy_dashboard_user.sh', `echo "kubeconfig $KUBECONFIG"\necho "Access token: ${TOKEN}"`);
    const run = await deployed('dashboard');
    assert.equal(run.state, 'succeeded', run.reason);
    assert.match(logOf(run.id), /kubeconfig \S+\/config\/artifacts\/admin\.conf/);
    assert.match(logOf(run.id), /Access token: \[shown once: dashboard-token\]/);
    await end();
    await begin();
    const view = await pod.services.status('pod1', 'dashboard');
    assert.deepEqual(view.secrets, ['dashboard-token']);
    assert.equal(view.state, 'deployed');
    assert.deepEqual(await pod.services.reveal('pod1', 'dashboard', 'ada'), [
      { name: 'dashboard-token', value: TOKEN },
    ]);
    assert.doesNotMatch(logOf(run.id), new RegExp(TOKEN));
    const { documents } = await store.load();
    assert.doesNotMatch(JSON.stringify([documents, view, run, events]), new RegExp(TOKEN));
    assert.ok(events.some(({ type, text }) => type === 'service.revealed' && /^ada was shown/.test(text)));
    await assert.rejects(pod.services.reveal('pod1', 'dashboard', 'bert'), { code: 'not-found' });
  });

  test('what the checkout does not have is refused before anything is run', async () => {
    await assert.rejects(
      pod.services.deploy('pod1', 'monitoring', 'ada'),
      (error: { code: string; problems: { message: string }[] }) => {
        assert.equal(error.code, 'run-refused');
        assert.match(error.problems[0]?.message ?? '', /has nothing that monitoring could be deployed by/);
        return true;
      },
    );
  });

  test('a plan takes what is deployed as it is, and waits until its pages answer', async () => {
    const plan = pod.deployments.read(
      'name: p\nsteps: [{ name: s, services: { cluster: pod1, services: [hello, dashboard] } }]',
    );
    await pod.deployments.start(plan, 'ada', 0);
    // Nobody serves the dashboard's page here: the plan waits for it, and says what it saw.
    const seen = /dashboard: Dashboard at https:\/\/127.0.0.1:31443\/: connection refused/;
    const deadline = Date.now() + 30_000;
    while (!seen.test(pod.deployments.get('p').steps.s?.text ?? '') && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const { state, steps } = pod.deployments.get('p');
    assert.match(steps.s?.text ?? '', seen);
    assert.equal(state, 'running');
    assert.equal(steps.s?.runs, undefined, 'what is deployed is not deployed again');
    await pod.deployments.stop('p', 'ada', true);
  });
});

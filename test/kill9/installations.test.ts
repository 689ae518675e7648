import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Background, pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from '../interop/site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const NODES = 50;
/** Every kill takes a start: `npm test` has time for some, the soak for all. */
const KILLS = process.env.PODBOOT_TEST_TIER === 'soak' ? 200 : 25;
const RELAY = '10.77.0.2';
const CLIENT = new URL('install-client.ts', import.meta.url).pathname;

const CONFIGURATION = {
  interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: true, syslog: true } },
  subnets: { '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.16.255'], relays: [RELAY] } },
  install: { values: { mirror: 'http://deb.debian.org/debian' } },
  profiles: {
    os: { kind: 'preseed', kernel: 'debian/linux', initrds: ['debian/initrd.gz'], arguments: 'console=ttyS0,115200' },
  },
  dhcp: { probeInterval: '0s' },
  log: { level: 'info', format: 'json' },
};

interface Life {
  readonly name: string;
  readonly state: string;
}

test(`kill -9 at ${KILLS} moments of ${NODES} installations: all end right, and no grant is used twice`, {
  skip,
  timeout: 1_100_000,
}, async (context) => {
  await using site = new Site();
  site.server.ip('address', 'replace', `${SERVER}/16`, 'dev', 'eno2');
  const host = site.client('52:54:00:77:00:f1', `${RELAY}/16`);
  for (let number = 1; number <= NODES; number += 1) host.ip('address', 'add', `10.77.200.${number}/16`, 'dev', 'eno1');
  const daemon = new Daemon(site.server, CONFIGURATION);
  site.daemon = daemon;
  daemon.putAsset('debian/linux', 'kernel');
  daemon.putAsset('debian/initrd.gz', 'initrd');
  await daemon.start();
  for (let number = 1; number <= NODES; number += 1) {
    const mac = `52:54:00:77:01:${number.toString(16).padStart(2, '0')}`;
    const nic = { name: 'eno1', role: 'boot', mac, address: `10.77.200.${number}` };
    await daemon.enrol({ name: `dgx${number}`, interfaces: [nic] });
  }
  const armed = await daemon.call('POST', '/api/v1/actions/install?name=dgx*', { by: 'anna', profile: 'os' });
  assert.equal(armed.status, 200, armed.body);
  assert.doesNotMatch(armed.body, /refused/);

  const argv = [process.execPath, CLIENT, SERVER, RELAY, String(NODES)];
  const machines = new Background(host.argv(argv), { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = (word: string) => machines.output.split('\n').filter((line) => line.startsWith(`${word} `));
  const evidence = () => `${machines.output.slice(-1_500)}\n${daemon.output.slice(-1_500)}`;
  // Machines are switched on as the kills go by, so that each of these comes in the middle of some installations.
  let isOn = 0;
  for (let kills = 0; kills < KILLS; kills += 1) {
    for (; isOn * KILLS <= kills * NODES && isOn < NODES; isOn += 1) machines.tell(`${isOn + 1}\n`);
    await pause(Math.random() * 250);
    await daemon.kill();
    await daemon.start();
  }
  for (; isOn < NODES; isOn += 1) machines.tell(`${isOn + 1}\n`);
  const early = said('done').length;
  await until(() => said('done').length === NODES, {
    what: 'every machine is installed',
    timeoutMs: 180_000,
    evidence,
  });

  assert.deepEqual(said('changed'), [], 'a repeated request got other bytes');
  const bootsServed = new Map<string, Set<string>>();
  for (const line of said('served')) {
    const [, number = '', boot = ''] = line.split(' ');
    bootsServed.set(number, (bootsServed.get(number) ?? new Set()).add(boot));
  }
  assert.equal(bootsServed.size, NODES);
  const twice = [...bootsServed].filter(([, boots]) => boots.size !== 1);
  assert.deepEqual(twice, [], 'a grant served two boots');
  assert.equal(said('wiped').length, NODES, 'a disk was written twice');
  const nodes = JSON.parse(await daemon.nodes()) as { items: Life[] };
  const wrong = nodes.items.filter(({ state }) => state !== 'installed' && state !== 'ready');
  assert.deepEqual(
    wrong.map(({ name, state }) => `${name} ${state}`),
    [],
  );
  const { items } = JSON.parse((await daemon.call('GET', '/api/v1/grants?limit=1000')).body) as {
    items: { state: string }[];
  };
  assert.deepEqual([items.length, new Set(items.map(({ state }) => state))], [NODES, new Set(['spent'])]);
  context.diagnostic(
    `${KILLS} kills, ${NODES - early} machines under way at the last; ${said('disk').length} boots from disk; refused: ${said('refused').join('; ') || 'none'}`,
  );
});

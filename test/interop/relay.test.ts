import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { type Background, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'dhcrelay', 'busybox'] });

let site: Site;
let relay: Background;
let farSwitch: Site['plugIn'];
const clients: Udhcpc[] = [];

function plug(label: string, mac: string): Udhcpc {
  const host = site.network.namespace(label);
  farSwitch({ namespace: host, name: 'eno1', mac });
  const client = new Udhcpc(host);
  clients.push(client);
  return client;
}

before(async () => {
  if (skip !== false) return;
  site = new Site();
  site.server.ip('route', 'add', '10.78.0.0/24', 'via', '10.77.0.2');
  const router = site.network.namespace('router');
  farSwitch = site.network.switch('far');
  site.plugIn({ namespace: router, name: 'wan', address: '10.77.0.2/24' });
  farSwitch({ namespace: router, name: 'lan', address: '10.78.0.1/24' });
  router.must(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  site.daemon = await Daemon.start(site.server, {
    ...SITE,
    subnets: {
      ...SITE.subnets,
      '10.78.0.0/24': {
        interface: 'eno2',
        pools: ['10.78.0.100-10.78.0.199'],
        relays: ['10.78.0.1'],
        leaseTime: '1h',
        options: { routers: ['10.78.0.1'] },
      },
    },
    // ISC's relay names the port by its interface: circuit id "lan".
    reservations: [{ name: 'port-of-rack2', circuitId: Buffer.from('lan').toString('hex'), address: '10.78.0.20' }],
  });
  relay = router.background(['dhcrelay', '-4', '-a', '-d', '--no-pid', '-id', 'lan', '-iu', 'wan', SERVER]);
  await relay.said(/Sending on +Socket\/fallback/);
});
after(async () => {
  for (const client of clients) client.remove();
  await relay?.stop();
  await site?.[Symbol.asyncDispose]();
});

test('a client behind a relay gets an address of its own side, with option 82 taken back off by the relay', {
  skip,
}, () => {
  // The relay drops an answer that does not repeat its option 82.
  const lease = plug('host1', '52:54:00:77:00:91').lease();
  assert.match(lease.ip ?? '', /^10\.78\.0\./);
  assert.equal(lease.router, '10.78.0.1');
  assert.equal(lease.serverid, SERVER);
});

test('a machine is known by its switch port (circuit id of option 82)', { skip }, () => {
  assert.equal(clients[0]?.lease().ip, '10.78.0.20');
});

test('a renewal reaches the server by unicast, past the relay', { skip }, async () => {
  const client = clients[0] as Udhcpc;
  const process = client.stay();
  try {
    const had = (event: string) => () => client.events.some((each) => each.event === event);
    await until(had('bound'), { what: 'bound', evidence: () => process.output });
    process.signal('SIGUSR1');
    await until(had('renew'), { what: 'renewed', evidence: () => process.output });
  } finally {
    await process.stop();
  }
});

test('a relay that is not in the configuration gets no answer', { skip }, async () => {
  site.daemon.configure({
    ...SITE,
    subnets: {
      ...SITE.subnets,
      '10.78.0.0/24': { interface: 'eno2', pools: ['10.78.0.100-10.78.0.199'], relays: ['10.78.0.9'], leaseTime: '1h' },
    },
  });
  site.daemon.reload();
  await site.daemon.logged((line) => /in force|reload/i.test(`${line.type} ${line.msg}`), 'the reload is in the log');
  assert.ok(plug('host2', '52:54:00:77:00:92').unanswered());
});

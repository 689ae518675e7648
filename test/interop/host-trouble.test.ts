import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox', 'socat', 'setpriv'] });
const NOBODY = 65_534;

/** Starts a daemon that must not come up; returns what it said. */
async function failedStart(daemon: Daemon): Promise<string> {
  const process = daemon.launch();
  const timer = setTimeout(() => process.signal('SIGKILL'), 15_000);
  const code = await process.exited;
  clearTimeout(timer);
  assert.notEqual(code, null, `it was still running after 15 s:\n${daemon.output}`);
  assert.notEqual(code, 0, daemon.output);
  return daemon.output;
}

for (const [port, protocol, socat] of [
  [67, 'DHCP', 'UDP4-RECVFROM:67,bind=0.0.0.0'],
  [69, 'TFTP', `UDP4-RECVFROM:69,bind=${SERVER}`],
  [80, 'HTTP', `TCP4-LISTEN:80,bind=${SERVER}`],
] as const) {
  test(`port ${port} (${protocol}) in use: the start fails, says which port, who has it and what to do`, {
    skip,
  }, async () => {
    await using site = new Site();
    const holder = site.server.background(['socat', socat, 'SYSTEM:cat']);
    const daemon = new Daemon(site.server, SITE);
    site.daemon = daemon;
    try {
      const listening = () => site.server.run(['ss', '-Hlnu', '-A', 'udp,tcp', `sport = :${port}`]).stdout !== '';
      while (!listening()) await new Promise((resolve) => setTimeout(resolve, 20));
      const said = await failedStart(daemon);
      assert.match(said, new RegExp(`\\b${port}\\b`));
      assert.match(said, /in use|already|another program|holds/i);
      assert.match(said, /socat|ss -l/, 'who has it, or how to find out');
      assert.doesNotMatch(said, /\n\s+at .*node:/, 'no stack trace for what the operator can mend');
    } finally {
      await holder.stop();
    }
  });
}

test('without root and without capabilities the start fails and says which capability to give', { skip }, async () => {
  await using site = new Site();
  const drop = [
    'setpriv',
    '--reuid',
    String(NOBODY),
    '--regid',
    String(NOBODY),
    '--clear-groups',
    '--inh-caps=-all',
    '--bounding-set=-all',
  ];
  // Its namespace counts ports under 1024 as privileged, as a host does.
  site.server.must(['sysctl', '-qw', 'net.ipv4.ip_unprivileged_port_start=1024']);
  const daemon = new Daemon(site.server, SITE, { prefix: drop });
  site.daemon = daemon;
  chmodSync(daemon.folder, 0o755);
  for (const name of ['', ...readdirSync(daemon.folder)]) chownSync(join(daemon.folder, name), NOBODY, NOBODY);
  const said = await failedStart(daemon);
  assert.match(said, /CAP_NET_(RAW|BIND_SERVICE)|capabilit/i);
  assert.match(said, /AmbientCapabilities|setcap|root/i);
});

test('an interface that is not there, or does not bear its address: the start fails and names what is there', {
  skip,
}, async () => {
  await using site = new Site();
  site.daemon = new Daemon(site.server, {
    ...SITE,
    interfaces: { eno9: { address: SERVER, dhcp: 'authoritative', tftp: true, http: true } },
    subnets: { '10.77.0.0/24': { ...SITE.subnets['10.77.0.0/24'], interface: 'eno9' } },
  });
  const absent = await failedStart(site.daemon);
  assert.match(absent, /eno9/);
  assert.match(absent, /eno2/, 'what there is instead');
  site.daemon.configure({
    ...SITE,
    interfaces: { eno2: { address: '10.77.0.9', dhcp: 'authoritative', tftp: true, http: true } },
  });
  const other = await failedStart(site.daemon);
  assert.match(other, /10\.77\.0\.9/);
  assert.match(other, /10\.77\.0\.1\b/, 'the address that it does bear');
});

test('an interface that goes away and comes back: told, and served again', { skip }, async () => {
  await using site = await Site.up(SITE);
  const client = new Udhcpc(site.client('52:54:00:77:00:e1'));
  try {
    const address = client.lease().ip;
    site.server.ip('link', 'del', 'eno2');
    await site.daemon.logged(
      (line) => /eno2/.test(`${line.msg}`) && /gone|away|lost|miss/i.test(`${line.type} ${line.msg}`),
      'a warning that eno2 is gone',
    );
    assert.ok(site.daemon.running, site.daemon.output);
    assert.ok(client.unanswered());
    site.plugIn({ namespace: site.server, name: 'eno2', address: `${SERVER}/24` });
    await site.daemon.logged(
      (line) => /eno2/.test(`${line.msg}`) && /back|again|return/i.test(`${line.type} ${line.msg}`),
      'a line that eno2 is back',
      15_000,
    );
    assert.equal(client.lease().ip, address, 'the same address as before');
  } finally {
    client.remove();
  }
});

test('an interface that is made anew just before a reload is served after it', { skip }, async () => {
  await using site = await Site.up(SITE, { linux: 'a kernel' });
  const host = site.client('52:54:00:77:00:e6');
  const client = new Udhcpc(host);
  try {
    const address = client.lease().ip;
    // At once: the watch, which looks every two seconds, has not seen it yet.
    site.server.ip('link', 'del', 'eno2');
    site.plugIn({ namespace: site.server, name: 'eno2', address: `${SERVER}/24` });
    site.daemon.reload();
    await site.daemon.logged((line) => /is in force/.test(`${line.msg}`), 'the reload');
    assert.equal(client.lease('-t', '8').ip, address);
    const fetch = (url: string) => host.run(['curl', '-s', '-m', '5', `${url}linux`]).stdout;
    host.ip('addr', 'add', '10.77.0.41/24', 'dev', 'eno1');
    assert.equal(fetch(`tftp://${SERVER}/`), 'a kernel');
    assert.equal(fetch(`http://${SERVER}/assets/`), 'a kernel');
  } finally {
    client.remove();
  }
});

test('a reload that is asked for while the daemon starts is made when it has started', { skip }, async () => {
  await using site = new Site();
  const daemon = new Daemon(site.server, SITE);
  site.daemon = daemon;
  daemon.launch();
  // The store is being opened: the start is under way.
  await until(() => existsSync(join(daemon.folder, 'data', 'podboot.lock')), { what: 'the store', everyMs: 5 });
  daemon.reload();
  await daemon.logged((line) => /is in force/.test(`${line.msg}`), 'the reload');
  assert.ok(daemon.running, daemon.output);
});

test('a cable that is pulled and put back needs nobody', { skip }, async () => {
  await using site = await Site.up(SITE);
  const client = new Udhcpc(site.client('52:54:00:77:00:e2'));
  try {
    const address = client.lease().ip;
    site.server.ip('link', 'set', 'eno2', 'down');
    assert.ok(client.unanswered());
    site.server.ip('link', 'set', 'eno2', 'up');
    assert.equal(client.lease('-t', '6').ip, address);
  } finally {
    client.remove();
  }
});

test('a wrong configuration at a reload changes nothing and says what is wrong', { skip }, async () => {
  await using site = await Site.up(SITE);
  const client = new Udhcpc(site.client('52:54:00:77:00:e3'));
  try {
    const before = client.lease();
    site.daemon.configure({
      ...SITE,
      subnets: { '10.77.0.0/24': { interface: 'eno2', pools: ['10.99.0.1-10.99.0.5'], poools: [] } },
    });
    site.daemon.reload();
    await site.daemon.logged((line) => JSON.stringify(line).includes('poools'), 'the unknown key is named');
    assert.ok(site.daemon.running);
    assert.equal(client.lease().ip, before.ip);
  } finally {
    client.remove();
  }
});

test('SIGTERM ends it at once with 0, and the leases are there after the next start', { skip }, async () => {
  await using site = await Site.up(SITE);
  const client = new Udhcpc(site.client('52:54:00:77:00:e4'));
  const other = new Udhcpc(site.client('52:54:00:77:00:e5'));
  try {
    const address = client.lease().ip;
    const begun = performance.now();
    assert.equal(await site.daemon.stop(), 0, site.daemon.output);
    assert.ok(performance.now() - begun < 5000);
    await site.daemon.start();
    assert.notEqual(other.lease().ip, address, 'nobody else gets it');
    assert.equal(client.lease().ip, address);
  } finally {
    client.remove();
    other.remove();
  }
});

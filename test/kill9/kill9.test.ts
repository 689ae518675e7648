import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatIpv4 } from '../../src/domain/ipv4.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { Daemon } from '../harness/daemon.ts';
import type { Namespace } from '../harness/namespace.ts';
import { pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from '../interop/site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const KILLS = 50;
const NEW_CLIENTS = 400;
const RELAY = '10.77.0.2';
const LOAD_CLIENT = new URL('load-client.ts', import.meta.url).pathname;

/** What clients were told, over all rounds: leases of an hour, so none of them ends during the test. */
class Promises {
  readonly addressOf = new Map<string, string>();
  readonly #ownerOf = new Map<string, string>();
  readonly broken: string[] = [];

  hear(line: string): void {
    const [word, mac, address] = line.split(' ') as [string, string, string];
    if (word !== 'ack') {
      this.broken.push(line);
      return;
    }
    const owner = this.#ownerOf.get(address);
    if (owner !== undefined && owner !== mac) this.broken.push(`${address} was given to ${owner} and to ${mac}`);
    this.#ownerOf.set(address, mac);
    this.addressOf.set(mac, address);
  }
}

/** Loads the daemon and kills it some time after its first answer; returns how many leases were acknowledged. */
async function loadAndKill(daemon: Daemon, host: Namespace, round: number, promises: Promises): Promise<number> {
  const known = join(daemon.folder, 'known');
  writeFileSync(known, Array.from(promises.addressOf, ([mac, address]) => `${mac} ${address}\n`).join(''));
  const numbers = [String(round * NEW_CLIENTS), String(NEW_CLIENTS)];
  const load = host.background([process.execPath, LOAD_CLIENT, RELAY, SERVER, ...numbers, known]);
  const evidence = () => `${daemon.output}\n${load.output}`;
  await until(() => load.output.includes('ack '), {
    what: 'the first lease of the load',
    timeoutMs: 15_000,
    everyMs: 1,
    evidence,
  });
  await pause(Math.random() * 300);
  await daemon.kill();
  await load.stop();
  const lines = load.output.split('\n').filter(Boolean);
  for (const line of lines) promises.hear(line);
  return lines.length;
}

/** What the next start will find. */
async function lostLeases(daemon: Daemon, promises: Promises): Promise<string[]> {
  const store = await openSqliteStore({ dataDir: join(daemon.folder, 'data') });
  try {
    const { leases } = await store.load();
    const onDisk = new Map(
      leases.filter(({ state }) => state === 'bound').map((each) => [each.key, formatIpv4(each.address)]),
    );
    return Array.from(promises.addressOf)
      .filter(([mac, address]) => onDisk.get(`mac:${mac}`) !== address)
      .map(([mac, address]) => `${mac} was promised ${address}; the disk has ${onDisk.get(`mac:${mac}`) ?? 'nothing'}`);
  } finally {
    await store.close();
  }
}

test(`kill -9 at ${KILLS} moments of a load: no acknowledged lease is lost, no address has two owners`, {
  skip,
  timeout: 600_000,
}, async (context) => {
  await using site = new Site();
  const host = site.client('52:54:00:77:00:f1', `${RELAY}/16`);
  const daemon = new Daemon(site.server, {
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: false } },
    subnets: {
      '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.127.255'], relays: [RELAY], leaseTime: '1h' },
    },
    dhcp: { probeInterval: '0s' },
    log: { level: 'warn', format: 'json' },
  });
  site.daemon = daemon;
  const promises = new Promises();
  let acknowledged = 0;
  for (let round = 0; round < KILLS; round += 1) {
    if (round % 5 === 4) {
      // Also while it starts: it must find its way the next time.
      daemon.launch();
      await pause(Math.random() * 500);
      await daemon.kill();
    }
    await daemon.start();
    acknowledged += await loadAndKill(daemon, host, round, promises);
    const lost = await lostLeases(daemon, promises);
    assert.deepEqual(
      lost.slice(0, 10),
      [],
      `after kill ${round + 1}: ${lost.length} of ${promises.addressOf.size} leases are lost`,
    );
    assert.deepEqual(promises.broken.slice(0, 10), [], `after kill ${round + 1}`);
  }
  context.diagnostic(`${acknowledged} ACKs to ${promises.addressOf.size} clients over ${KILLS} kills`);
  assert.ok(promises.addressOf.size > KILLS * 20, `only ${promises.addressOf.size} leases: that was no load`);
});

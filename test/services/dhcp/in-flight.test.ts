import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import { settle } from '../../harness/clock.ts';
import { Client, HOUR_MS, ip, message, Pod, podSettings, SERVER, subnetOf, typeOf } from './pod.ts';

const { ACK, DISCOVER, NAK, REQUEST } = MessageType;
const OTHER = '52:54:00:77:00:02';
const ONE_ADDRESS = podSettings({ subnets: [subnetOf({ pools: [['10.77.0.100', '10.77.0.100']] })] });

/** A disk that stands still until it is told to go on, or to refuse. */
class StalledDisk {
  readonly #pod: Pod;
  readonly #whole: Pod['commit'];
  #waiting: { readonly batch: readonly StoreChange[]; resolve(): void; reject(error: Error): void }[] = [];

  constructor(pod: Pod) {
    this.#pod = pod;
    this.#whole = pod.commit;
    pod.commit = (batch) => new Promise((resolve, reject) => this.#waiting.push({ batch, resolve, reject }));
  }

  async goOn(): Promise<void> {
    this.#pod.commit = this.#whole;
    for (const { batch, resolve } of this.#waiting.splice(0)) {
      this.#pod.write(batch);
      resolve();
    }
    await settle(8);
  }

  async refuse(): Promise<void> {
    const full = new Error('ENOSPC: no space left on device');
    this.#pod.commit = async () => {
      throw full;
    };
    for (const { reject } of this.#waiting.splice(0)) reject(full);
    await settle(8);
    this.#pod.commit = this.#whole;
  }
}

test('a disk that stalls for longer than an offer is kept: the address is not given to a second client meanwhile', async () => {
  const pod = await Pod.up({ settings: ONE_ADDRESS });
  const client = await Client.plugIn(pod);
  const disk = new StalledDisk(pod);
  assert.equal(await client.boot(), undefined);
  pod.clock.advance(61_000);
  assert.equal(await client.ask({ type: DISCOVER, mac: OTHER }), undefined);
  await client.ask({ type: REQUEST, mac: OTHER, requested: '10.77.0.100', serverId: SERVER });
  await disk.goOn();
  const acks = client.heard.filter((each) => typeOf(each.message) === ACK);
  assert.equal(acks.length, 1);
  assert.equal(pod.disk.get(ip('10.77.0.100'))?.mac, '52:54:00:77:00:01');
});

test('a disk that refuses after a stall: the address is free again when the offer’s time is over', async () => {
  const pod = await Pod.up({ settings: ONE_ADDRESS });
  const client = await Client.plugIn(pod);
  const disk = new StalledDisk(pod);
  await client.boot();
  await client.ask({ type: REQUEST, requested: '10.77.0.100', serverId: SERVER });
  pod.clock.advance(61_000);
  await disk.refuse();
  assert.equal(pod.leases.byAddress(ip('10.77.0.100')), undefined);
  pod.clock.advance(61_000);
  assert.equal(await client.boot({ mac: OTHER }), '10.77.0.100');
});

test('a client that asks for one address after another in one turn ends with one', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const wishes = ['10.77.0.120', '10.77.0.130', '10.77.0.140'];
  await Promise.all(wishes.map((requested) => client.send(message({ type: REQUEST, requested }))));
  await settle(8);
  assert.equal([...pod.leases.all()].length, 1, 'in memory');
  assert.equal([...pod.disk.values()].filter((lease) => lease.state === 'bound').length, 1, 'on the disk');
});

test('a clock that jumps while a renewal is on its way to the disk does not shorten it there', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  await client.boot();
  await pod.clock.advanceSettling(HOUR_MS / 2);
  pod.clock.jumpWallClock(48 * HOUR_MS);
  const disk = new StalledDisk(pod);
  await client.ask({ type: REQUEST, ciaddr: '10.77.0.100' });
  await pod.clock.advanceSettling(10_000);
  await disk.goOn();
  await pod.crash();
  pod.clock.advance(HOUR_MS - 11_000);
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.state, 'bound', 'it was confirmed for an hour');
});

test('an offer that was taken elsewhere is free, but not a lease that is on its way to the disk', async () => {
  const pod = await Pod.up({ settings: ONE_ADDRESS });
  const client = await Client.plugIn(pod);
  const disk = new StalledDisk(pod);
  await client.boot();
  await client.ask({ type: REQUEST, requested: '10.77.0.150', serverId: '10.77.0.5' });
  const other = await client.ask({ type: REQUEST, mac: OTHER, requested: '10.77.0.100', serverId: SERVER });
  assert.equal(typeOf(other), NAK);
  await disk.goOn();
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.mac, '52:54:00:77:00:01');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import { formatIpv4, type Ipv4 } from '../../../src/domain/ipv4.ts';
import { macKey } from '../../../src/domain/lease.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import { Client, HOUR_MS, ip, numberOption, Pod, podSettings, reservation, SERVER, subnetOf, typeOf } from './pod.ts';

const RUNS = Number(process.env.PODBOOT_PROPERTY_RUNS ?? 150);
const CLIENTS = 7;
/** Fewer than clients: they have to take turns. */
const POOL: readonly [string, string] = ['10.77.0.100', '10.77.0.104'];
const RESERVED_BY_CONFIGURATION = ip('10.77.0.101');
const RESERVABLE = ['10.77.0.102', '10.77.0.103', '10.77.0.21'].map(ip);

function macOf(client: number): MacAddress {
  return `52:54:00:77:00:0${client}` as MacAddress;
}

type Step =
  | {
      readonly do: 'boot' | 'renew' | 'release' | 'decline' | 'discover';
      readonly client: number;
      readonly cid: number;
    }
  | { readonly do: 'reboot' | 'steal'; readonly client: number; readonly address: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'jump'; readonly hours: number }
  | { readonly do: 'crash'; readonly inFlight: boolean; readonly client: number }
  | { readonly do: 'enrol'; readonly client: number; readonly address: number }
  | { readonly do: 'remove'; readonly client: number };

const client = fc.integer({ min: 0, max: CLIENTS - 1 });
const address = fc.integer({ min: ip('10.77.0.99'), max: ip('10.77.0.105') });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'boot' as const,
        'boot' as const,
        'renew' as const,
        'release' as const,
        'decline' as const,
        'discover' as const,
      ),
      client,
      cid: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('reboot' as const, 'steal' as const), client, address }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1_000, 61_000, HOUR_MS / 2, HOUR_MS + 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('jump' as const), hours: fc.integer({ min: -2_000, max: 2_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), inFlight: fc.boolean(), client }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('enrol' as const), client, address: fc.constantFrom(...RESERVABLE) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), client }) },
);

interface Held {
  readonly address: Ipv4;
  readonly until: number;
}

/** What the clients believe, by what they were told. */
class Believers {
  readonly pod: Pod;
  readonly socket: Client;
  readonly held = new Map<number, Held>();

  constructor(pod: Pod, socket: Client) {
    this.pod = pod;
    this.socket = socket;
  }

  holds(who: number): Ipv4 | undefined {
    const held = this.held.get(who);
    return held !== undefined && held.until > this.pod.clock.monotonic() ? held.address : undefined;
  }

  /** An ACK or NAK came, or silence; all that may never happen is checked here. */
  hear(who: number, answer: Awaited<ReturnType<Client['ask']>>): void {
    if (typeOf(answer) === MessageType.NAK) this.held.delete(who);
    if (answer === undefined || typeOf(answer) !== MessageType.ACK) return;
    const given = answer.yiaddr;
    for (let other = 0; other < CLIENTS; other += 1) {
      if (other !== who)
        assert.notEqual(this.holds(other), given, `${formatIpv4(given)} is held by ${other} and ${who}`);
    }
    const owner = this.pod.nodes.byAddress(given)?.interface.mac;
    if (owner !== undefined) assert.equal(owner, macOf(who), 'a reserved address is its owner’s');
    if (given === RESERVED_BY_CONFIGURATION) assert.equal(who, 0, 'a reservation is its owner’s');
    const onDisk = this.pod.disk.get(given);
    assert.equal(onDisk?.key, macKey(macOf(who)), 'an ACK comes after its lease is on the disk');
    assert.equal(onDisk?.state, 'bound');
    const seconds = numberOption(answer, OptionCode.leaseTime) ?? 0;
    this.held.set(who, { address: given, until: this.pod.clock.monotonic() + seconds * 1_000 });
  }

  nothingLost(): void {
    for (let who = 0; who < CLIENTS; who += 1) {
      const held = this.holds(who);
      if (held === undefined) continue;
      assert.equal(this.pod.leases.byAddress(held)?.key, macKey(macOf(who)), `${formatIpv4(held)} of ${who} is lost`);
    }
  }
}

async function play(believers: Believers, move: Step): Promise<void> {
  const { pod, socket } = believers;
  const { DECLINE, DISCOVER, RELEASE, REQUEST } = MessageType;
  switch (move.do) {
    case 'discover':
    case 'boot': {
      const sketch = {
        mac: macOf(move.client),
        ...(move.cid > 0 && { clientId: Uint8Array.of(255, move.cid, move.client) }),
      };
      const offer = await socket.ask({ ...sketch, type: DISCOVER });
      if (offer === undefined || move.do === 'discover') return;
      const requested = formatIpv4(offer.yiaddr);
      // A machine that boots has forgotten its address: PXE, then iPXE, then the system.
      believers.held.delete(move.client);
      believers.hear(move.client, await socket.ask({ ...sketch, type: REQUEST, requested, serverId: SERVER }));
      return;
    }
    case 'renew': {
      const own = believers.holds(move.client);
      if (own === undefined) return;
      const ciaddr = formatIpv4(own);
      const sent = pod.network.sent.length;
      await socket.ask({ mac: macOf(move.client), type: REQUEST, ciaddr });
      believers.hear(move.client, socket.lastAnswer(sent));
      return;
    }
    case 'reboot':
    case 'steal': {
      const sketch = { mac: macOf(move.client), type: REQUEST, requested: formatIpv4(move.address) };
      believers.held.delete(move.client);
      believers.hear(move.client, await socket.ask(move.do === 'reboot' ? sketch : { ...sketch, serverId: SERVER }));
      return;
    }
    case 'release':
    case 'decline': {
      const own = believers.holds(move.client);
      if (own === undefined) return;
      believers.held.delete(move.client);
      const text = formatIpv4(own);
      await socket.ask(
        move.do === 'release'
          ? { mac: macOf(move.client), type: RELEASE, ciaddr: text, serverId: SERVER }
          : { mac: macOf(move.client), type: DECLINE, requested: text, serverId: SERVER },
      );
      return;
    }
    case 'pass':
      return pod.clock.advanceSettling(move.ms);
    case 'jump':
      pod.clock.jumpWallClock(move.hours * HOUR_MS);
      // The daemon looks every ten seconds: a crash before that would meet the old stamps.
      return pod.clock.advanceSettling(10_000);
    case 'crash': {
      if (move.inFlight) {
        // The disk has it, the answer never leaves.
        pod.commit = (batch) => new Promise(() => pod.write(batch));
        await socket.boot({ mac: macOf(move.client) });
        // The client may ask again for what the disk knows and it does not: nobody else may have it meanwhile.
        believers.held.delete(move.client);
      }
      await pod.crash();
      return;
    }
    case 'enrol': {
      const taken = pod.nodes.byAddress(move.address);
      if (taken === undefined) {
        pod.nodes.enrol(`dgx${move.client}`, [{ mac: macOf(move.client), address: move.address }]);
      }
      return;
    }
    case 'remove':
      pod.nodes.remove(`dgx${move.client}`);
  }
}

test('no order of clients, crashes, clock jumps and enrolments gives an address to two, loses one that was confirmed, or gives away a reserved one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const settings = podSettings({
        subnets: [subnetOf({ pools: [POOL] })],
        reservations: [reservation('first', formatIpv4(RESERVED_BY_CONFIGURATION), { mac: macOf(0) })],
      });
      const pod = await Pod.up({ settings });
      const believers = new Believers(pod, await Client.plugIn(pod));
      for (const move of steps) {
        await play(believers, move);
        believers.nothingLost();
      }
    }),
    { numRuns: RUNS },
  );
});

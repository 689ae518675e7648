import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import type { FormerHardware } from '../../../src/domain/former-hardware.ts';
import { type InterfaceKey, macKey } from '../../../src/domain/lease.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import type { Node } from '../../../src/domain/node.ts';
import type { StoreChange } from '../../../src/domain/ports.ts';
import { formerHardware } from '../../../src/lifecycle/node-hardware.ts';
import { settle } from '../../harness/clock.ts';
import { Client, ip, Pod, typeOf } from './pod.ts';

const OLD = '52:54:00:77:00:01' as MacAddress;
const NEW = '52:54:00:77:00:02' as MacAddress;
const UUID = '4c4c4544-0032-4d10-8052-b4c04f564433';
const OTHER_UUID = '4c4c4544-0032-4d10-8052-b4c04f564434';
const address = ip('10.77.0.10');

/** As the registry does it: what changes with the node is on disk together with it, then it shows. */
async function change(pod: Pod, before: Node, after: () => Node | undefined, replaced = true): Promise<void> {
  const next = after();
  const former = formerHardware({
    before,
    ...(next === undefined ? {} : { after: next }),
    replaced,
    why: 'machine replaced',
  });
  assert.ok(former !== undefined);
  const { changes, committed } = pod.service.free(former);
  await pod.commit(changes);
  committed?.();
  await settle();
}

describe('hardware that is a node’s no more', () => {
  it('a NIC with another MAC address gets the reserved address at once, whatever is left of the old one’s lease', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }]);
    const client = await Client.plugIn(pod);
    assert.equal(await client.boot({ mac: OLD }), '10.77.0.10');
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }]));
    assert.equal(await client.boot({ mac: NEW }), '10.77.0.10');
    assert.equal(pod.disk.get(address)?.key, macKey(NEW));
  });

  it('the old NIC is refused what it still thinks it has', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }]);
    const client = await Client.plugIn(pod);
    await client.boot({ mac: OLD });
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }]));
    const answer = await client.ask({ type: MessageType.REQUEST, mac: OLD, ciaddr: '10.77.0.10' });
    assert.equal(answer === undefined ? undefined : typeOf(answer), MessageType.NAK);
  });

  it('is free after a crash right behind the change, too', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }]);
    const client = await Client.plugIn(pod);
    await client.boot({ mac: OLD });
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }]));
    await pod.crash();
    assert.equal(await client.boot({ mac: NEW }), '10.77.0.10');
  });

  it('an offer to the old NIC does not keep the address either', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }]);
    const client = await Client.plugIn(pod);
    await client.ask({ type: MessageType.DISCOVER, mac: OLD });
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }]));
    assert.equal(await client.boot({ mac: NEW }), '10.77.0.10');
  });

  it('a renewal that is on its way to the disk while the node changes does not bring the lease back', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }]);
    const client = await Client.plugIn(pod);
    await client.boot({ mac: OLD });
    const whole = pod.commit;
    const waiting: (() => void)[] = [];
    pod.commit = (batch: readonly StoreChange[]) =>
      new Promise((resolve) => {
        waiting.push(() => {
          pod.write(batch);
          resolve();
        });
      });
    await client.ask({ type: MessageType.REQUEST, mac: OLD, ciaddr: '10.77.0.10' });
    assert.equal(waiting.length, 1);
    pod.commit = whole;
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }]));
    for (const goOn of waiting) goOn();
    await settle(8);
    assert.equal(pod.disk.get(address)?.state, 'released');
    assert.equal(await client.boot({ mac: NEW }), '10.77.0.10');
  });

  it('another machine that has the address keeps it until its lease ends', async () => {
    const pod = await Pod.up();
    const client = await Client.plugIn(pod);
    assert.equal(await client.boot({ mac: OLD }), '10.77.0.100');
    const stranger = ip('10.77.0.100');
    const before = pod.nodes.enrol('dgx01', [{ mac: '52:54:00:77:00:09' as MacAddress, address: stranger }]);
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address: stranger }]));
    assert.notEqual(await client.boot({ mac: NEW }), '10.77.0.100');
    assert.equal(pod.leases.byAddress(stranger)?.key, macKey(OLD));
  });

  it('a replaced machine is not taken for the node by what its lease recalled', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ address }], { uuid: UUID });
    const client = await Client.plugIn(pod);
    const uuidOption = [97, Uint8Array.of(0, ...Buffer.from('44454c4c3200104d8052b4c04f564433', 'hex'))] as const;
    assert.equal(await client.boot({ mac: OLD, options: [uuidOption] }), '10.77.0.10');
    assert.equal(pod.disk.get(address)?.nodeId, before.id);
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ address }], { uuid: OTHER_UUID }));
    // Its operating system renews without option 97.
    const answer = await client.ask({ type: MessageType.REQUEST, mac: OLD, ciaddr: '10.77.0.10' });
    assert.equal(answer === undefined ? undefined : typeOf(answer), MessageType.NAK);
    assert.equal(pod.leases.lastOf(macKey(OLD))?.nodeId, undefined);
  });

  it('a lease from a pool goes on: the machine may still run', async () => {
    const pod = await Pod.up();
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD }]);
    const client = await Client.plugIn(pod);
    assert.equal(await client.boot({ mac: OLD }), '10.77.0.100');
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW }]));
    const lease = pod.leases.byAddress(ip('10.77.0.100'));
    assert.deepEqual([lease?.state, lease?.key, lease?.nodeId], ['bound', macKey(OLD), undefined]);
    assert.equal(await client.boot({ mac: NEW }), '10.77.0.101');
  });

  it('the node’s other interfaces keep what they have', async () => {
    const pod = await Pod.up();
    const stays = { mac: '52:54:00:77:00:09' as MacAddress, address: ip('10.77.0.11') };
    const before = pod.nodes.enrol('dgx01', [{ mac: OLD, address }, stays]);
    const client = await Client.plugIn(pod);
    await client.boot({ mac: OLD });
    await client.boot({ mac: stays.mac });
    await change(pod, before, () => pod.nodes.enrol('dgx01', [{ mac: NEW, address }, stays]));
    assert.deepEqual(
      [pod.leases.byAddress(stays.address)?.state, pod.disk.get(stays.address)?.nodeId],
      ['bound', before.id],
    );
  });
});

describe('what a change takes from a node', () => {
  const former = (
    before: Partial<Node>,
    after: Partial<Node> | undefined,
    replaced = false,
  ): FormerHardware | undefined => {
    const pod = new Pod();
    const one = pod.nodes.enrol('dgx01', before.interfaces ?? [{ mac: OLD, address }], before);
    return formerHardware({
      before: one,
      ...(after === undefined ? {} : { after: { ...one, ...after } }),
      replaced,
      why: '',
    });
  };
  const keys = (found: FormerHardware | undefined): InterfaceKey[] => [...(found?.keys ?? [])];

  it('nothing where only its place or its address changes, or something becomes known', () => {
    const port = { name: 'eno1', role: 'boot', mac: OLD } as const;
    assert.equal(former({}, { rack: 'r2' }), undefined);
    assert.equal(
      former({ interfaces: [{ ...port, address }] }, { interfaces: [{ ...port, address: address + 1 }] }),
      undefined,
    );
    assert.equal(former({}, { uuid: UUID, serialNumber: 'S1' }), undefined);
    assert.equal(former({ serialNumber: 's1' }, { serialNumber: 'S1' }), undefined);
  });

  it('all of it where its UUID or serial number is another one, or it is removed', () => {
    for (const found of [
      former({ uuid: UUID }, { uuid: OTHER_UUID }),
      former({ serialNumber: 'S1' }, { serialNumber: 'S2' }),
      former({}, undefined),
    ]) {
      assert.equal(found?.wholeMachine, true);
      assert.deepEqual([...(found?.addresses ?? [])], [address]);
    }
  });

  it('an interface where its MAC address is another one, or it is taken away', () => {
    const port = { name: 'eno1', role: 'boot' } as const;
    const found = former({}, { interfaces: [{ ...port, mac: NEW, address }] });
    assert.deepEqual([keys(found), found?.wholeMachine], [[macKey(OLD)], false]);
    assert.deepEqual(keys(former({}, { interfaces: [] })), [macKey(OLD)]);
    assert.deepEqual(keys(former({}, {}, true)), []);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import { classifyClient } from '../../../src/services/dhcp/classify-client.ts';
import { type DestinationQuestion, replyDestination } from '../../../src/services/dhcp/reply-destination.ts';
import { SubnetIndex } from '../../../src/services/dhcp/subnet-index.ts';
import { goldenDhcp } from '../../codecs/golden/dhcp.ts';
import { bytesOf, ip, message, podSettings, pxeOptions, subnetOf } from './pod.ts';

const UUID = '77000000-0000-4000-8000-000000000001';

test('OVMF’s PXE client, as it was captured', () => {
  assert.deepEqual(classifyClient(decodeDhcp(goldenDhcp.ovmfDiscover)), {
    stage: 'pxe',
    firmware: 'uefi-x64',
    architecture: 7,
    uuid: UUID,
    vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
  });
});

test('each captured message is of the program that sent it', () => {
  const seen = Object.entries(goldenDhcp)
    .map(([name, bytes]) => [name, decodeDhcp(bytes)] as const)
    .filter(([, { op }]) => op === 1)
    .map(([name, decoded]) => [name, classifyClient(decoded)] as const);
  assert.ok(seen.length > 3);
  for (const [name, { stage, firmware }] of seen) {
    if (/ipxe/i.test(name)) assert.equal(stage, 'ipxe', name);
    else if (/http/i.test(name)) assert.equal(stage, 'http', name);
    else if (/ovmf|aavmf|arm64/i.test(name)) assert.equal(stage, 'pxe', name);
    if (/aavmf|arm64/i.test(name)) assert.equal(firmware, 'uefi-arm64', name);
  }
});

test('option 93 says which firmware: 9 is what old x86-64 firmware sends', () => {
  const expected = [
    [0, 'bios'],
    [6, 'uefi-ia32'],
    [7, 'uefi-x64'],
    [9, 'uefi-x64'],
    [11, 'uefi-arm64'],
    [15, 'uefi-ia32'],
    [16, 'uefi-x64'],
    [19, 'uefi-arm64'],
    [27, undefined],
  ] as const;
  for (const [architecture, firmware] of expected) {
    const client = classifyClient(message({ type: MessageType.DISCOVER, options: pxeOptions(architecture) }));
    assert.equal(client.firmware, firmware);
    assert.equal(client.architecture, architecture);
  }
});

test('iPXE is known by its user class, bare or framed, or by its own options', () => {
  const stageWith = (code: number, value: Uint8Array) =>
    classifyClient(message({ type: MessageType.DISCOVER, options: [...pxeOptions(), [code, value]] })).stage;
  assert.equal(stageWith(OptionCode.userClass, bytesOf('iPXE')), 'ipxe');
  assert.equal(stageWith(OptionCode.userClass, bytesOf('\x04iPXE')), 'ipxe');
  assert.equal(stageWith(OptionCode.ipxeEncapsulated, Uint8Array.of(0xb1, 1, 1)), 'ipxe');
  assert.equal(stageWith(OptionCode.userClass, bytesOf('other')), 'pxe');
});

test('without option 53 it is BOOTP, with nothing of a boot client an operating system', () => {
  assert.equal(classifyClient(message({ options: pxeOptions() })).stage, 'bootp');
  assert.equal(classifyClient(message({ type: MessageType.REQUEST })).stage, 'os');
});

test('a UUID that many boards share is no UUID, and garbled options are absent ones', () => {
  const uuidOf = (value: Uint8Array) =>
    classifyClient(message({ type: MessageType.DISCOVER, options: [[OptionCode.clientMachineId, value]] })).uuid;
  const ami = Buffer.from('0000020003000400050006000700080009', 'hex');
  assert.equal(uuidOf(ami), undefined);
  assert.equal(uuidOf(new Uint8Array(17)), undefined);
  assert.equal(uuidOf(Uint8Array.of(0, ...new Uint8Array(16).fill(255))), undefined);
  assert.equal(uuidOf(Uint8Array.of(0, 1, 2)), undefined);
  const odd = message({
    type: MessageType.DISCOVER,
    options: [
      [OptionCode.vendorClass, new Uint8Array(0)],
      [OptionCode.clientArchitecture, Uint8Array.of(7)],
      [OptionCode.userClass, new Uint8Array(0)],
    ],
  });
  assert.deepEqual(classifyClient(odd), { stage: 'os' });
});

const QUESTION: DestinationQuestion = {
  request: { giaddr: 0, ciaddr: 0, flags: 0, htype: 1, hlen: 6, chaddr: new Uint8Array(6) },
  answer: 'ack',
  yiaddr: ip('10.77.0.100'),
  source: 0,
};

function destination(request: Partial<DestinationQuestion['request']>, rest: Partial<DestinationQuestion> = {}) {
  const { kind, ...to } = replyDestination({ ...QUESTION, ...rest, request: { ...QUESTION.request, ...request } });
  return 'address' in to ? [kind, to.address] : [kind];
}

test('where answers go (RFC 2131 section 4.1)', () => {
  const giaddr = ip('10.78.0.1');
  const ciaddr = ip('10.77.0.100');
  assert.deepEqual(destination({ giaddr, ciaddr, flags: 0x8000 }), ['relay', giaddr], 'a relay goes before all');
  assert.deepEqual(destination({ giaddr }, { answer: 'nak' }), ['relay', giaddr]);
  assert.deepEqual(destination({ ciaddr }), ['unicast', ciaddr]);
  assert.deepEqual(destination({ ciaddr, flags: 0x8000 }), ['unicast', ciaddr]);
  assert.deepEqual(destination({ ciaddr }, { answer: 'nak' }), ['broadcast']);
  assert.deepEqual(destination({ ciaddr: ip('1.2.3.4') }, { answer: 'offer' }), ['neighbour', ciaddr]);
  assert.deepEqual(destination({ ciaddr: ip('1.2.3.4') }), ['neighbour', ciaddr], 'an old address');
  assert.deepEqual(destination({ ciaddr }, { yiaddr: 0 }), ['unicast', ciaddr], 'INFORM');
  assert.deepEqual(destination({ ciaddr: ip('1.2.3.4') }, { answer: 'bootp' }), ['unicast', ip('1.2.3.4')]);
  assert.deepEqual(destination({ flags: 0x8000 }), ['broadcast']);
  assert.deepEqual(destination({}), ['neighbour', ciaddr]);
  assert.deepEqual(destination({ htype: 32, hlen: 0 }), ['broadcast'], 'Infiniband has no address to teach');
  assert.deepEqual(destination({}, { yiaddr: 0, source: ciaddr }), ['unicast', ciaddr], 'INFORM without ciaddr');
  assert.deepEqual(destination({}, { yiaddr: 0 }), ['broadcast']);
});

const RACK = subnetOf({ cidr: '10.78.0.0/24', pools: [], relays: ['10.78.0.1', '10.0.0.9'] });
const RACK_2 = subnetOf({ cidr: '10.79.0.0/24', pools: [], relays: ['10.0.0.9'] });
const SHARED_A = subnetOf({ cidr: '10.80.0.0/24', pools: [], relays: ['10.80.0.1'], sharedNetwork: 'lab' });
const SHARED_B = subnetOf({ cidr: '10.81.0.0/24', pools: [], sharedNetwork: 'lab' });
const ELSEWHERE = subnetOf({ cidr: '10.90.0.0/24', pools: [], relays: ['10.90.0.1'], interfaceName: 'eno3' });
const HERE = subnetOf();

function select(origin: {
  giaddr?: string;
  ciaddr?: string;
  link?: string;
  option118?: string;
}): readonly unknown[] | string {
  const [at] = podSettings().interfaces;
  assert.ok(at !== undefined);
  const index = new SubnetIndex(at, [HERE, RACK, RACK_2, SHARED_A, SHARED_B, ELSEWHERE]);
  const selection = index.select({
    giaddr: ip(origin.giaddr ?? '0.0.0.0'),
    ciaddr: ip(origin.ciaddr ?? '0.0.0.0'),
    ...(origin.link !== undefined && { linkSelection: ip(origin.link) }),
    ...(origin.option118 !== undefined && { subnetSelection: ip(origin.option118) }),
  });
  return selection.found ? selection.subnets : selection.reason;
}

test('a client on the link is of the subnet that our address is in', () => {
  assert.deepEqual(select({}), [HERE]);
  assert.deepEqual(select({ option118: '10.79.0.0' }), [HERE], 'option 118 counts behind a relay only');
});

test('a relay’s giaddr says which subnet, if that subnet names the relay', () => {
  assert.deepEqual(select({ giaddr: '10.78.0.1' }), [RACK]);
  assert.equal(select({ giaddr: '10.78.0.2' }), 'unknown-relay');
  assert.equal(select({ giaddr: '10.90.0.1' }), 'unknown-relay', 'its subnet is another interface’s');
});

test('link selection goes before option 118, and never reaches a subnet that does not name the relay', () => {
  assert.deepEqual(select({ giaddr: '10.0.0.9', link: '10.79.0.7' }), [RACK_2]);
  assert.deepEqual(select({ giaddr: '10.0.0.9', option118: '10.78.0.0' }), [RACK]);
  assert.deepEqual(select({ giaddr: '10.0.0.9', link: '10.79.0.7', option118: '10.78.0.0' }), [RACK_2]);
  assert.equal(select({ giaddr: '10.78.0.1', link: '10.79.0.7' }), 'unknown-link');
  assert.equal(select({ giaddr: '10.0.0.9' }), 'ambiguous-relay');
});

test('subnets of a shared network serve together, that of the relay first', () => {
  assert.deepEqual(select({ giaddr: '10.80.0.1' }), [SHARED_A, SHARED_B]);
});

test('a client that renews through a router is where its own address is', () => {
  assert.deepEqual(select({ ciaddr: '10.79.0.7' }), [RACK_2]);
  assert.deepEqual(select({ ciaddr: '192.168.1.1' }), [HERE]);
});

test('an interface whose address is in no named subnet serves nobody, and says what to add', () => {
  const [at] = podSettings().interfaces;
  assert.ok(at !== undefined);
  const selection = new SubnetIndex(at, [RACK]).select({ giaddr: 0, ciaddr: 0 });
  assert.ok(!selection.found);
  assert.match(selection.mend, /add a subnet with "interface: eno2" that 10\.77\.0\.1 is in/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROADCAST_FLAG, type DhcpMessage, MessageType } from '../../src/codecs/dhcp/message.ts';
import { DhcpClient, type DhcpOutcome } from '../../src/rehearsal/dhcp-client.ts';
import { type DhcpDialect, edk2Http, edk2Pxe, ipxe, linux } from '../../src/rehearsal/dhcp-dialect.ts';
import { FakeClock, settle } from '../harness/clock.ts';
import { honestServer, IDENTITY, replyTo, ScriptedLink, SERVER, typeOf } from './helpers.ts';

const ADDRESS = 0x0a4d0064;

function start(dialect: DhcpDialect, answer: ScriptedLink['answer'] = () => []) {
  const clock = new FakeClock();
  const link = new ScriptedLink();
  link.answer = answer;
  const sentAtMs: number[] = [];
  const startedAt = clock.monotonic();
  const send = link.send.bind(link);
  link.send = (message) => {
    sentAtMs.push(clock.monotonic() - startedAt);
    send(message);
  };
  const repeated: string[] = [];
  let outcome: DhcpOutcome | undefined;
  const ports = {
    clock,
    transport: link,
    random: () => 0.5,
    pace: 1,
    onRetransmit: (type: string) => void repeated.push(type),
  };
  void new DhcpClient(IDENTITY, dialect, ports).run().then((each) => {
    outcome = each;
  });
  return { clock, link, sentAtMs, repeated, outcome: () => outcome };
}

test('EDK2 asks at 0, 4, 12 and 28 s and gives up after a minute', async () => {
  const { clock, sentAtMs, outcome, repeated, link } = start(edk2Pxe(7));
  await clock.advanceSettling(59_000, 1_000);
  assert.deepEqual(sentAtMs, [0, 4_000, 12_000, 28_000]);
  assert.equal(outcome(), undefined);
  await clock.advanceSettling(2_000);
  assert.equal(outcome()?.result, 'silence');
  assert.deepEqual(repeated, ['DISCOVER', 'DISCOVER', 'DISCOVER']);
  assert.equal(clock.pendingTimers, 0);
  assert.equal(link.listeners, 0);
});

test('iPXE starts at one second and doubles up to ten', async () => {
  const { clock, sentAtMs } = start(ipxe(0));
  await clock.advanceSettling(40_000, 1_000);
  assert.deepEqual(sentAtMs, [0, 1_000, 3_000, 7_000, 15_000, 25_000, 35_000]);
});

test('EDK2 collects offers and takes the one with a boot file, whoever was first', async () => {
  const { clock, link, outcome } = start(edk2Pxe(7), (message) => {
    if (typeOf(message) === MessageType.REQUEST) {
      return [replyTo(message, MessageType.ACK, { address: ADDRESS, bootFile: 'snponly.efi', nextServer: SERVER })];
    }
    return [
      replyTo(message, MessageType.OFFER, { address: ADDRESS + 1, server: SERVER + 1 }),
      replyTo(message, MessageType.OFFER, { address: ADDRESS, bootFile: 'snponly.efi', nextServer: SERVER }),
    ];
  });
  await clock.advanceSettling(3_600);
  assert.equal(link.sent.length, 1);
  await clock.advanceSettling(200);
  const request = link.sent[1] as DhcpMessage;
  assert.equal(typeOf(request), MessageType.REQUEST);
  assert.deepEqual([...(request.options.get(50) ?? [])], [10, 77, 0, 100]);
  assert.deepEqual([...(request.options.get(54) ?? [])], [10, 77, 0, 1]);
  const bound = outcome();
  assert.ok(bound?.result === 'bound');
  assert.deepEqual(
    { ...bound.answer },
    { address: ADDRESS, server: SERVER, leaseSeconds: 3600, bootFile: 'snponly.efi', nextServer: '10.77.0.1' },
  );
});

test('EDK2 does not take an offer without a boot file; iPXE and Linux do', async () => {
  const answer = honestServer(() => ({ address: ADDRESS }));
  for (const [dialect, expected] of [
    [edk2Pxe(7), 'refused'],
    [ipxe(7), 'bound'],
    [linux('node1'), 'bound'],
  ] as const) {
    const { clock, outcome } = start(dialect, answer);
    await clock.advanceSettling(10_000, 500);
    assert.equal(outcome()?.result, expected, dialect.name);
  }
});

test('UEFI HTTP boot takes an URL with HTTPClient, nothing else', async () => {
  const url = 'http://10.77.0.1/snponly.efi';
  for (const [answer, expected] of [
    [{ address: ADDRESS, bootFile: url, vendorClass: 'HTTPClient' }, 'bound'],
    [{ address: ADDRESS, bootFile: url }, 'refused'],
    [{ address: ADDRESS, bootFile: 'snponly.efi', vendorClass: 'HTTPClient' }, 'refused'],
  ] as const) {
    const { clock, outcome } = start(
      edk2Http(16),
      honestServer(() => answer),
    );
    await clock.advanceSettling(5_000, 500);
    assert.equal(outcome()?.result, expected);
  }
});

test('an ACK that is lost is asked for again', async () => {
  let lost = 0;
  const { clock, outcome, repeated, sentAtMs } = start(linux('node1'), (message) => {
    if (typeOf(message) === MessageType.DISCOVER) return [replyTo(message, MessageType.OFFER, { address: ADDRESS })];
    lost += 1;
    return lost === 1 ? [] : [replyTo(message, MessageType.ACK, { address: ADDRESS })];
  });
  await settle();
  await clock.advanceSettling(5_000, 500);
  assert.equal(outcome()?.result, 'bound');
  assert.deepEqual(repeated, ['REQUEST']);
  assert.deepEqual(sentAtMs, [0, 0, 4_000]);
});

test('a server that offers and refuses is given up on after three times', async () => {
  const { clock, outcome, link } = start(linux('node1'), (message) => [
    replyTo(message, typeOf(message) === MessageType.DISCOVER ? MessageType.OFFER : MessageType.NAK, {
      address: ADDRESS,
    }),
  ]);
  await clock.advanceSettling(10_000, 500);
  assert.equal(outcome()?.result, 'declined-by-server');
  assert.equal(link.sent.length, 6);
  assert.equal(clock.pendingTimers, 0);
});

test("another machine's reply with the same transaction id is not ours", async () => {
  const { clock, outcome } = start(linux('node1'), (message) => [
    { ...replyTo(message, MessageType.OFFER, { address: ADDRESS }), chaddr: Uint8Array.of(2, 0, 0, 0, 0, 9) },
  ]);
  await clock.advanceSettling(2_000, 500);
  assert.equal(outcome(), undefined);
});

test('an offer that comes late is taken at once', async () => {
  const { clock, link, outcome } = start(edk2Pxe(7));
  await clock.advanceSettling(6_000, 1_000);
  const answer = { address: ADDRESS, bootFile: 'a.efi', nextServer: SERVER };
  link.answer = honestServer(() => answer);
  link.deliver(replyTo(link.sent[0] as DhcpMessage, MessageType.OFFER, answer));
  await settle();
  assert.equal(outcome()?.result, 'bound');
});

test('the broadcast flag and the seconds are as each program sends them', async () => {
  for (const [dialect, flags, seconds] of [
    [edk2Pxe(7), BROADCAST_FLAG, 0],
    [ipxe(0), 0, 15],
    [linux('node1'), 0, 12],
  ] as const) {
    const { clock, link } = start(dialect);
    await clock.advanceSettling(16_000, 1_000);
    assert.equal(link.sent[0]?.flags, flags, dialect.name);
    assert.equal(link.sent.at(-1)?.secs, seconds, dialect.name);
  }
});

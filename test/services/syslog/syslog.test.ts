import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { StreamNetwork } from '../../../src/domain/ports.ts';
import { parseSyslog } from '../../../src/services/syslog/parse-syslog.ts';
import { BrokenFraming, SyslogFraming } from '../../../src/services/syslog/syslog-framing.ts';
import { createSyslogService } from '../../../src/services/syslog/syslog-service.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { FakeNetwork } from '../../harness/network.ts';
import { address, RecordedEvents, settings } from '../boot/fixtures.ts';

const MESSAGES: readonly (readonly [what: string, raw: string, expected: ReturnType<typeof parseSyslog>])[] = [
  [
    'RFC 5424 with structured data',
    '<165>1 2026-11-24T11:02:03Z dgx01 anaconda 12 - [a x="]\\""] installing',
    { severity: 5, program: 'anaconda', text: 'installing' },
  ],
  ['RFC 5424 without', '<11>1 - - - - - - no space left', { severity: 3, text: 'no space left' }],
  [
    'RFC 3164',
    '<13>Nov 24 11:02:03 dgx01 partman[77]: No disks found',
    { severity: 5, program: 'partman', text: 'No disks found' },
  ],
  [
    'busybox, which sends no host',
    '<30>Nov 24 11:02:03 debootstrap: retrieving',
    { severity: 6, program: 'debootstrap', text: 'retrieving' },
  ],
  ['a bare text', 'just words', { text: 'just words' }],
  ['a PRI that is none', '<999>words', { text: 'words' }],
  [
    'colours and a token',
    '<13>sh: \u001b[1mGET\u001b[0m http://10.77.0.1/install/0123456789abcdef/ks.cfg',
    { severity: 5, program: 'sh', text: 'GET http://10.77.0.1/install/[secret]/ks.cfg' },
  ],
];
for (const [what, raw, expected] of MESSAGES) {
  test(`a message: ${what}`, () => assert.deepEqual(parseSyslog(raw), expected));
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('both framings of RFC 6587, in whatever pieces they come', () => {
  const whole = bytes('8 <13>one\n<13>two\n11 <13>drei\nx\n');
  for (let size = 1; size <= whole.length; size += 1) {
    const framing = new SyslogFraming();
    const messages: string[] = [];
    for (let at = 0; at < whole.length; at += size) messages.push(...framing.push(whole.slice(at, at + size)));
    assert.deepEqual(
      [...messages, framing.end()].filter((text) => text !== '').map((text) => text.trim()),
      ['<13>one', '<13>two', '<13>drei\nx'],
    );
  }
});

test('a message that is too long ends the stream', () => {
  assert.throws(() => new SyslogFraming().push(bytes('9000 <13>')), BrokenFraming);
  assert.throws(() => new SyslogFraming().push(bytes('x'.repeat(9_000))), BrokenFraming);
});

async function pod() {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const server = network.host('server', [{ name: 'prov', link: 'boot', address: '10.77.0.1' }]);
  const machine = network.host('dgx01', [{ name: 'eno1', link: 'boot', address: '10.77.0.100' }]);
  const events = new RecordedEvents();
  const accepted: ((stream: PassThrough, from: { address: string; port: number }) => void)[] = [];
  const streams: StreamNetwork = {
    listen: async ({ address: at, port }, accept) => {
      accepted.push(accept);
      return { local: { address: at, port }, close: () => {} };
    },
    connect: () => new PassThrough(),
  };
  let isHeard = true;
  const interfaces = [
    {
      ...settings().interfaces[0],
      name: 'prov',
      address: address('10.77.0.1'),
      dhcp: 'off',
      tftp: false,
      http: false,
      dns: false,
      syslog: true,
    } as const,
  ];
  const service = createSyslogService({
    settings: settings({ interfaces }),
    network: server,
    streams,
    clock,
    events,
    subjectAt: (at) =>
      at === address('10.77.0.100') ? { address: at, nodeId: 'n1', nodeName: 'dgx01' } : { address: at },
    isHeard: () => isHeard,
  });
  await service.start();
  const socket = await machine.openDatagram({ address: '10.77.0.100', port: 5_140 });
  return {
    clock,
    events,
    service,
    accepted,
    deafen: () => {
      isHeard = false;
    },
    async say(text: string) {
      socket.send(bytes(text), { address: '10.77.0.1', port: 514 });
      await settle();
    },
  };
}

test('lines of a node that is being installed stand in its timeline', async () => {
  const { events, say, accepted, service } = await pod();
  await say('<11>Nov 24 11:02:03 dgx01 partman: No disks found');
  await say('<15>kernel: chatter');
  const stream = new PassThrough();
  accepted[0]?.(stream, { address: '10.77.0.100', port: 40_000 });
  stream.write('<30>anaconda: one\n<30>anaconda: two\n');
  await settle();
  assert.deepEqual(
    events.of('syslog.line').map(({ text, level }) => [level, text]),
    [
      ['warn', 'dgx01: partman: No disks found'],
      ['info', 'dgx01: anaconda: one'],
      ['info', 'dgx01: anaconda: two'],
    ],
  );
  assert.equal(events.of('syslog.line')[0]?.subject.nodeId, 'n1');
  await service.stop();
});

test('strangers, and nodes that nobody installs, are counted and not told', async () => {
  const { events, accepted, service, say, deafen } = await pod();
  const stream = new PassThrough();
  accepted[0]?.(stream, { address: '10.77.0.99', port: 40_000 });
  stream.write('<13>hello\n');
  await settle();
  deafen();
  await say('<13>of a system in use');
  assert.deepEqual(events.of('syslog.line'), []);
  assert.equal(service.statistics().strangers, 2);
  await service.stop();
});

test('a flood is held back, and what is told as an error still comes', async () => {
  const { events, service, say } = await pod();
  for (let line = 0; line < 200; line += 1) await say(`<30>apt: line ${line}`);
  await say('<11>apt: no space left');
  const told = events.of('syslog.line');
  assert.equal(told.length, 61);
  assert.match(told.at(-1)?.text ?? '', /no space left/);
  assert.equal(service.statistics().heldBack, 140);
  await service.stop();
});

test('a connection that never ends a message, or of too many, is closed', async () => {
  const { accepted, service } = await pod();
  const open = Array.from({ length: 5 }, () => new PassThrough());
  for (const stream of open) accepted[0]?.(stream, { address: '10.77.0.100', port: 40_000 });
  assert.deepEqual(
    open.map(({ destroyed }) => destroyed),
    [false, false, false, false, true],
  );
  open[0]?.write('x'.repeat(10_000));
  await settle();
  assert.equal(open[0]?.destroyed, true);
  await service.stop();
  await settle();
  assert.ok(open.every(({ destroyed }) => destroyed));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BootEvent } from '../../src/domain/events.ts';
import type { LogSettings } from '../../src/domain/settings.ts';
import { createEventLog, lineOf } from '../../src/log/event-log.ts';
import { createLogger } from '../../src/log/logger.ts';
import { FakeClock } from '../harness/clock.ts';

const OFFER: BootEvent = {
  type: 'dhcp.offer',
  level: 'info',
  subject: {
    nodeId: 'id1',
    nodeName: 'dgx01',
    key: 'mac:52:54:00:77:00:01',
    address: 0x0a4d0064,
    interfaceName: 'eno2',
  },
  text: 'DHCP offer: iPXE (snponly.efi)',
  data: { blockBytes: 1468 },
};

function logOf(settings: LogSettings) {
  const lines: string[] = [];
  const clock = new FakeClock();
  const logger = createLogger(settings, { write: (line) => void lines.push(line) });
  return { lines, clock, logger, log: createEventLog(logger, clock) };
}

describe('a line of the log', () => {
  it('says who, then what', () => {
    assert.equal(lineOf(OFFER), 'dgx01 52:54:00:77:00:01 10.77.0.100  DHCP offer: iPXE (snponly.efi)');
  });

  it('names nobody twice, and the interface where nobody is known', () => {
    const named = { ...OFFER, text: 'dgx01 (52:54:00:77:00:01): PXE firmware offered 10.77.0.100' };
    assert.equal(lineOf(named), named.text);
    assert.equal(lineOf({ ...OFFER, subject: { interfaceName: 'eno2' }, text: 'it went away' }), 'eno2  it went away');
    assert.equal(lineOf({ ...OFFER, subject: { interfaceName: 'eno2' }, text: 'eno2 went away' }), 'eno2 went away');
    assert.equal(lineOf({ ...OFFER, subject: {}, text: 'the clock jumped' }), 'the clock jumped');
  });

  it('is one line that steers no terminal, whatever a stranger named a file', () => {
    const line = lineOf({ ...OFFER, text: 'TFTP: “a\u001b[2J\nFAKE ok\u0085\u2028” is refused' }, 3);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    assert.doesNotMatch(line, /[\u0000-\u001f\u0085\u2028]/);
    assert.match(line, /\(and 3 more like it that were not told\)$/);
  });
});

describe('the log as JSON', () => {
  it('has the event’s fields, its level as a word and its time as a date', () => {
    const { lines, log } = logOf({ level: 'info', format: 'json' });
    log.emit({ ...OFFER, mend: 'Nothing.' });
    const { time, ...line } = JSON.parse(lines[0] ?? '');
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.deepEqual(line, {
      level: 'info',
      type: 'dhcp.offer',
      node: 'dgx01',
      nodeId: 'id1',
      key: 'mac:52:54:00:77:00:01',
      address: '10.77.0.100',
      interface: 'eno2',
      blockBytes: 1468,
      mend: 'Nothing.',
      msg: 'dgx01 52:54:00:77:00:01 10.77.0.100  DHCP offer: iPXE (snponly.efi)',
    });
  });

  it('tells held back events with the next one', () => {
    const { lines, log, clock } = logOf({ level: 'info', format: 'json' });
    for (let time = 0; time < 5; time += 1) log.emit({ ...OFFER, throttle: 'x' });
    clock.advance(1_000);
    log.emit({ ...OFFER, throttle: 'x' });
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[1] ?? '').heldBack, 4);
  });

  it('tells what was held back when nothing like it comes any more, with the next line of any kind', () => {
    const { lines, log, clock } = logOf({ level: 'info', format: 'json' });
    for (let time = 0; time < 5; time += 1) log.emit({ ...OFFER, throttle: 'x' });
    clock.advance(6_000);
    log.emit({ ...OFFER, type: 'dhcp.ack', text: 'DHCP ack' });
    const told = lines.map((line) => JSON.parse(line));
    assert.deepEqual(
      told.map(({ type, heldBack, ageMs }) => [type, heldBack, ageMs]),
      [
        ['dhcp.offer', undefined, undefined],
        ['dhcp.offer', 3, 6_000],
        ['dhcp.ack', undefined, undefined],
      ],
    );
    assert.match(told[1].msg, /iPXE \(snponly\.efi\) \(6 s ago, and 3 more like it that were not told\)$/);
  });

  it('wants debug events only at that level, also after it was changed', () => {
    const { lines, log, logger } = logOf({ level: 'info', format: 'json' });
    log.emit({ ...OFFER, level: 'debug' });
    assert.equal(log.wantsDebug, false);
    logger.level = 'debug';
    assert.equal(log.wantsDebug, true);
    log.emit({ ...OFFER, level: 'debug' });
    logger.level = 'error';
    log.emit({ ...OFFER, level: 'warn' });
    assert.equal(lines.length, 1);
  });

  it('shows no secret, wherever in the fields it stands and however its name is written', () => {
    const { lines, logger } = logOf({ level: 'info', format: 'json' });
    const fields = {
      token: 's3cret',
      accessToken: 's3cret',
      'x-api-key': 's3cret',
      a: { password: 's3cret', b: { Authorization: 's3cret', c: { secret: 's3cret', safe: 'deep' } } },
      list: [{ passphrase: { nested: 's3cret' } }, 'plain'],
      headers: { 'Set-Cookie': ['s3cret'] },
      safe: 'yes',
      tokenFile: '/var/lib/podboot/token',
    };
    const before = structuredClone(fields);
    logger.info(fields, 'x');
    logger.error({ err: Object.assign(new Error('refused'), { token: 's3cret' }) });
    logger.error(Object.assign(new Error('again'), { config: { password: 's3cret' } }));
    logger.child({ secret: 's3cret' }).info('bound');
    assert.equal(lines.length, 4);
    assert.doesNotMatch(lines.join(), /s3cret/);
    const [line, refused, again, bound] = lines.map((each) => JSON.parse(each));
    assert.deepEqual([line.safe, line.a.b.c.safe, line.list[1]], ['yes', 'deep', 'plain']);
    assert.equal(line.tokenFile, '/var/lib/podboot/token');
    assert.match(refused.err.stack, /event-log\.test\.ts/);
    assert.equal(refused.err.type, 'Error');
    assert.equal(again.msg, 'again');
    assert.equal(bound.secret, '[secret]');
    assert.deepEqual(fields, before, 'what the caller holds is left as it is');
  });

  it('writes fields that hold themselves', () => {
    const { lines, logger } = logOf({ level: 'info', format: 'json' });
    const ring: Record<string, unknown> = { name: 'ring' };
    ring.self = ring;
    logger.info({ ring }, 'x');
    assert.equal(JSON.parse(lines[0] ?? '').ring.name, 'ring');
  });
});

describe('the log for people', () => {
  it('is one line with time, level, text and mend, and nothing else', () => {
    const { lines, log } = logOf({ level: 'info', format: 'pretty' });
    log.emit({ ...OFFER, level: 'warn', mend: 'Look at eno2.' });
    assert.match(
      lines.join(''),
      /^\[\d\d:\d\d:\d\d\.\d{3}\] WARN: dgx01 52:54:00:77:00:01 10\.77\.0\.100 {2}DHCP offer: iPXE \(snponly\.efi\) → Look at eno2\.\n$/,
    );
  });

  it('shows the stack of an error', () => {
    const { lines, logger } = logOf({ level: 'info', format: 'pretty' });
    logger.error({ err: new Error('boom') }, 'it failed');
    assert.match(lines.join(''), /ERROR: it failed\n[\s\S]*boom[\s\S]*event-log\.test\.ts/);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type BmcDriver, BmcError, type PowerState } from '../../src/bmc/driver.ts';
import type { BmcTarget } from '../../src/bmc/registry.ts';
import { settle } from '../harness/clock.ts';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

const PASSWORD = 'correct-horse-battery';

class Bench extends ApiFixture {
  readonly states = new Map<string, PowerState>();
  readonly targets: BmcTarget[] = [];
  override createDriver = (name: string, target: BmcTarget): BmcDriver => {
    this.targets.push(target);
    return {
      name,
      power: {
        read: async () => {
          if (target.credentials?.password !== PASSWORD) throw new BmcError('credentials', 'it is another password');
          return this.states.get(target.name) ?? 'off';
        },
        act: async (action) => void this.states.set(target.name, action === 'off' ? 'off' : 'on'),
      },
      inventory: { read: async () => ({ serialNumber: 'S-1', bmcFirmware: '1.2' }) },
      log: {
        read: async () => [{ id: 1, timeSeconds: 1_700_000_000, text: 'PSU 1 lost', severity: 'critical', raw: '00' }],
      },
      raw: {
        send: async ({ netFn }) =>
          netFn === 6
            ? { completionCode: 0, text: '(00) done', data: Uint8Array.of(0x20, 0x81) }
            : { completionCode: 0xc1, text: '(c1) the BMC does not know this command', data: new Uint8Array() },
      },
      close: async () => {},
    };
  };

  async withNodes(count: number): Promise<void> {
    for (let number = 1; number <= count; number += 1) {
      const body = { ...nodeBody(`dgx0${number}`, number), bmc: { host: `10.77.1.${number}`, credentials: 'dgx' } };
      assert.equal((await this.call('POST', '/nodes', body)).statusCode, 201);
    }
    const set = await this.call('PUT', '/bmc/credentials/dgx', { userName: 'admin', password: PASSWORD });
    assert.equal(set.statusCode, 204, set.body);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms, 100);
    await settle();
  }
}

describe('the power of a node', () => {
  test('is cycled by one call, as a job that can be followed', async () => {
    const api = new Bench();
    await api.withNodes(1);
    api.states.set('dgx01', 'on');
    const answer = await api.call('POST', '/nodes/dgx01/power', { action: 'cycle', by: 'anna' });
    assert.equal(answer.statusCode, 202, answer.body);
    const { location } = answer.headers;
    await api.pass(10_000);
    const job = (await api.call('GET', String(location).replace('/api/v1', ''))).json();
    assert.equal(job.state, 'done');
    assert.equal(job.steps[0].stage, 'done');
    assert.equal(api.states.get('dgx01'), 'on');
  });

  test('is read from its BMC', async () => {
    const api = new Bench();
    await api.withNodes(2);
    api.states.set('dgx02', 'on');
    assert.equal((await api.call('GET', '/nodes/dgx02/power')).json().state, 'on');
    const list = (await api.call('GET', '/power?name=dgx*&fresh=true')).json();
    assert.deepEqual(
      list.items.map(({ state }: { state: string }) => state),
      ['off', 'on'],
    );
  });

  test('says who has no BMC, and what is to be done', async () => {
    const api = new Bench();
    await api.enrol('plain', 9);
    const answer = await api.call('POST', '/jobs?name=plain&dryRun=true', { action: 'on', by: 'anna' });
    assert.equal(answer.statusCode, 200, answer.body);
    const [item] = answer.json().items;
    assert.equal(item.outcome, 'skipped');
    assert.match(item.mend, /--bmc/);
  });
});

describe('jobs', () => {
  test('can be tried, ordered, paused, gone on with and cancelled', async () => {
    const api = new Bench();
    await api.withNodes(4);
    const body = { action: 'on', by: 'anna', stagger: { nodes: 1, perSeconds: 10, by: 'all' } };
    const dry = (await api.call('POST', '/jobs?name=dgx*&dryRun=true', body)).json();
    assert.equal(dry.dryRun, true);
    assert.equal((await api.call('GET', '/jobs')).json().items.length, 0);
    const { job } = (await api.call('POST', '/jobs?name=dgx*', body)).json();
    await api.pass(1_000);
    assert.equal((await api.call('POST', `/jobs/${job.id}/pause`)).json().state, 'paused');
    await api.pass(60_000);
    assert.equal((await api.call('GET', `/jobs/${job.id}`)).json().counts.waiting, 3);
    assert.equal((await api.call('POST', `/jobs/${job.id}/resume`)).json().state, 'running');
    await api.pass(12_000);
    const ended = (await api.call('POST', `/jobs/${job.id}/cancel`, { by: 'bert' })).json();
    assert.equal(ended.state, 'cancelled');
    assert.ok(ended.counts.cancelled >= 1);
    assert.equal((await api.call('POST', `/jobs/${job.id}/pause`)).statusCode, 409);
  });

  test('without nodes, with a wrong time or pattern, are refused', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const order = { action: 'on', by: 'anna' };
    assert.equal((await api.call('POST', '/jobs', order)).statusCode, 422);
    assert.deepEqual(problemOf(await api.call('POST', '/jobs?name=dgx01', { ...order, at: 'soon' })).paths, ['/at']);
    assert.deepEqual(problemOf(await api.call('POST', '/jobs?name=dgx01', { ...order, every: 'x' })).paths, ['/every']);
    assert.equal((await api.call('GET', '/jobs/job-0')).statusCode, 404);
  });
});

describe('a raw command', () => {
  const of = (netFn: number, command: number, ...data: number[]) => ({ by: 'anna', netFn, command, data });

  test('is sent, and stands in the timeline with its bytes and who sent it', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const answer = await api.call('POST', '/nodes/dgx01/bmc/raw', { ...of(6, 1, 0xab), reason: 'ticket 4711' });
    assert.equal(answer.statusCode, 200, answer.body);
    assert.deepEqual(answer.json(), { node: 'dgx01', completionCode: 0, text: '(00) done', data: '2081' });
    const told = api.events.filter(({ type }) => type.startsWith('bmc.raw')).map(({ text }) => text);
    assert.deepEqual(told, [
      'dgx01: anna sends 06 01 ab to its BMC: ticket 4711',
      'dgx01: its BMC answers 06 01 ab of anna: (00) done',
    ]);
    assert.equal((await api.call('POST', '/nodes/dgx01/bmc/raw', of(0x2e, 1))).json().completionCode, 0xc1);
  });

  test('of nobody, of a session, of power or with a password in it is sent to no BMC', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const { by: _, ...nobody } = of(6, 1);
    for (const body of [nobody, of(7, 1), of(0, 2, 2), of(6, 0x3c), of(6, 0x47, 2, 2, 1), of(6, 1, 256), of(6, 1.5)]) {
      const answer = await api.call('POST', '/nodes/dgx01/bmc/raw', body);
      assert.equal(answer.statusCode, 422, `${JSON.stringify(body)} ${answer.statusCode} ${answer.body}`);
    }
    assert.equal(api.targets.length, 0);
    assert.ok(!api.events.some(({ type }) => type.startsWith('bmc.raw')));
  });
});

describe('a cipher suite', () => {
  test('is said of a node, reaches its driver, and is none of the weak ones', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const say = (cipherSuite: unknown) =>
      api.call('PATCH', '/nodes/dgx01', { bmc: { cipherSuite } }, { 'if-match': '*' });
    assert.equal((await say(3)).json().bmc.cipherSuite, 3);
    await api.call('GET', '/nodes/dgx01/power');
    assert.equal(api.targets.at(-1)?.cipherSuite, 3);
    for (const weak of [0, 1, 2, 8, 18, -3, 1.5, '17']) {
      const answer = await say(weak);
      assert.equal(answer.statusCode, 422, `${weak} ${answer.body}`);
    }
    assert.match((await say(2)).body, /weaker ones leave out a protection/);
    assert.equal((await say(null)).json().bmc.cipherSuite, undefined);
  });
});

describe('credentials', () => {
  test('are in no answer, in no event and in no document', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const seen = [
      (await api.call('GET', '/bmc/credentials')).body,
      (await api.call('GET', '/nodes/dgx01')).body,
      (await api.call('GET', '/nodes/export')).body,
      (await api.call('GET', '/nodes/dgx01/power')).body,
      JSON.stringify(api.events),
      JSON.stringify(await api.store.load()),
    ];
    for (const text of seen) assert.ok(!text.includes(PASSWORD), text);
    assert.equal(api.targets[0]?.credentials?.password, PASSWORD);
  });

  test('that are refused are not repeated in the refusal', async () => {
    const api = new Bench();
    const answer = await api.call('PUT', '/bmc/credentials/x%20y', { userName: 'admin', password: PASSWORD });
    assert.equal(answer.statusCode, 422);
    assert.ok(!answer.body.includes(PASSWORD));
  });
});

describe('a BMC', () => {
  test('that has another serial number than the node is found out by a test', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const tag = (await api.call('GET', '/nodes/dgx01')).headers.etag as string;
    await api.call('PATCH', '/nodes/dgx01', { serialNumber: 'S-2' }, { 'if-match': tag });
    const { findings } = (await api.call('POST', '/nodes/dgx01/bmc/test')).json();
    assert.deepEqual(
      findings.map(({ code }: { code: string }) => code),
      ['works', 'other-machine'],
    );
  });

  test('that still has its maker’s password shows it wherever it is looked at', async () => {
    const api = new Bench();
    await api.withNodes(1);
    await api.call('PUT', '/bmc/credentials/dgx', { userName: 'qct.admin', password: 'qct.admin' });
    assert.equal((await api.call('GET', '/power?name=dgx01')).json().items[0].findings[0].code, 'default-password');
  });

  test('tells its log', async () => {
    const api = new Bench();
    await api.withNodes(1);
    const [entry] = (await api.call('GET', '/nodes/dgx01/bmc/log')).json().items;
    assert.equal(entry.text, 'PSU 1 lost');
    assert.equal(entry.at, '2023-11-14T22:13:20.000Z');
    assert.equal(entry.position, String(entry.id));
    assert.equal((await api.call('GET', `/nodes/dgx01/bmc/log?since=${entry.id}@1710612000`)).statusCode, 200);
    assert.equal((await api.call('GET', '/nodes/dgx01/bmc/log?since=1@')).statusCode, 422);
  });
});

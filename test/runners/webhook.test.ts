import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EventFile } from '../../src/runners/event-file.ts';
import type { RunEvent } from '../../src/runners/run-event.ts';
import { ended, launched, logOf, ordered } from './launcher/house.ts';

const CLIENT = fileURLToPath(new URL('../../src/runners/kinds/webhook-client.ts', import.meta.url));
const SECRET = 'correct horse battery staple';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (asked: Asked, count: number) => { status: number; body?: string; headers?: Record<string, string> };

async function told(t: TestContext, answer: Answer) {
  const asked: Asked[] = [];
  const server = createServer((request, response: ServerResponse) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const each = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      asked.push(each);
      const { status, body: text = '', headers = {} } = answer(each, asked.length);
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const base = ordered(t, []);
  const folder = dirname(base.folder);
  const [secretFile, order, events] = ['secret', 'webhook.json', 'events.jsonl'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  const hosts = [{ name: 'dgx01', address: '10.77.0.1', roles: ['gpu'] }, { name: 'dgx02' }];
  const body = { cluster: 'pod1', action: 'add-worker', by: 'installed', hosts };
  writeFileSync(order, JSON.stringify({ url: `http://127.0.0.1:${port}/join`, secretFile, body }));
  const step = { argv: [process.execPath, CLIENT, order], env: { PODBOOT_EVENTS: events } };
  const run = await launched(ordered(t, [step]));
  const end = await ended(run);
  const results: RunEvent[] = [];
  await new EventFile(events).read((event) => results.push(event));
  return { asked, end, results, log: logOf(run).toString(), run };
}

test('a signed body is sent once, and the answer says what became of each node', async (t) => {
  const body = JSON.stringify({
    hosts: { dgx01: { result: 'changed' }, dgx02: { result: 'failed', message: 'no seat' } },
  });
  const { asked, end, results, run } = await told(t, () => ({ status: 200, body }));
  assert.equal(end.steps[0]?.exitCode, 0);
  const [request] = asked;
  assert.equal(asked.length, 1);
  const sent = JSON.parse(request?.body ?? '');
  assert.equal(sent.run, run.id);
  assert.deepEqual(sent.hosts[0], { name: 'dgx01', address: '10.77.0.1', roles: ['gpu'] });
  const time = request?.headers['x-podboot-timestamp'];
  const expected = createHmac('sha256', SECRET).update(`${time}.${request?.body}`).digest('hex');
  assert.equal(request?.headers['x-podboot-signature'], `sha256=${expected}`);
  assert.equal(request?.headers['idempotency-key'], run.id);
  assert.deepEqual(results, [
    { event: 'host', host: 'dgx01', result: 'changed' },
    { event: 'host', host: 'dgx02', result: 'failed', message: 'no seat' },
  ]);
});

test('a server that is not able to yet is asked again; an answer without hosts means all', async (t) => {
  const { asked, end, results, log } = await told(t, (_, count) =>
    count === 1 ? { status: 503, body: 'starting', headers: { 'retry-after': '1' } } : { status: 204 },
  );
  assert.equal(end.steps[0]?.exitCode, 0);
  assert.equal(asked.length, 2);
  assert.equal(asked[0]?.headers['idempotency-key'], asked[1]?.headers['idempotency-key']);
  assert.match(log, /503: starting; again in 1 s/);
  assert.deepEqual(
    results.map((event) => event.event === 'host' && event.result),
    ['changed', 'changed'],
  );
});

test('a refusal is told with the server’s words and not tried again', async (t) => {
  const { asked, end } = await told(t, () => ({ status: 422, body: JSON.stringify({ detail: 'who is dgx01?' }) }));
  assert.equal(asked.length, 1);
  assert.equal(end.steps[0]?.exitCode, 1);
  assert.match(end.steps[0]?.lastWords ?? '', /422: who is dgx01\?/);
});

test('the secret goes nowhere but into the signature, and a redirection to another server is not followed', async (t) => {
  const { end, log } = await told(t, () => ({ status: 202, headers: { location: 'http://127.0.0.2:1/x' } }));
  assert.equal(end.steps[0]?.exitCode, 1);
  assert.match(log, /another server/);
  assert.ok(!log.includes('battery'));
});

test('an answer that is no JSON, or says nothing of a node, is a failure of those', async (t) => {
  const garbage = await told(t, () => ({ status: 200, body: '<html>' }));
  assert.equal(garbage.end.steps[0]?.exitCode, 1);
  const silent = await told(t, () => ({ status: 200, body: '{"hosts":{"dgx01":{"result":"sparkling"}}}' }));
  assert.deepEqual(silent.results, []);
});

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { createSystemClock } from '../../../src/net/system-clock.ts';
import { selfSignedCertificate } from '../../../src/rehearsal/bmc/self-signed-certificate.ts';
import { probe } from '../../../src/runners/catalogue/probe.ts';

const clock = createSystemClock();
const HOW = { statuses: [200], isSelfSigned: false };

describe('whether the page of a service is there, asked of real servers on the loopback', () => {
  const open: { close(): unknown }[] = [];
  after(() => {
    for (const each of open) each.close();
  });

  async function at(server: Pick<Server, 'listen' | 'address' | 'close'>): Promise<string> {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    open.push(server);
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function answering(status: number, headers: Record<string, string> = {}) {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status, headers).end('x'.repeat(200_000));
    });
    return { server, asked };
  }

  test('200 at the path of its health is up', async () => {
    const { server, asked } = answering(200);
    const { isUp, found } = await probe(`http://${await at(server)}/`, { ...HOW, path: '/api/health' }, { clock });
    assert.equal(isUp, true);
    assert.match(found, /^200 in \d+ ms$/);
    assert.deepEqual(asked, ['/api/health']);
  });

  test('what is seen instead is said: 503, a redirect, another status that is one of those expected', async () => {
    const down = await probe(`http://${await at(answering(503).server)}/`, HOW, { clock });
    assert.deepEqual([down.isUp, down.found], [false, '503 Service Unavailable']);
    assert.ok(down.mend);
    const moved = await probe(`http://${await at(answering(302, { location: '/login' }).server)}/`, HOW, { clock });
    assert.deepEqual([moved.isUp, moved.found], [false, '302 Found to /login']);
    const own = await probe(`http://${await at(answering(404).server)}/`, { ...HOW, statuses: [200, 404] }, { clock });
    assert.equal(own.isUp, true);
  });

  test('nobody there, and somebody who never answers', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined));
    const place = await at(server as unknown as Server);
    const silent = await probe(`http://${place}/`, HOW, { clock, timeoutMs: 200 });
    assert.deepEqual([silent.isUp, silent.found], [false, 'no answer within 0.2 s']);
    server.close();
    const gone = await probe('http://127.0.0.1:1/', HOW, { clock });
    assert.match(gone.found, /connection refused/);
    assert.match(gone.mend ?? '', /curl -v/);
  });

  test('a certificate of its own is taken where the entry says so', async () => {
    const { key, cert } = selfSignedCertificate('dashboard');
    const server = createTlsServer({ key, cert }, (_, response) => response.end('ok'));
    const url = `https://${await at(server)}/`;
    assert.equal((await probe(url, { ...HOW, isSelfSigned: true }, { clock })).isUp, true);
    const refused = await probe(url, HOW, { clock });
    assert.equal(refused.isUp, false);
    assert.match(refused.found, /certificate/);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Listeners } from '../../src/api/listeners.ts';
import { HostRefused } from '../../src/domain/errors.ts';
import { FakeClock } from '../harness/clock.ts';
import { run } from '../harness/process.ts';

let folder: string;
let listeners: Listeners;
let clock: FakeClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-api-'));
  clock = new FakeClock();
  listeners = new Listeners((_, response) => response.end('here'), clock);
});
afterEach(async () => {
  await listeners.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(target: { socketPath: string } | { port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, host: '127.0.0.1', agent: false }, (incoming) => {
      incoming.setEncoding('utf8').on('data', resolve);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function portOf(text: string | undefined): number {
  return Number(text?.split(':').at(-1));
}

describe('listening', () => {
  it('at a port and at a socket that only owner and group may use', async () => {
    const socketPath = join(folder, 'run/api.sock');
    await listeners.listen([{ host: '127.0.0.1', port: 0 }, { socketPath }]);
    const [tcp, unix] = listeners.addresses();
    assert.match(tcp ?? '', /^http:\/\/127\.0\.0\.1:[1-9]/);
    assert.equal(unix, `unix:${socketPath}`);
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
    assert.equal(await ask({ socketPath }), 'here');
    assert.equal(await ask({ port: portOf(tcp) }), 'here');
    await listeners.close();
    assert.equal(statSync(socketPath, { throwIfNoEntry: false }), undefined);
  });

  it('takes the place of a socket whose daemon was killed', async () => {
    const socketPath = join(folder, 'api.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
    run([process.execPath, '-e', script]);
    assert.ok(statSync(socketPath).isSocket());
    await listeners.listen([{ socketPath }]);
    assert.equal(await ask({ socketPath }), 'here');
  });

  it('leaves a socket alone at which another daemon answers, and a file that is none', async () => {
    const socketPath = join(folder, 'api.sock');
    const other = createServer().listen(socketPath);
    await assert.rejects(
      listeners.listen([{ socketPath }]),
      (error) => error instanceof HostRefused && /another process/.test(error.message),
    );
    await new Promise((resolve) => other.close(resolve));
    writeFileSync(socketPath, 'mine');
    await assert.rejects(
      listeners.listen([{ socketPath }]),
      (error) => error instanceof HostRefused && /no socket/.test(error.message),
    );
    assert.equal(statSync(socketPath).size, 4);
  });

  it('moves to other addresses as a whole or not at all', async () => {
    const first = join(folder, 'first.sock');
    const second = join(folder, 'second.sock');
    await listeners.listen([{ socketPath: first }]);
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(listeners.listen([{ socketPath: second }, { host: '127.0.0.1', port }]), (error) => {
      assert.ok(error instanceof HostRefused);
      assert.match(`${error.message} ${error.mend}`, new RegExp(`127\\.0\\.0\\.1:${port}.*EADDRINUSE.*ss -lptn`));
      return true;
    });
    await new Promise((resolve) => taken.close(resolve));
    assert.deepEqual(listeners.addresses(), [`unix:${first}`]);
    assert.equal(await ask({ socketPath: first }), 'here');
    await listeners.listen([{ socketPath: first }, { socketPath: second }]);
    await listeners.listen([{ socketPath: second }]);
    assert.deepEqual(listeners.addresses(), [`unix:${second}`]);
    await assert.rejects(ask({ socketPath: first }));
  });

  it('says what to do where the address is not this machine’s', async () => {
    await assert.rejects(listeners.listen([{ host: '192.0.2.1', port: 1 }]), (error) => {
      return error instanceof HostRefused && /EADDRNOTAVAIL/.test(error.message) && /ip -brief/.test(error.mend ?? '');
    });
  });

  it('ends connections that outlast the grace of a close', async () => {
    const slow = new Listeners(() => undefined, clock);
    const socketPath = join(folder, 'slow.sock');
    await slow.listen([{ socketPath }]);
    const client = connect(socketPath);
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    await new Promise<void>((resolve) =>
      client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n', () => setImmediate(resolve)),
    );
    const done = slow.close();
    clock.advance(1_999);
    await Promise.all([done, closed]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('answers garbage with 400 and goes on', async () => {
    const socketPath = join(folder, 'api.sock');
    await listeners.listen([{ socketPath }]);
    const client = connect(socketPath);
    const answer = await new Promise<string>((resolve) => {
      client.setEncoding('utf8').on('data', resolve);
      client.write('\u0016\u0003\u0001 not http\r\n\r\n');
    });
    assert.match(answer, /^HTTP\/1\.1 400/);
    assert.equal(await ask({ socketPath }), 'here');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createServiceManager } from '../../src/net/service-manager.ts';
import { FakeClock } from '../harness/clock.ts';

/** The kernel's side of a datagram socket of AF_UNIX. */
class FakeSocket {
  readonly told: string[] = [];
  readonly addresses: Buffer[] = [];
  /** Descriptors that were opened and not closed. */
  open = 0;
  /** Of the next sends: an errno each, undefined lets it through. */
  readonly fates: (string | undefined)[] = [];
  #errno = '';

  socket(domain: number, type: number): number {
    assert.deepEqual([domain, type & 0xf], [1, 2], 'AF_UNIX, SOCK_DGRAM');
    this.open += 1;
    return 7;
  }

  sendto(_socket: number, data: Uint8Array, length: number, _flags: number, address: Uint8Array): number {
    const errno = this.fates.shift();
    if (errno !== undefined) {
      this.#errno = errno;
      return -1;
    }
    this.addresses.push(Buffer.from(address));
    this.told.push(Buffer.from(data.subarray(0, length)).toString());
    return length;
  }

  close(): number {
    this.open -= 1;
    return 0;
  }

  errno(): string {
    return this.#errno;
  }
}

function managed(env: NodeJS.ProcessEnv) {
  const socket = new FakeSocket();
  const clock = new FakeClock();
  const unreachable: string[] = [];
  const manager = createServiceManager({
    env,
    libc: socket,
    pid: 42,
    clock,
    monotonicMicroseconds: () => 123_456_789n,
    unreachable: (why) => unreachable.push(why),
  });
  return { manager, socket, clock, unreachable };
}

const NOTIFY_SOCKET = '/run/systemd/notify';

describe('words to systemd', () => {
  it('are none where nobody started the daemon to wait for them', () => {
    const { manager, socket, clock } = managed({ WATCHDOG_USEC: '1000000' });
    manager.ready('serves');
    manager.feedWatchdog(() => 'serves');
    clock.advance(10_000);
    manager.stopping('stopping');
    assert.deepEqual(socket.told, []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('are one datagram each, with a status of one line', () => {
    const { manager, socket } = managed({ NOTIFY_SOCKET });
    manager.ready('serves eno2\nREADY=0');
    manager.reloading();
    manager.stopping('stopping');
    assert.deepEqual(socket.told, [
      'READY=1\nSTATUS=serves eno2 READY=0',
      'RELOADING=1\nMONOTONIC_USEC=123456789',
      'STOPPING=1\nSTATUS=stopping',
    ]);
    assert.equal(socket.open, 0);
  });

  it('go to a path with its end, and to a name of the abstract namespace without one', () => {
    for (const [name, path] of [
      [NOTIFY_SOCKET, `${NOTIFY_SOCKET}\0`],
      ['@/org/manager', '\0/org/manager'],
    ] as const) {
      const { manager, socket } = managed({ NOTIFY_SOCKET: name });
      manager.ready('');
      assert.equal(socket.addresses[0]?.readUInt16LE(), 1);
      assert.equal(socket.addresses[0]?.subarray(2).toString(), path);
    }
  });

  it('are not for children to say: their environment has no socket', () => {
    const env: NodeJS.ProcessEnv = { NOTIFY_SOCKET, WATCHDOG_USEC: '5', WATCHDOG_PID: '42', HOME: '/' };
    managed(env);
    assert.deepEqual(env, { HOME: '/' });
  });

  it('are sent again while systemd has too much to read, whole and in order', () => {
    const { manager, socket, clock, unreachable } = managed({ NOTIFY_SOCKET });
    socket.fates.push('EAGAIN', 'EAGAIN');
    manager.ready('serves');
    assert.deepEqual(socket.told, []);
    manager.stopping('stopping');
    assert.deepEqual(socket.told, []);
    clock.advance(1_000);
    assert.deepEqual(socket.told, ['READY=1\nSTATUS=serves\nSTOPPING=1\nSTATUS=stopping']);
    assert.deepEqual(unreachable, []);
    assert.equal(socket.open, 0);
  });

  it('that never get through are given up, and told once', () => {
    const { manager, socket, clock, unreachable } = managed({ NOTIFY_SOCKET });
    socket.fates.push(...Array<string>(1_000).fill('EAGAIN'));
    manager.ready('serves');
    clock.advance(60_000);
    manager.ready('serves');
    clock.advance(60_000);
    assert.deepEqual(unreachable, ['EAGAIN']);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(socket.open, 0);
  });
});

describe('the watchdog', () => {
  it('is fed twice in its interval, until the stop', () => {
    const { manager, socket, clock } = managed({ NOTIFY_SOCKET, WATCHDOG_USEC: '20000000', WATCHDOG_PID: '42' });
    manager.feedWatchdog(() => '');
    clock.advance(40_000);
    assert.deepEqual(socket.told, Array(5).fill('WATCHDOG=1'));
    manager.stopping('');
    clock.advance(40_000);
    assert.equal(socket.told.length, 6);
    assert.equal(clock.pendingTimers, 0);
  });

  it('of another process is not ours to feed; the status is told when it changes', () => {
    const { manager, socket, clock } = managed({ NOTIFY_SOCKET, WATCHDOG_USEC: '20000000', WATCHDOG_PID: '41' });
    let nodes = 1;
    manager.feedWatchdog(() => `${nodes} nodes`);
    clock.advance(90_000);
    nodes = 2;
    clock.advance(90_000);
    assert.deepEqual(socket.told, ['STATUS=1 nodes', 'STATUS=2 nodes']);
  });
});

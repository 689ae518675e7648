import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BmcError } from '../../../src/bmc/driver.ts';
import { fetchFingerprint, readFingerprint } from '../../../src/bmc/redfish/fingerprint.ts';
import { selfSignedCertificate } from '../../../src/rehearsal/bmc/self-signed-certificate.ts';
import { CERTIFICATE, PASSWORD, RedfishPod, USER_NAME } from './pod.ts';

const DEADLINE_MS = 60_000;

describe('a session', () => {
  test('is kept while it is used, and given back when it is not', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver({ idleMs: 10_000 });
    for (let index = 0; index < 5; index += 1) {
      await pod.until(power!.read(DEADLINE_MS));
      await pod.pass(5_000);
    }
    assert.deepEqual([pod.bmc.sessions.opened, pod.bmc.sessions.open], [1, 1]);
    await pod.pass(11_000);
    assert.equal(pod.bmc.sessions.open, 0);
    await pod.until(power!.read(DEADLINE_MS));
    assert.equal(pod.bmc.sessions.opened, 2);
  });

  test('ends at the BMC when the driver is closed, and nothing more is asked', async () => {
    await using pod = await RedfishPod.start();
    const driver = pod.driver();
    await pod.until(driver.power!.read(DEADLINE_MS));
    assert.equal(pod.bmc.sessions.open, 1);
    await pod.until(driver.close());
    assert.equal(pod.bmc.sessions.open, 0);
    await assert.rejects(pod.until(driver.power!.read(DEADLINE_MS)), { failure: 'no-answer' });
    assert.equal(pod.clock.pendingTimers, 0);
  });

  test('that ends in the middle is opened once again, and the operation goes on', async () => {
    await using pod = await RedfishPod.start({ quirks: { sessionRequests: 4 } });
    const { power } = pod.driver();
    pod.chassis.turnOn();
    for (let index = 0; index < 6; index += 1) await pod.until(power!.act('reset', DEADLINE_MS));
    assert.equal(pod.chassis.counts.reset, 6);
    assert(pod.bmc.sessions.opened >= 3);
    assert(pod.bmc.sessions.open <= 1);
  });

  test('that is refused just after it was opened is given up, and closed', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    pod.bmc.fault = ({ method, path }) => (method === 'GET' && path !== '/redfish/v1/' ? { status: 401 } : undefined);
    await assert.rejects(pod.until(power!.read(DEADLINE_MS)), { failure: 'credentials' });
    assert.equal(pod.bmc.requests.filter((one) => one.startsWith('POST')).length, 2);
    pod.bmc.fault = undefined;
  });

  test('that can’t be had, because all are taken, is waited for, and told', async () => {
    await using pod = await RedfishPod.start({ quirks: { maxSessions: 1 } });
    const first = pod.driver({ idleMs: 20_000 });
    await pod.until(first.power!.read(DEADLINE_MS));
    const { power } = pod.driver();
    await assert.rejects(pod.until(power!.read(8_000)), { failure: 'busy', message: /number of sessions/ });
    assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
  });

  test('that a BMC does not have is done without: the password goes with each request', async () => {
    await using pod = await RedfishPod.start({ quirks: { basicOnly: true } });
    const { power } = pod.driver();
    assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
    assert.equal(pod.bmc.sessions.opened, 0);
  });

  for (const basicOnly of [false, true]) {
    test(`with a wrong password is refused, and it is sent once${basicOnly ? ' (without sessions)' : ''}`, async () => {
      await using pod = await RedfishPod.start({ quirks: { basicOnly } });
      const { power } = pod.driver({ credentials: { userName: USER_NAME, password: 'not this one' } });
      await assert.rejects(pod.until(power!.read(DEADLINE_MS)), (error) => {
        assert(error instanceof BmcError);
        assert.equal(error.failure, 'credentials');
        assert.doesNotMatch(error.message, /not this one/);
        return true;
      });
      assert.equal(pod.bmc.failedLogins, 1);
    });
  }

  test('whose place the BMC gives by a name of its own is ended at this BMC all the same', async () => {
    await using pod = await RedfishPod.start({ quirks: { locationPrefix: 'https://bmc.local:8443' } });
    const driver = pod.driver();
    await pod.until(driver.power!.read(DEADLINE_MS));
    await pod.until(driver.close());
    assert.equal(pod.bmc.sessions.open, 0);
  });

  test('outlives a BMC that cuts its connections', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    await pod.until(power!.read(DEADLINE_MS));
    pod.server.cutConnections();
    assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
    assert.equal(pod.bmc.sessions.opened, 1);
  });

  test('waits for a BMC that is busy', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    let refusals = 3;
    pod.bmc.fault = ({ path }) =>
      path.includes('/Systems/') && refusals-- > 0 ? { status: 503, headers: { 'retry-after': '3' } } : undefined;
    assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
  });
});

describe('a certificate', () => {
  test('is shown for enrolment, and nothing is sent meanwhile', async () => {
    await using pod = await RedfishPod.start();
    const shown = await fetchFingerprint('127.0.0.1', pod.server.port, { clock: pod.clock, timeoutMs: 10_000 });
    assert.equal(shown, CERTIFICATE.fingerprint);
    assert.deepEqual(pod.bmc.requests, []);
    assert.equal(pod.clock.pendingTimers, 0);
  });

  test('that was changed gets nothing: no request, no password', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    await pod.until(power!.read(DEADLINE_MS));
    const other = selfSignedCertificate('bmc.local');
    pod.server.changeCertificate(other);
    const before = pod.bmc.requests.length;
    await assert.rejects(pod.until(power!.act('on', DEADLINE_MS)), (error) => {
      assert(error instanceof BmcError);
      assert.deepEqual([error.failure, error.mayHaveActed], ['not-trusted', false]);
      assert(error.message.includes(other.fingerprint) && error.message.includes(CERTIFICATE.fingerprint));
      return true;
    });
    assert.equal(pod.bmc.requests.length, before);
    pod.server.changeCertificate(CERTIFICATE);
  });

  test('of another BMC is refused at the first word', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver({ fingerprint: '00'.repeat(32) });
    await assert.rejects(pod.until(power!.read(DEADLINE_MS)), { failure: 'not-trusted' });
    assert.deepEqual(pod.bmc.requests, []);
  });

  test('of an old BMC, which has TLS 1.2 at most, is good', async () => {
    await using pod = await RedfishPod.start({ listening: { maxVersion: 'TLSv1.2' } });
    assert.equal(await pod.until(pod.driver().power!.read(DEADLINE_MS)), 'off');
  });

  test('is read with colons and without, and nothing else is one', () => {
    const colons = CERTIFICATE.fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:');
    assert.equal(readFingerprint(colons), CERTIFICATE.fingerprint);
    for (const text of ['', 'ab', '00'.repeat(20), 'zz'.repeat(32)]) {
      assert.throws(() => readFingerprint(text), RangeError);
    }
  });
});

describe('a port', () => {
  test('where nothing listens is unreachable, and nothing was done', async () => {
    const pod = await RedfishPod.start();
    const driver = pod.driver();
    await pod.server[Symbol.asyncDispose]();
    await assert.rejects(pod.until(driver.power!.act('on', DEADLINE_MS)), {
      failure: 'unreachable',
      mayHaveActed: false,
    });
    await pod.until(driver.close());
  });

  test('that does not speak TLS is told as that', async () => {
    const { createServer } = await import('node:net');
    const plain = createServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    await using pod = await RedfishPod.start();
    const address = plain.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { power } = pod.driver({ port, credentials: { userName: USER_NAME, password: PASSWORD } });
    await assert.rejects(pod.until(power!.read(DEADLINE_MS)), { failure: 'not-trusted', message: /TLS/ });
    await new Promise<void>((resolve) => void plain.close(() => resolve()));
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AMI_DGX, GBX00, type RedfishLayout } from '../../../src/rehearsal/bmc/redfish-layouts.ts';
import { CERTIFICATE, PASSWORD, RedfishPod, USER_NAME } from './pod.ts';

const DEADLINE_MS = 60_000;
const FIRST_SECOND = 1_767_225_600;

describe('the inventory', () => {
  for (const [layout, product, bmcFirmware] of [
    [AMI_DGX, 'DGXH100', '24.09.17'],
    [GBX00, 'GB200 NVL', 'GB200Nvl-24.10-9'],
  ] as const) {
    test(`of a ${product} says what it is, and its addresses`, async () => {
      await using pod = await RedfishPod.start({
        layout,
        macs: ['a0:88:c2:00:00:01', 'a0:88:c2:00:00:02', '00:00:00:00:00:00'],
        bmcMac: 'a0:88:c2:00:00:10',
      });
      assert.deepEqual(await pod.until(pod.driver().inventory!.read(DEADLINE_MS)), {
        manufacturer: 'NVIDIA',
        product,
        serialNumber: '1660224000012',
        uuid: 'c0ffee00-1234-5678-9abc-def012345678',
        bmcMac: 'a0:88:c2:00:00:10',
        bmcFirmware,
        macs: ['a0:88:c2:00:00:01', 'a0:88:c2:00:00:02'],
      });
    });
  }

  test('leaves out what the maker did not fill in', async () => {
    await using pod = await RedfishPod.start({
      serialNumber: 'To be filled by O.E.M.',
      uuid: '00000000-0000-0000-0000-000000000000',
    });
    const inventory = await pod.until(pod.driver().inventory!.read(DEADLINE_MS));
    assert.deepEqual([inventory.serialNumber, inventory.uuid, inventory.macs], [undefined, undefined, undefined]);
  });
});

describe('the log', () => {
  const entries = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      timeSeconds: FIRST_SECOND + Math.floor(at / 3),
      message: `event ${at + 1}`,
      severity: at % 2 === 0 ? ('OK' as const) : ('Critical' as const),
    }));

  for (const layout of [AMI_DGX, GBX00] satisfies readonly RedfishLayout[]) {
    test(`of a ${layout.model} is read on from where it was left, over its pages`, async () => {
      await using pod = await RedfishPod.start({ layout, log: entries(25), quirks: { pageSize: 10 } });
      const { log } = pod.driver();
      const first = await pod.until(log!.read(0, 10, DEADLINE_MS));
      assert.deepEqual(
        first.map(({ text }) => text),
        entries(10).map(({ message }) => message),
      );
      assert.deepEqual([first[1]?.severity, first[1]?.timeSeconds], ['critical', FIRST_SECOND]);
      const rest = await pod.until(log!.read(first.at(-1)?.id ?? 0, 100, DEADLINE_MS));
      assert.deepEqual(
        rest.map(({ text }) => text),
        entries(25)
          .slice(10)
          .map(({ message }) => message),
      );
      assert.deepEqual(await pod.until(log!.read(rest.at(-1)?.id ?? 0, 100, DEADLINE_MS)), []);
    });
  }

  test('that was cleared is read from its beginning', async () => {
    await using pod = await RedfishPod.start({ log: entries(25) });
    const { log } = pod.driver();
    pod.bmc.log = entries(2);
    assert.equal((await pod.until(log!.read(25, 100, DEADLINE_MS))).length, 2);
    pod.bmc.log = [];
    assert.deepEqual(await pod.until(log!.read(25, 100, DEADLINE_MS)), []);
  });

  test('without end is read to a bound', async () => {
    await using pod = await RedfishPod.start();
    let pages = 0;
    pod.bmc.fault = ({ path }) => {
      if (!path.includes('/Entries')) return undefined;
      pages += 1;
      return { status: 200, body: { Members: [], 'Members@odata.nextLink': `/redfish/v1/Entries?$skip=${pages}` } };
    };
    assert.deepEqual(await pod.until(pod.driver().log!.read(0, 100, DEADLINE_MS)), []);
    assert.equal(pages, 64);
  });
});

describe('the light', () => {
  test('burns for as long as it was asked for, and goes out with the driver', async () => {
    await using pod = await RedfishPod.start();
    const driver = pod.driver();
    await pod.until(driver.identify!.identify(30, DEADLINE_MS));
    assert.equal(pod.bmc.isIdentified, true);
    await pod.pass(29_000);
    assert.equal(pod.bmc.isIdentified, true);
    await pod.pass(2_000);
    assert.equal(pod.bmc.isIdentified, false);
    await pod.until(driver.identify!.identify(300, DEADLINE_MS));
    await pod.until(driver.close());
    assert.equal(pod.bmc.isIdentified, false);
    assert.equal(pod.clock.pendingTimers, 0);
  });
});

describe('the password', () => {
  test('is changed, the old one is of no use, and the driver goes on with the new one', async () => {
    await using pod = await RedfishPod.start();
    const driver = pod.driver();
    await pod.until(driver.password!.change('another horse 2', DEADLINE_MS));
    assert.equal(await pod.until(driver.power!.read(DEADLINE_MS)), 'off');
    assert.equal(pod.bmc.sessions.open, 1);
    await assert.rejects(pod.until(pod.driver().power!.read(DEADLINE_MS)), { failure: 'credentials' });
  });

  test('that the BMC can’t keep is refused before it is sent, and is told to nobody', async () => {
    await using pod = await RedfishPod.start();
    const { password } = pod.driver();
    for (const text of ['', 'short', 'x'.repeat(21), 'with\nline end']) {
      await assert.rejects(pod.until(password!.change(text, DEADLINE_MS)), (error: Error) => {
        assert(error instanceof RangeError);
        assert(text === '' || !error.message.includes(text));
        return true;
      });
    }
    assert.equal(pod.bmc.requests.filter((one) => one.startsWith('PATCH')).length, 0);
  });

  test('is masked where the BMC quotes it', async () => {
    await using pod = await RedfishPod.start();
    pod.bmc.fault = ({ path }) =>
      path === '/redfish/v1/AccountService'
        ? { status: 200, body: { Accounts: { '@odata.id': `${path}/Accounts` } } }
        : undefined;
    const long = 'a password of the longer kind';
    await assert.rejects(pod.until(pod.driver().password!.change(long, DEADLINE_MS)), (error: Error) => {
      assert(error instanceof RangeError);
      assert.match(error.message, /The value '•••' for the property Password/);
      return true;
    });
  });

  test('of a new BMC, which lets nothing else be done, is changed', async () => {
    await using pod = await RedfishPod.start({ quirks: { mustChangePassword: true } });
    const driver = pod.driver();
    await assert.rejects(pod.until(driver.power!.read(DEADLINE_MS)), {
      failure: 'credentials',
      message: /must be changed before access/,
    });
    await pod.until(driver.password!.change('another horse 2', DEADLINE_MS));
    assert.equal(await pod.until(driver.power!.read(DEADLINE_MS)), 'off');
  });
});

describe('a BMC that is not to be believed', () => {
  const host = '/redfish/v1/Systems/DGX';
  const answers: readonly (readonly [
    string,
    string,
    { status: number; headers?: Record<string, string>; body?: object | string },
    RegExp,
  ])[] = [
    ['sends a body without end', host, { status: 200, body: `{"a":"${'x'.repeat(5_000_000)}"}` }, /larger than 4 MiB/],
    ['sends garbage', host, { status: 200, body: '<html>\u0007<b>404' }, /can’t be read: .* It begins “<html>/],
    ['sends half a body', host, { status: 200, body: '{"Id":"DGX","Boot":{' }, /can’t be read/],
    ['nests without end', host, { status: 200, body: `{"a":${'['.repeat(100_000)}` }, /deeper than 32 levels/],
    ['sends a list in an object’s place', host, { status: 200, body: '[]' }, /it is no JSON object/],
    ['sends nothing', host, { status: 200 }, /is empty/],
    [
      'sends us to another host',
      host,
      { status: 302, headers: { location: 'https://192.0.2.1/' } },
      /sends us elsewhere/,
    ],
    [
      'links to another host',
      '/redfish/v1/Systems',
      { status: 200, body: { Members: [{ '@odata.id': 'https://192.0.2.1/redfish/v1/Systems/1' }] } },
      /another host, which is not followed/,
    ],
    [
      'links to another port',
      '/redfish/v1/Systems',
      { status: 200, body: { Members: [{ '@odata.id': '//127.0.0.1:1/redfish/v1/Systems/1' }] } },
      /another host/,
    ],
    [
      'links out of its service',
      '/redfish/v1/Systems',
      { status: 200, body: { Members: [{ '@odata.id': '/redfish/../cgi-bin/x' }] } },
      /out of its Redfish service/,
    ],
    [
      'has no host',
      '/redfish/v1/Systems',
      { status: 200, body: { Members: [{ '@odata.id': '/redfish/v1/Systems/HGX_Baseboard_0' }] } },
      /no system that can be reset and booted; it has HGX_Baseboard_0/,
    ],
    [
      'says nothing of its power',
      host,
      { status: 200, body: { Id: 'DGX', Boot: {}, Actions: { '#ComputerSystem.Reset': {} }, PowerState: null } },
      /does not say whether/,
    ],
  ];
  for (const [name, path, answer, message] of answers) {
    test(`${name}: refused in words, and the session is given back`, async () => {
      await using pod = await RedfishPod.start();
      pod.bmc.fault = (request) => (request.path === path ? answer : undefined);
      const driver = pod.driver();
      await assert.rejects(pod.until(driver.power!.read(DEADLINE_MS)), (error: Error & { failure?: string }) => {
        assert.equal(error.failure, 'refused');
        assert.match(error.message, message);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none
        assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
        assert(error.message.length < 1_500);
        return true;
      });
      await pod.until(driver.close());
      assert.equal(pod.bmc.sessions.open, 0);
    });
  }

  test('has two hosts: it is asked which is meant', async () => {
    await using pod = await RedfishPod.start();
    const two = { Members: [{ '@odata.id': host }, { '@odata.id': '/redfish/v1/Systems/Other' }] };
    const other = {
      Id: 'Other',
      SystemType: 'Physical',
      PowerState: 'On',
      Boot: {},
      Actions: { '#ComputerSystem.Reset': {} },
    };
    pod.bmc.fault = ({ path }) => {
      if (path === '/redfish/v1/Systems') return { status: 200, body: two };
      return path.endsWith('/Other') ? { status: 200, body: other } : undefined;
    };
    await assert.rejects(pod.until(pod.driver().power!.read(DEADLINE_MS)), { message: /several systems, DGX, Other/ });
    assert.equal(await pod.until(pod.driver({ system: 'Other' }).power!.read(DEADLINE_MS)), 'on');
    await assert.rejects(pod.until(pod.driver({ system: 'No' }).power!.read(DEADLINE_MS)), { message: /no system No/ });
  });

  test('is silent: the deadline is kept', async () => {
    await using pod = await RedfishPod.start();
    const driver = pod.driver({
      credentials: { userName: USER_NAME, password: PASSWORD },
      fingerprint: CERTIFICATE.fingerprint,
    });
    await pod.until(driver.power!.read(DEADLINE_MS));
    pod.bmc.silentMs = 100_000;
    const before = pod.clock.monotonic();
    await assert.rejects(pod.until(driver.power!.read(10_000)), { failure: 'no-answer', mayHaveActed: false });
    assert(pod.clock.monotonic() - before < 12_000);
    pod.bmc.silentMs = 0;
    await pod.pass(100_000);
  });
});

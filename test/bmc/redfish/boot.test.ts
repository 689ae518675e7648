import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BootOverride } from '../../../src/bmc/driver.ts';
import { BootDeviceSelector } from '../../../src/codecs/ipmi/commands/boot-options.ts';
import { AMI_DGX, GBX00, PLAIN } from '../../../src/rehearsal/bmc/redfish-layouts.ts';
import { redfishError } from '../../../src/rehearsal/bmc/redfish-messages.ts';
import type { RedfishQuirks } from '../../../src/rehearsal/bmc/redfish-quirks.ts';
import { RedfishPod } from './pod.ts';

const DEADLINE_MS = 60_000;
const LAYOUTS = [
  ['a DGX by AMI', AMI_DGX],
  ['a GBx00', GBX00],
  ['a plain server', PLAIN],
] as const;
const OVERRIDES: readonly BootOverride[] = [
  { device: 'network', persistent: false, uefi: true },
  { device: 'network-http', persistent: false, uefi: true },
  { device: 'disk', persistent: true, uefi: true },
  { device: 'network', persistent: true, uefi: true },
  { device: 'none', persistent: false, uefi: true },
];

for (const [name, layout] of LAYOUTS) {
  describe(`the boot device of ${name}`, () => {
    test('is set, reads back, and is gone where it was for one boot', async () => {
      await using pod = await RedfishPod.start({ layout });
      const { bootDevice, power } = pod.driver();
      for (const override of OVERRIDES) {
        await pod.until(bootDevice!.set(override, DEADLINE_MS));
        assert.deepEqual(await pod.until(bootDevice!.read(DEADLINE_MS)), override);
      }
      await pod.until(bootDevice!.set({ device: 'network', persistent: false, uefi: true }, DEADLINE_MS));
      await pod.until(power!.act('on', DEADLINE_MS));
      assert.deepEqual(pod.boots, [{ device: BootDeviceSelector.PXE }]);
      assert.equal((await pod.until(bootDevice!.read(DEADLINE_MS))).device, 'none');
    });

    test('that it has already is set again all the same', async () => {
      for (const quirks of [{ refusesUnchangedBoot: true }, { wantsWholeBoot: layout.hasBootMode }]) {
        await using pod = await RedfishPod.start({ layout, quirks });
        const { bootDevice } = pod.driver();
        const disk: BootOverride = { device: 'disk', persistent: true, uefi: true };
        for (const override of [disk, disk, { ...disk, persistent: false }]) {
          await pod.until(bootDevice!.set(override, DEADLINE_MS));
          assert.deepEqual(await pod.until(bootDevice!.read(DEADLINE_MS)), override);
        }
      }
    });
  });
}

describe('an ETag', () => {
  for (const [name, quirks] of [
    ['that is wanted strong, and given weak', { etags: 'weak', ifMatch: 'strong' }],
    ['that never matches', { etags: 'strong', ifMatch: 'never' }],
    ['that is wanted', { etags: 'strong', ifMatch: 'required' }],
    ['that is wanted, and not given', { etags: 'none', ifMatch: 'required' }],
    ['that nobody wants', { etags: 'weak', ifMatch: 'ignored' }],
  ] satisfies readonly (readonly [string, RedfishQuirks])[]) {
    test(`${name} does not keep the boot device from being set`, async () => {
      await using pod = await RedfishPod.start({ quirks });
      const { bootDevice } = pod.driver();
      await pod.until(bootDevice!.set({ device: 'network-http', persistent: false, uefi: true }, DEADLINE_MS));
      assert.equal((await pod.until(bootDevice!.read(DEADLINE_MS))).device, 'network-http');
    });
  }

  test('that is refused weak is sent strong next, and none at all only then', async () => {
    for (const [ifMatch, tries] of [
      ['strong', ['weak', 'strong']],
      ['never', ['weak', 'strong', 'none']],
    ] as const) {
      await using pod = await RedfishPod.start({ quirks: { ifMatch } });
      const sent: string[] = [];
      pod.bmc.fault = ({ method, headers }) => {
        const tag = headers['if-match'];
        if (method === 'PATCH') sent.push(tag === undefined ? 'none' : tag.startsWith('W/"') ? 'weak' : 'strong');
        return undefined;
      };
      const { bootDevice } = pod.driver();
      await pod.until(bootDevice!.set({ device: 'disk', persistent: true, uefi: true }, DEADLINE_MS));
      assert.deepEqual(sent, tries);
    }
  });

  test('is the one of the resource that is changed, and is sent as it was given', async () => {
    await using pod = await RedfishPod.start();
    const sent: (string | undefined)[] = [];
    pod.bmc.fault = ({ method, headers }) => {
      if (method === 'PATCH') sent.push(headers['if-match']);
      return undefined;
    };
    const { bootDevice } = pod.driver();
    await pod.until(bootDevice!.set({ device: 'disk', persistent: true, uefi: true }, DEADLINE_MS));
    assert.equal(sent.length, 1);
    assert.match(sent[0] ?? '', /^W\/"/);
  });
});

describe('a boot device', () => {
  test('that the machine does not have is refused before it is sent', async () => {
    await using pod = await RedfishPod.start();
    const { bootDevice } = pod.driver();
    pod.bmc.fault = ({ method, path }) => {
      if (method !== 'GET' || path !== '/redfish/v1/Systems/DGX') return undefined;
      return {
        status: 200,
        body: {
          Id: 'DGX',
          Actions: { '#ComputerSystem.Reset': { target: '/redfish/v1/x' } },
          Boot: { 'BootSourceOverrideTarget@Redfish.AllowableValues': ['None', 'Pxe', 'Hdd'] },
        },
      };
    };
    await pod.until(bootDevice!.read(DEADLINE_MS));
    assert.deepEqual(bootDevice!.devices, ['none', 'network', 'disk']);
    await assert.rejects(
      pod.until(bootDevice!.set({ device: 'network-http', persistent: false, uefi: true }, DEADLINE_MS)),
      { failure: 'refused', message: /UefiHttp; it can by none, network, disk/ },
    );
    assert.equal(pod.bmc.requests.filter((one) => one.startsWith('PATCH')).length, 0);
  });

  test('that is refused is refused in the BMC’s words, its advice with them', async () => {
    await using pod = await RedfishPod.start();
    const { bootDevice } = pod.driver();
    pod.bmc.fault = ({ method }) =>
      method === 'PATCH'
        ? redfishError(400, 'PropertyNotWritable', 'Locked by \u001b[31mpolicy\u202e.\r\n', 'Unlock it.')
        : undefined;
    await assert.rejects(
      pod.until(bootDevice!.set({ device: 'network', persistent: false, uefi: true }, DEADLINE_MS)),
      (error: Error) => {
        assert.match(error.message, /“Locked by \[31mpolicy \.” It advises: “Unlock it\.”$/);
        return true;
      },
    );
    // Each way that may do was tried, and no more.
    const tried = pod.bmc.requests.filter((one) => one.startsWith('PATCH')).length;
    assert(tried > 1 && tried <= 8, `${tried} tries`);
  });

  test('that the user may not set is told at once', async () => {
    await using pod = await RedfishPod.start();
    const { bootDevice } = pod.driver();
    pod.bmc.fault = ({ method }) => (method === 'PATCH' ? { status: 403 } : undefined);
    await assert.rejects(pod.until(bootDevice!.set({ device: 'disk', persistent: true, uefi: true }, DEADLINE_MS)), {
      failure: 'privilege',
    });
    assert.equal(pod.bmc.requests.filter((one) => one.startsWith('PATCH')).length, 1);
  });
});

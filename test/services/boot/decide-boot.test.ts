import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Firmware } from '../../../src/domain/client.ts';
import type { GrantStanding } from '../../../src/domain/install-ports.ts';
import type { ProfileSettings } from '../../../src/domain/settings.ts';
import { decideBoot, loaderFor } from '../../../src/services/boot/decide-boot.ts';
import { DISK_QUIRKS, type DiskQuirk } from '../../../src/services/boot/disk-methods.ts';
import { bootSettings, client, node, port, RESCUE } from './fixtures.ts';

const UEFI = client('pxe', 'uefi-x64');
const NO_GRANT: GrantStanding = { kind: 'none', reason: 'it has no boot grant' };

test('a stranger boots nothing', () => {
  assert.equal(decideBoot(undefined, UEFI, bootSettings(), DISK_QUIRKS, NO_GRANT).action, 'nothing');
});

for (const role of ['bmc', 'infiniband', 'other'] as const) {
  test(`an interface with the role ${role} never boots its node`, () => {
    const decision = decideBoot(port({}, { role }), UEFI, bootSettings(), DISK_QUIRKS, NO_GRANT);
    assert.equal(decision.action, 'nothing');
    assert.match(decision.reason, new RegExp(role));
  });
}

for (const stage of ['os', 'bootp'] as const) {
  test(`a client at the stage ${stage} has nothing to boot`, () => {
    assert.equal(
      decideBoot(port(), client(stage, 'uefi-x64'), bootSettings(), DISK_QUIRKS, NO_GRANT).action,
      'nothing',
    );
  });
}

test('an Infiniband interface that is made a boot interface may boot', () => {
  const { mac: _, ...nic } = port().interface;
  const infiniband = { node: node(), interface: { ...nic, clientId: 'ff00' } };
  assert.equal(decideBoot(infiniband, UEFI, bootSettings(), DISK_QUIRKS, NO_GRANT).action, 'kernel');
});

test('a live profile boots its kernel', () => {
  assert.deepEqual(decideBoot(port(), UEFI, bootSettings(), DISK_QUIRKS, NO_GRANT), {
    action: 'kernel',
    profile: 'rescue',
    kernel: 'debian/linux',
    initrds: ['debian/initrd.gz'],
    arguments: 'console=ttyS0,115200',
    reason: 'its profile is rescue',
  });
});

test('a node whose profile is gone from the configuration gets its disk', () => {
  const decision = decideBoot(port({ profile: 'gone' }), UEFI, bootSettings(), DISK_QUIRKS, NO_GRANT);
  assert.equal(decision.action, 'disk');
  assert.match(decision.reason, /gone/);
});

test('a profile of a kind that nobody knows is not booted', () => {
  const profiles = new Map([['rescue', { ...RESCUE, kind: 'preseed' }]]);
  assert.equal(decideBoot(port(), UEFI, bootSettings({ profiles }), DISK_QUIRKS, NO_GRANT).action, 'disk');
});

test('a profile that would install unasked is not booted even where the check was passed by', () => {
  const profiles = new Map([['rescue', { ...RESCUE, arguments: 'auto=true url=http://10.77.0.1/x' }]]);
  assert.equal(decideBoot(port(), UEFI, bootSettings({ profiles }), DISK_QUIRKS, NO_GRANT).action, 'disk');
});

test('the profile local is there without being configured, and a profile may be of its kind', () => {
  const local = { name: 'off', kind: 'local', initrds: [], arguments: '' };
  const settings = bootSettings({ profiles: new Map([['off', local]]) });
  assert.equal(decideBoot(port({ profile: 'local' }), UEFI, settings, DISK_QUIRKS, NO_GRANT).action, 'disk');
  assert.equal(decideBoot(port({ profile: 'off' }), UEFI, settings, DISK_QUIRKS, NO_GRANT).action, 'disk');
});

const DISK_TABLE: [Firmware | undefined, 'pxe' | 'http' | 'ipxe', string][] = [
  ['bios', 'pxe', 'ipxe-sanboot'],
  ['bios', 'ipxe', 'ipxe-sanboot'],
  ['uefi-x64', 'pxe', 'grub-chainload'],
  ['uefi-x64', 'http', 'grub-chainload'],
  ['uefi-x64', 'ipxe', 'grub-chainload'],
  ['uefi-arm64', 'pxe', 'grub-chainload'],
  ['uefi-ia32', 'pxe', 'no-boot-file'],
  [undefined, 'ipxe', 'ipxe-exit'],
];

for (const [firmware, stage, method] of DISK_TABLE) {
  test(`${firmware ?? 'unknown firmware'} at the stage ${stage} goes to its disk by ${method}`, () => {
    const decision = decideBoot(
      port({ profile: 'local' }),
      client(stage, firmware),
      bootSettings(),
      DISK_QUIRKS,
      NO_GRANT,
    );
    assert.equal(decision.action === 'disk' && decision.method, method);
  });
}

test("the site's disk method goes before the table, the node's before the site's", () => {
  const settings = bootSettings({ diskMethods: { 'uefi-x64': 'ipxe-exit' } });
  const site = decideBoot(port({ profile: 'local' }), UEFI, settings, DISK_QUIRKS, NO_GRANT);
  assert.equal(site.action === 'disk' && site.method, 'ipxe-exit');
  const own = decideBoot(port({ profile: 'local', diskMethod: 'no-boot-file' }), UEFI, settings, DISK_QUIRKS, NO_GRANT);
  assert.equal(own.action === 'disk' && own.method, 'no-boot-file');
});

test('a quirk may be for one vendor, one UUID or one loader', () => {
  const special: DiskQuirk[] = [
    { vendorClass: /ACME/, method: 'ipxe-exit', why: 'test' },
    { uuid: /^4c4c4544-/, method: 'ipxe-sanboot', why: 'test' },
    { loader: 'grub', method: 'grub-exit', why: 'test' },
    ...DISK_QUIRKS,
  ];
  const local = port({ profile: 'local' });
  const method = (asking: typeof UEFI, by = local): string | false => {
    const decision = decideBoot(by, asking, bootSettings(), special, NO_GRANT);
    return decision.action === 'disk' && decision.method;
  };
  assert.equal(method({ ...UEFI, vendorClass: 'PXEClient:ACME' }), 'ipxe-exit');
  assert.equal(method({ ...UEFI, uuid: '4c4c4544-0000-4000-8000-000000000001' }), 'ipxe-sanboot');
  assert.equal(method(UEFI, port({ profile: 'local', loader: 'grub' })), 'grub-exit');
  assert.equal(method(UEFI), 'grub-chainload');
});

test("the loader is the running one, then the node's, the site's, the firmware's", () => {
  const grubSite = bootSettings({ loader: 'grub' });
  assert.equal(loaderFor(node().boot, client('ipxe', 'uefi-x64'), grubSite), 'ipxe');
  assert.equal(loaderFor(node({ loader: 'ipxe' }).boot, UEFI, grubSite), 'ipxe');
  assert.equal(loaderFor(node().boot, UEFI, grubSite), 'grub');
  assert.equal(loaderFor(node().boot, client('pxe', 'bios'), grubSite), 'ipxe');
  assert.equal(loaderFor(node().boot, UEFI, bootSettings()), 'ipxe');
  assert.equal(loaderFor(node().boot, client('pxe', 'uefi-arm64'), bootSettings()), 'grub');
});

const INSTALL: ProfileSettings = {
  name: 'os',
  kind: 'preseed',
  kernel: 'debian/linux',
  initrds: ['debian/initrd.gz'],
  arguments: '',
};
const WITH_INSTALLER = bootSettings({
  profiles: new Map([
    ['os', INSTALL],
    ['rescue', RESCUE],
  ]),
});
const ARMED: GrantStanding = {
  kind: 'armed',
  grant: {
    id: 'g1',
    nodeId: 'n1',
    profile: 'os',
    state: 'armed',
    armedBy: 'anna',
    armedAt: 0,
    expiresAt: 9e12,
    attempt: 1,
    version: 1,
  },
};

for (const stage of ['pxe', 'http', 'ipxe'] as const) {
  for (const firmware of ['bios', 'uefi-x64', 'uefi-arm64'] as const) {
    test(`without a grant ${firmware} at ${stage} is sent to its disk, however often it asks`, () => {
      const asks = () =>
        decideBoot(port({ profile: 'os' }), client(stage, firmware), WITH_INSTALLER, DISK_QUIRKS, NO_GRANT);
      for (let boot = 0; boot < 5; boot += 1) {
        assert.equal(asks().action, 'disk');
        assert.match(asks().reason, /os can write to its disks, and it has no boot grant/);
      }
    });
  }
}

test('an armed node boots what its grant says, whatever its own profile is', () => {
  for (const profile of ['local', 'rescue', 'os']) {
    const decision = decideBoot(port({ profile }), UEFI, WITH_INSTALLER, DISK_QUIRKS, ARMED);
    assert.equal(decision.action, 'kernel');
    assert.match(decision.reason, /armed for os by anna/);
  }
});

test('an armed node whose profile is gone from the configuration boots its disk', () => {
  const decision = decideBoot(port({ profile: 'rescue' }), UEFI, bootSettings(), DISK_QUIRKS, ARMED);
  assert.equal(decision.action, 'disk');
});

test('a retired node boots nothing', () => {
  const retired: GrantStanding = { kind: 'retired', reason: 'it is retired: sold (anna)' };
  assert.deepEqual(decideBoot(port(), UEFI, bootSettings(), DISK_QUIRKS, retired), {
    action: 'nothing',
    reason: 'it is retired: sold (anna)',
  });
});

test('an interface that never boots its node gets nothing by a grant either', () => {
  assert.equal(decideBoot(port({}, { role: 'other' }), UEFI, WITH_INSTALLER, DISK_QUIRKS, ARMED).action, 'nothing');
});

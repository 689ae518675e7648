import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { BmcDriver, BootOverride } from '../../src/bmc/driver.ts';
import { registerBmc } from '../../src/cli/bmc.ts';
import { InvalidInput } from '../../src/domain/errors.ts';
import { ApiFixture, nodeBody } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

class Bench extends ApiFixture {
  override: BootOverride = { device: 'none', persistent: false, uefi: false };
  isDeaf = false;
  override createDriver = (name: string): BmcDriver => ({
    name,
    bootDevice: {
      devices: ['none', 'network', 'disk'],
      read: async () => this.override,
      set: async (override) => {
        if (!this.isDeaf) this.override = override;
      },
    },
    close: async () => {},
  });
}

async function podboot(words: readonly string[], { isDeaf = false, labels = {} } = {}) {
  const pod = new Bench();
  pod.isDeaf = isDeaf;
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  try {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
    await pod.call('POST', '/nodes', { ...nodeBody('dgx01', 1), labels, bmc: { driver: 'ipmi', host: '10.77.1.1' } });
    await pod.call('PUT', '/bmc/credentials/bmc', { userName: 'admin', password: 'correct-horse' });
    const env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
    const captured = capture();
    const register = (program: Parameters<typeof registerBmc>[0]) =>
      registerBmc(program, { output: captured.output, env });
    await run(register, 'bmc', 'boot-device', 'dgx01', ...words);
    const told = pod.events.filter(({ type }) => type === 'bmc.boot-device').map(({ text }) => text);
    return { captured, override: pod.override, told };
  } finally {
    await pod.api.close();
  }
}

describe('podboot bmc boot-device', () => {
  test('sets the network for the next boot, by UEFI, and the timeline has who did it', async () => {
    const { captured, override, told } = await podboot(['pxe', '--reason', 'ticket 4711']);
    assert.deepEqual(override, { device: 'network', persistent: false, uefi: true });
    assert.equal(captured.printed(), 'dgx01: network (once, UEFI)');
    assert.equal(captured.exitCode(), undefined);
    assert.deepEqual(told, ['dgx01: anna sets its boot device to network (once, UEFI): ticket 4711']);
  });

  test('sets the disk for ever, by BIOS, and prints what is read for programs', async () => {
    const words = ['disk', '--persistent', '--bios', '--by', 'ben', '--json'];
    const { captured, override, told } = await podboot(words);
    assert.deepEqual(override, { device: 'disk', persistent: true, uefi: false });
    assert.deepEqual(JSON.parse(captured.printed()), override);
    assert.deepEqual(told, ['dgx01: ben sets its boot device to disk (for ever, BIOS)']);
  });

  test('goes by the node’s label where nobody says UEFI or BIOS', async () => {
    const labels = { firmware: 'bios' };
    assert.equal((await podboot(['pxe'], { labels })).override.uefi, false);
    assert.equal((await podboot(['pxe', '--efi'], { labels })).override.uefi, true);
  });

  test('shows what it is, and changes nothing, where no device is named', async () => {
    const { captured, told } = await podboot([]);
    assert.equal(captured.printed(), 'dgx01: none set: it boots as its firmware is set up');
    assert.deepEqual(told, []);
  });

  test('ends with 1 where the BMC takes it and reads otherwise', async () => {
    const { captured } = await podboot(['disk', '--efi'], { isDeaf: true });
    assert.equal(captured.exitCode(), 1);
    assert.match(captured.told(), /took “disk, once, UEFI” and reads otherwise/);
    assert.equal((await podboot(['none'], { isDeaf: true })).captured.exitCode(), undefined);
  });

  test('sets nothing else in place of what its driver can’t set', async () => {
    await assert.rejects(podboot(['http']), /the driver ipmi can’t set network-http/);
  });

  test('refuses a device that there is none of, and sends nothing', async () => {
    await assert.rejects(podboot(['floppy']), InvalidInput);
  });
});

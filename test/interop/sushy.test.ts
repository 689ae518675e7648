import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { Chassis } from '../../src/rehearsal/bmc/chassis.ts';
import { HttpsRedfish } from '../../src/rehearsal/bmc/https-redfish.ts';
import { RedfishBmc } from '../../src/rehearsal/bmc/redfish-bmc.ts';
import { AMI_DGX, GBX00, PLAIN } from '../../src/rehearsal/bmc/redfish-layouts.ts';
import { selfSignedCertificate } from '../../src/rehearsal/bmc/self-signed-certificate.ts';
import { unmet } from '../harness/skip.ts';

/** Debian's own: another one in PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const skip = unmet({ files: [PYTHON, '/usr/lib/python3/dist-packages/sushy/__init__.py'] });
const PASSWORD = 'correct horse 1';

/** What Ironic does with a machine, by its own library. */
const SCRIPT = `
import json, sys, sushy
url, password, name = json.load(sys.stdin)
root = sushy.Sushy(url, username='admin', password=password, verify=False)
system = root.get_system('/redfish/v1/Systems/' + name)
told = [system.manufacturer, system.serial_number, system.power_state.value]
system.set_system_boot_options(target=sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE)
system.reset_system(sushy.ResetType.ON)
system.refresh(force=True)
told.append(system.power_state.value)
system.reset_system(sushy.ResetType.FORCE_OFF)
root._auth.close()
print(json.dumps(told))
`;

for (const layout of [AMI_DGX, GBX00, PLAIN]) {
  describe(`sushy and a simulated ${layout.model}`, { skip }, () => {
    const clock = createSystemClock();
    const boots: (number | undefined)[] = [];
    const chassis = new Chassis(clock, { powerOn: (flags) => void boots.push(flags?.device), powerOff: () => {} });
    const bmc = new RedfishBmc({ clock, chassis, layout, random: randomBytes, userName: 'admin', password: PASSWORD });
    let folder: string;
    let served: HttpsRedfish;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'podboot-sushy-'));
      await writeFile(join(folder, 'ironic.py'), SCRIPT);
      served = await HttpsRedfish.listen(bmc, { address: '127.0.0.1', certificate: selfSignedCertificate('bmc') });
    });
    after(async () => {
      await served?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    test('understand each other: session, power and boot device', { timeout: 30_000 }, async () => {
      // Without the caller's environment: a bundle of authorities or a proxy in it beats verify=False.
      const bounds = { timeout: 25_000, env: { PATH: '/usr/bin:/bin' } };
      const running = promisify(execFile)(PYTHON, ['-W', 'ignore', join(folder, 'ironic.py')], bounds);
      running.child.stdin?.end(JSON.stringify([`https://127.0.0.1:${served.port}`, PASSWORD, layout.systemId]));
      const { stdout } = await running;
      assert.deepEqual(JSON.parse(stdout), [layout.manufacturer, '1660224000012', 'Off', 'On']);
      assert.deepEqual([boots, chassis.isOn, bmc.sessions.open], [[0x04], false, 0]);
    });
  });
}

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Daemon } from '../harness/daemon.ts';
import { Namespace } from '../harness/namespace.ts';
import { must } from '../harness/process.ts';
import type { BenchPaths } from './cases.ts';

const NODES = 4_000;

/** The bench's network as the daemon's configuration. */
function configuration(paths: BenchPaths, dataDir: string): Record<string, unknown> {
  const subnet = { interface: 'bs0', leaseTime: '1h' };
  return {
    dataDir,
    assetsDir: join(paths.scratch, 'root'),
    interfaces: { bs0: { address: '10.99.0.1', dhcp: 'authoritative', tftp: true, http: true } },
    subnets: {
      '10.98.0.0/16': { ...subnet, pools: ['10.98.16.1-10.98.255.254'], relays: ['10.98.0.1'] },
      '10.99.0.0/16': { ...subnet, pools: ['10.99.16.1-10.99.255.254'] },
    },
    profiles: { bench: { kind: 'live', kernel: 'kernel', initrds: ['initrd'], arguments: '' } },
    dhcp: { probeInterval: '0s' },
    tftp: { maxTransfers: 1000 },
    boot: { programs: { 'uefi-x64': 'nbp.efi' } },
    log: { level: 'warn', format: 'json' },
  };
}

/** Writes the daemon's configuration for the bench, and makes a data folder with 4,000 enrolled nodes. Returns its path. */
export async function prepareFleet(paths: BenchPaths): Promise<string> {
  const own = join(paths.scratch, 'podboot');
  const fleet = join(own, `data-${NODES}`);
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  writeFileSync(
    join(own, 'podboot.yaml'),
    stringify({ ...configuration(paths, join(own, 'data')), api: { listen: [`unix:${join(own, 'api.sock')}`] } }),
  );
  must(['bash', '-c', `. ${paths.shared}/lib.sh; ns_up`]);
  const daemon = new Daemon(new Namespace('benchs'), configuration(paths, fleet));
  await daemon.start();
  for (let number = 1; number <= NODES; number += 1) {
    const hex = (value: number) => (value & 255).toString(16).padStart(2, '0');
    await daemon.enrol({
      name: `node${number}`,
      interfaces: [{ name: 'eno1', role: 'boot', mac: `02:be:00:00:${hex(number >> 8)}:${hex(number)}` }],
      boot: { profile: 'bench' },
    });
  }
  await daemon.remove();
  return fleet;
}

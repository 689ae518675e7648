import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Daemon } from '../harness/daemon.ts';
import { Namespace } from '../harness/namespace.ts';
import { must } from '../harness/process.ts';
import type { BenchPaths } from './cases.ts';

const NODES = 4_000;
/** What the bulk of the API takes at once, and what the queries of ../shared/bench ask for. */
const NAMES = 5_000;

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
    await daemon.enrol({
      name: `node${number}`,
      interfaces: [{ name: 'eno1', role: 'boot', mac: macOf(number) }],
      boot: { profile: 'bench' },
    });
  }
  await daemon.remove();
  return fleet;
}

function macOf(number: number): string {
  const hex = (value: number) => (value & 255).toString(16).padStart(2, '0');
  return `02:be:00:00:${hex(number >> 8)}:${hex(number)}`;
}

/** A data folder with the 5,000 names that the DNS queries ask for, as nodes, and a configuration that serves them. */
export async function prepareNames(paths: BenchPaths): Promise<string> {
  const own = join(paths.scratch, 'podboot');
  const names = join(own, `data-names`);
  const plain = configuration(paths, join(own, 'data'));
  const served = {
    ...plain,
    site: { domain: 'boot.test' },
    interfaces: { bs0: { address: '10.99.0.1', dhcp: 'authoritative', tftp: true, http: true, dns: true } },
    dns: { upstreams: [] },
  };
  writeFileSync(join(own, 'dns.yaml'), stringify({ ...served, api: { listen: [`unix:${join(own, 'api.sock')}`] } }));
  const daemon = new Daemon(new Namespace('benchs'), { ...plain, dataDir: names });
  await daemon.start();
  const hosts = readFileSync(join(paths.scratch, 'dns.hosts'), 'utf8').trim().split('\n').slice(0, NAMES);
  const nodes = hosts.map((line, index) => {
    const [address, name = ''] = line.split(' ');
    const mac = macOf(index + 1);
    return { name: name.replace('.boot.test', ''), interfaces: [{ name: 'eno1', role: 'boot', mac, address }] };
  });
  try {
    const { status, body } = await daemon.call('POST', '/api/v1/nodes/bulk', nodes);
    if (status !== 201) throw new Error(`the names were refused: ${body.slice(0, 500)}`);
  } finally {
    await daemon.remove();
  }
  return names;
}

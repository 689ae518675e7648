import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** As users start it: with the flags of its command. */
const COMMAND = new URL('../../bin/podboot', import.meta.url).pathname;

/** A server under test: what starts it, and what it is called in the table. */
export interface Contender {
  readonly label: string;
  /** Shell text, run in the namespace of the system under test. */
  readonly start: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One comparison: our figure divided by the best of the peers. */
export interface Comparison {
  readonly title: string;
  /** A case of measure.sh. */
  readonly measure: string;
  /** Name of the figure in the record. */
  readonly figure: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** What the project promises: at least (or at most) this ratio to the best peer, or this absolute figure. */
  readonly goal?: { readonly ratio: number } | { readonly absolute: number };
  readonly ours: Contender;
  readonly peers: readonly Contender[];
}

export interface BenchPaths {
  /** ../shared/bench */
  readonly shared: string;
  /** Where its generator puts the peers' configuration and the files that are served. */
  readonly scratch: string;
}

/** Shell text that starts the daemon on a copy of `state` (a data folder), or on an empty one. */
function daemon(paths: BenchPaths, label: string, state?: string, file = 'podboot.yaml'): Contender {
  const own = join(paths.scratch, 'podboot');
  const prepare = state === undefined ? '' : `cp -r ${state} ${own}/data; `;
  return {
    label,
    start: `rm -rf ${own}/data ${own}/api.sock; ${prepare}exec ${COMMAND} serve --config ${own}/${file}`,
    env: { ...ASSET_PATHS },
  };
}

/** The daemon serves assets under a path of their own; its peers serve them at the root. */
const ASSET_PATHS = {
  INITRD_PATH: '/assets/initrd',
  KERNEL: '/assets/kernel',
  INITRD: '/assets/initrd',
  AUTO: '/assets/autoinstall',
};

/**
 * @param fleet data folder of a daemon with 4,000 nodes
 * @param names of one with the 5,000 names of the DNS queries
 */
export function comparisons(paths: BenchPaths, fleet: string, names: string): Comparison[] {
  const { shared, scratch } = paths;
  const root = join(scratch, 'root');
  const command = (name: string) => readFileSync(join(shared, 'conf', name), 'utf8').trim();
  const kea = { label: 'Kea 2.2 (memfile, no fsync)', start: command('kea.cmd').replaceAll('NAME', 'pool') };
  const dnsmasq = (options: string) =>
    `exec dnsmasq -k -p0 --conf-file=/dev/null --user=root --enable-tftp --tftp-root=${root} ${options}`;
  const ours = daemon(paths, 'podboot');
  const loaded = daemon(paths, 'podboot, 4,000 nodes', fleet);
  const dhcp = (title: string, measure: string, goal?: Comparison['goal']): Comparison => ({
    ...{ title, measure, figure: 'per_s', unit: 'exchanges/s', better: 'more', ours, peers: [kea] },
    ...(goal === undefined ? {} : { goal }),
  });
  const tftp = (title: string, measure: string, goal?: Comparison['goal']): Comparison => ({
    ...{ title, measure, figure: 'MBps', unit: 'MB/s', better: 'more', ours },
    ...(goal === undefined ? {} : { goal }),
    peers: [
      { label: 'dnsmasq', start: dnsmasq('--tftp-max=1000 --quiet-tftp --interface=bs0 --bind-interfaces') },
      {
        label: 'atftpd',
        start: `exec ${scratch}/atftpd/usr/sbin/atftpd --daemon --no-fork --user root --group root --bind-address 10.99.0.1 --maxthread 1000 --verbose=0 ${root}`,
      },
      { label: 'tftpd-hpa', start: `exec in.tftpd -L --secure --address 10.99.0.1:69 ${root}` },
    ],
  });
  const dns = (title: string, measure: string, goal?: Comparison['goal']): Comparison => ({
    ...{ title, measure, figure: 'qps', unit: 'queries/s', better: 'more' },
    ...(goal === undefined ? {} : { goal }),
    ours: daemon(paths, 'podboot, 5,000 nodes', names, 'dns.yaml'),
    peers: [
      {
        label: 'dnsmasq, 5,000 hosts',
        start:
          `exec dnsmasq -k --conf-file=/dev/null --user=root --no-resolv --no-hosts --addn-hosts=${scratch}/dns.hosts ` +
          '--local=/boot.test/ --local=/98.10.in-addr.arpa/ --interface=bs0 --bind-interfaces',
      },
    ],
  });
  return [
    dns('DNS, forwards and backwards (A and PTR)', 'dns-aptr', { ratio: 1 }),
    dns('DNS, mixed (A, PTR, AAAA without data, one in twenty no such name)', 'dns-mix', { ratio: 1 }),
    dns('DNS, forwards (A)', 'dns-a'),
    dhcp('DHCP through a relay, 50,000 clients once each, each lease fsynced before its ACK', 'dhcp-relay-50k', {
      ratio: 1,
    }),
    dhcp('DHCP through a relay, 1,000 clients four times each', 'dhcp-relay-1k'),
    tftp('TFTP, 200 clients at once, 1 MiB, blksize 1468, windowsize 4', 'tftp-4', { ratio: 1 }),
    tftp('TFTP, 200 clients at once, 1 MiB, blksize 1468, windowsize 1', 'tftp-1'),
    {
      ...{
        title: 'HTTP, 60 MiB to each of 64 clients at once',
        measure: 'http-64',
        figure: 'GBps',
        unit: 'GB/s',
        better: 'more',
      },
      goal: { ratio: 0.6 },
      ours,
      peers: [{ label: 'nginx (sendfile)', start: `exec nginx -c ${scratch}/nginx.conf` }],
    },
    {
      ...{
        title: 'Boot storm: 256 machines from DISCOVER to the answer file',
        measure: 'storm-256',
        figure: 'last_done_s',
        unit: 's',
        better: 'less',
      },
      goal: { ratio: 1 },
      ours: loaded,
      peers: [{ label: 'dnsmasq (tuned) and nginx', start: `${command('dgxie.cmd')} --no-ping --tftp-max=1000` }],
    },
    {
      ...{
        title: 'Resident memory with 4,000 nodes',
        measure: 'idle-4000',
        figure: 'sut_rss_mb',
        unit: 'MB',
        better: 'less',
      },
      ...{ goal: { absolute: 150 }, ours: loaded, peers: [] },
    },
  ];
}

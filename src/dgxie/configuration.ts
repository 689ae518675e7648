import { parseIpv4 } from '../domain/ipv4.ts';

/** What of DGXie could not be taken over, and what to do instead. */
export interface Leftover {
  readonly what: string;
  readonly why: string;
}

export interface TakenConfiguration {
  /** podboot.yaml as an object. */
  readonly document: Readonly<Record<string, unknown>>;
  readonly leftovers: readonly Leftover[];
}

/** What DGXie's start script takes where a variable is absent. */
const DEFAULTS: Readonly<Record<string, string>> = {
  HOST_INT_PRV: 'eth1',
  IP: '192.168.1.1',
  NETWORK: '192.168.1.0',
  NETMASK: '255.255.255.0',
  DHCP_START: '192.168.1.100',
  DHCP_END: '192.168.1.199',
  LEASETIME: '7200',
  DNS1: '8.8.8.8',
  DNS2: '8.8.4.4',
};

/** Those that have no place here; each with what takes it. */
const WITHOUT_A_PLACE: Readonly<Record<string, string>> = {
  HOST_INT_PUB: "DGXie's NAT is not made here: nftables or systemd-networkd (IPMasquerade=) of this machine do it",
  HTTP_PORT: 'boot files are served at port 80: `http: { port: … }` changes it',
  DEFAULT: 'what a machine boots is in its node: `podboot nodes set NODE --profile PROFILE`',
  DATA_DIR: '`podboot assets import ISO` takes the ISO images that are there',
  MNT: '`podboot assets import ISO` takes the ISO images that are there',
  ISO: '`podboot assets import ISO` takes the ISO images that are there',
  VISO: 'a profile of kind script can chain to the ESXi installer',
  VMW_NFS_IP: 'a profile of kind script can chain to the ESXi installer',
  VMW_GPU_VIB: 'a profile of kind script can chain to the ESXi installer',
};

/** podboot.yaml from DGXie's variables. What can't be read is left over with its reason, and nothing is guessed for it. */
export function configurationOf(values: ReadonlyMap<string, string>, groups: readonly string[]): TakenConfiguration {
  const leftovers: Leftover[] = [];
  const leave = (what: string, why: string) => void leftovers.push({ what, why });
  const get = (name: string): string => values.get(name) || DEFAULTS[name] || '';
  const address = (name: string): string | undefined => {
    const text = get(name);
    if (text === '' || parseIpv4(text) !== undefined) return text || undefined;
    leave(`${name}=${text}`, 'is no IPv4 address');
    return undefined;
  };
  for (const [name, why] of Object.entries(WITHOUT_A_PLACE)) {
    const value = values.get(name);
    if (value !== undefined && value !== '') leave(`${name}=${value}`, why);
  }

  const own = address('IP');
  const router = values.get('GATEWAY') ? address('GATEWAY') : own;
  const upstreams = ['DNS1', 'DNS2'].map(address).filter((each) => each !== undefined);
  const domain = values.get('DOMAIN');
  const timeServer = values.get('NTP') ? address('NTP') : undefined;
  const interfaceName = get('HOST_INT_PRV');
  const start = address('DHCP_START');
  const end = address('DHCP_END');
  const installing = installValues(values, timeServer, leave);
  const subnet = subnetOf(address('NETWORK'), get('NETMASK'), leave);
  const options = {
    ...(router === undefined ? {} : { routers: [router] }),
    ...(domain !== undefined || upstreams.length === 0 ? {} : { domainNameServers: upstreams }),
    ...(timeServer === undefined ? {} : { ntpServers: [timeServer] }),
  };
  const document = {
    ...(domain === undefined || domain === '' ? {} : { site: { domain } }),
    interfaces: {
      [interfaceName]: {
        address: own,
        dhcp: 'authoritative',
        tftp: true,
        http: true,
        ...(domain ? { dns: true } : {}),
      },
    },
    ...(subnet === undefined
      ? {}
      : {
          subnets: {
            [subnet]: {
              interface: interfaceName,
              pools: start === undefined || end === undefined ? [] : [`${start}-${end}`],
              ...leaseTime(get('LEASETIME'), leave),
              options,
            },
          },
        }),
    ...(domain && upstreams.length > 0 ? { dns: { upstreams } } : {}),
    ...(groups.length === 0 ? {} : { groups: Object.fromEntries(groups.map((group) => [group, { options: {} }])) }),
    ...(Object.keys(installing).length === 0 ? {} : { install: { values: installing } }),
  };
  return { document, leftovers };
}

type Leave = (what: string, why: string) => void;

function subnetOf(network: string | undefined, mask: string, leave: Leave): string | undefined {
  const bits = parseIpv4(mask);
  const prefix = bits === undefined ? -1 : Math.clz32(~bits >>> 0);
  const isMask = bits !== undefined && (prefix === 32 || (bits << prefix) >>> 0 === 0);
  if (!isMask) {
    leave(`NETMASK=${mask}`, 'is no netmask; write the subnet into podboot.yaml');
    return undefined;
  }
  return network === undefined ? undefined : `${network}/${prefix}`;
}

/** dnsmasq(8): seconds, or 45m, 2h, or infinite. */
function leaseTime(written: string, leave: Leave): { readonly leaseTime?: string } {
  const [, amount = '', unit = ''] = /^([0-9]+)([smhdw]?)$/.exec(written) ?? [];
  if (amount === '') {
    leave(`LEASETIME=${written}`, 'no lease is for ever here; the default holds');
    return {};
  }
  return {
    leaseTime: unit === '' && Number(amount) % 3600 === 0 ? `${Number(amount) / 3600}h` : `${amount}${unit || 's'}`,
  };
}

/** What was written into the preseed file of the ISO, and some that DGXie took and never used. */
function installValues(values: ReadonlyMap<string, string>, timeServer: string | undefined, leave: Leave) {
  const taken: Record<string, unknown> = {};
  const take = (name: string, pattern: RegExp, key: string, value: (text: string) => unknown) => {
    const text = values.get(name);
    if (text === undefined || text === '') return;
    if (pattern.test(text)) taken[key] = value(text);
    else leave(`${name}=${text}`, `is nothing that install.values.${key} takes`);
  };
  take('KBD', /^[a-z]{2,8}$/, 'keyboard', (text) => text);
  take('INT', /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/, 'interface', (text) => text);
  take('DISK', /^[A-Za-z0-9_.:+-]+$/, 'disk', (text) => ({ path: `/dev/${text}` }));
  take('HTTPS_PROXY', /^https?:\/\/[A-Za-z0-9.:_-]+\/?$/, 'proxy', (text) => text);
  take('EXTRA_PACKAGES', /^[A-Za-z0-9.+:_~ -]+$/, 'packages', (text) =>
    text.split(/\s+/).filter((each) => each !== ''),
  );
  take('KERN_EXTRA', /^[A-Za-z0-9_.,:=/@+%~ -]+$/, 'kernelArguments', (text) => text);
  if (timeServer !== undefined) taken.ntpServers = [timeServer];
  return taken;
}

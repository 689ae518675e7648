import Type, { type Static } from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { absolutePathNotation, domainNotation, durationNotation, nameNotation, sizeNotation } from './notations.ts';
import {
  interfaceNameNotation,
  ipv4Notation,
  listenNotation,
  poolNotation,
  subnetNotation,
} from './notations-network.ts';
import { bootSchema, profilesSchema } from './schema-boot.ts';
import { discoverySchema } from './schema-discovery.ts';
import { dnsSchema } from './schema-dns.ts';
import { clusterSchema } from './schema-hand-off.ts';
import { rolesSchema } from './schema-install.ts';
import { flag, measured, named, oneOf, section, wholeNumber, written } from './schema-leaves.ts';
import { deadlinesSchema, installSchema } from './schema-lifecycle.ts';
import { customOptionSchema, optionsSchema } from './schema-options.ts';
import { powerSchema } from './schema-power.ts';
import { reservationSchema } from './schema-reservation.ts';

const PORT = { minimum: 1, maximum: 65535 };

const siteSchema = section(
  {
    domain: Type.Optional(
      written(
        domainNotation,
        'Domain name of the nodes, for example pod1.example.com: DHCP option 15 of everyone, unless options say otherwise.',
      ),
    ),
  },
  'What holds for the whole site, for example { domain: pod1.example.com }.',
);

const interfaceSchema = section(
  {
    address: written(
      ipv4Notation,
      "This machine's own IPv4 address on the interface, for example 10.77.0.1: DHCP's server identifier, the TFTP server, the host of every boot URL. The interface must bear it.",
    ),
    dhcp: oneOf(
      ['authoritative', 'proxy', 'reservations', 'off'],
      'What DHCP does here: `authoritative` gives addresses to all, `proxy` only tells how to boot, beside another DHCP server, `reservations` answers known machines only, `off` never answers. For example authoritative.',
    ),
    tftp: Type.Optional(
      flag('true to serve TFTP on the interface, for example false where all machines boot by HTTP.', {
        default: DEFAULTS.interface.tftp,
      }),
    ),
    http: Type.Optional(
      flag('true to serve boot files by HTTP on the interface, for example true.', {
        default: DEFAULTS.interface.http,
      }),
    ),
    syslog: Type.Optional(
      flag(
        "true to take installers' syslog on the interface (UDP and TCP 514), for example true: their lines stand in the node's timeline.",
        { default: DEFAULTS.interface.syslog },
      ),
    ),
    dns: Type.Optional(
      flag(
        'true to serve DNS on the interface, for example true: the names of nodes, and of the rest by way of others.',
        {
          default: DEFAULTS.interface.dns,
        },
      ),
    ),
  },
  'One network interface that is served, for example { address: 10.77.0.1, dhcp: authoritative }. An interface that is not listed is never answered on.',
);

const leaseTimes = {
  leaseTime: Type.Optional(
    measured(
      durationNotation,
      'How long an address is leased, from 10s to 3650d, for example 12h; a plain number is seconds.',
    ),
  ),
  renewTime: Type.Optional(
    measured(
      durationNotation,
      'T1: when a client asks its server to go on, for example 6h; half of the leaseTime beside it if absent.',
    ),
  ),
  rebindTime: Type.Optional(
    measured(
      durationNotation,
      'T2: when a client asks any server to go on, for example 10h; seven eighths of the leaseTime beside it if absent.',
    ),
  ),
};

const subnetSchema = section(
  {
    interface: written(
      interfaceNameNotation,
      'The interface through which its packets come, directly or by a relay, for example eno2. It stands under interfaces.',
    ),
    pools: Type.Optional(
      Type.Array(
        written(
          poolNotation,
          'First and last address, for example 10.77.0.100-10.77.0.199, or a block such as 10.77.0.128/26.',
        ),
        { description: 'Addresses for machines without a reservation, for example [10.77.0.100-10.77.0.199].' },
      ),
    ),
    relays: Type.Optional(
      Type.Array(written(ipv4Notation, "A relay's address on the machines' side (giaddr), for example 10.77.8.1."), {
        description:
          "DHCP relays that may ask for the subnet, by their address on the machines' side (giaddr), for example [10.77.8.1]; absent: only machines on the link itself.",
      }),
    ),
    sharedNetwork: Type.Optional(
      written(
        nameNotation,
        'Subnets of the same name share a link: any of them serves a machine there, for example lab.',
      ),
    ),
    ...leaseTimes,
    options: Type.Optional(
      optionsSchema('DHCP options of the machines in the subnet, for example { routers: [10.77.0.1] }.'),
    ),
  },
  'One subnet, for example { interface: eno2, pools: [10.77.0.100-10.77.0.199] }.',
);

const groupSchema = section(
  { options: Type.Optional(optionsSchema('DHCP options of the group, for example { interfaceMtu: 9000 }.')) },
  'One group of machines, for example { options: { interfaceMtu: 9000 } }.',
);

const dhcpSchema = section(
  {
    ...leaseTimes,
    leaseTime: Type.Optional(
      measured(
        durationNotation,
        'How long an address is leased where its subnet does not say, from 10s to 3650d, for example 12h; a plain number is seconds.',
        { default: DEFAULTS.dhcp.leaseTime },
      ),
    ),
    quarantineTime: Type.Optional(
      measured(
        durationNotation,
        'How long an address rests after a client found another machine at it, for example 1h.',
        {
          default: DEFAULTS.dhcp.quarantineTime,
        },
      ),
    ),
    offerHoldTime: Type.Optional(
      measured(
        durationNotation,
        'How long an offered address is kept for its client, from 5s to 10m, for example 60s.',
        {
          default: DEFAULTS.dhcp.offerHoldTime,
        },
      ),
    ),
    probeInterval: Type.Optional(
      measured(
        durationNotation,
        'How often podboot looks for other DHCP servers on its networks, at least 10s, for example 10m; 0 only listens.',
        { default: DEFAULTS.dhcp.probeInterval },
      ),
    ),
    bootp: Type.Optional(
      oneOf(
        ['off', 'reservations', 'pool'],
        'Who gets an address by BOOTP, whose leases never end: `off` nobody, `reservations` known machines, `pool` anyone. For example reservations.',
        { default: DEFAULTS.dhcp.bootp },
      ),
    ),
    options: Type.Optional(optionsSchema('DHCP options of everyone, for example { ntpServers: [10.77.0.1] }.')),
    customOptions: Type.Optional(
      Type.Array(customOptionSchema, {
        description:
          'DHCP options that podboot has no name for, for example [{ name: siteCode, code: 224, type: string }]; then any options may hold siteCode: ab12.',
      }),
    ),
    port: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 65534 },
        'UDP port of the DHCP server, for example 67; clients are answered at the next one. Another one than 67 is for simulated networks.',
        {
          default: DEFAULTS.dhcp.port,
        },
      ),
    ),
    proxyPort: Type.Optional(
      wholeNumber(
        PORT,
        "UDP port of proxyDHCP's second exchange, for example 4011. Another one is for simulated networks.",
        {
          default: DEFAULTS.dhcp.proxyPort,
        },
      ),
    ),
  },
  'What DHCP does on all interfaces, for example { leaseTime: 12h }.',
);

const tftpSchema = section(
  {
    port: Type.Optional(
      wholeNumber(PORT, 'UDP port of the TFTP server, for example 69.', { default: DEFAULTS.tftp.port }),
    ),
    maxTransfers: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 10000 },
        'Transfers at the same time, for example 1000; further ones are told to retry.',
        {
          default: DEFAULTS.tftp.maxTransfers,
        },
      ),
    ),
    maxTransfersPerClient: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 10000 },
        'Transfers of one address at the same time, for example 500. Absent: half of maxTransfers, or 16 if that is more.',
      ),
    ),
    maxBlockBytes: Type.Optional(
      measured(
        sizeNotation,
        'Largest block that is granted (RFC 2348) in bytes, 512 to 65464, for example 1468: one frame of 1500 bytes.',
        { default: DEFAULTS.tftp.maxBlockBytes },
      ),
    ),
    maxWindowBlocks: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 65535 },
        'Largest window that is granted (RFC 7440) in blocks, for example 64.',
        {
          default: DEFAULTS.tftp.maxWindowBlocks,
        },
      ),
    ),
  },
  'The TFTP server, for example { maxTransfers: 500 }.',
);

const httpSchema = section(
  {
    port: Type.Optional(
      wholeNumber(PORT, 'TCP port of boot scripts and files, for example 80.', { default: DEFAULTS.http.port }),
    ),
    maxConnections: Type.Optional(
      wholeNumber({ minimum: 1, maximum: 100000 }, 'Connections at the same time, for example 4096.', {
        default: DEFAULTS.http.maxConnections,
      }),
    ),
    maxConnectionsPerClient: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 100000 },
        'Connections of one address at the same time, for example 2048; a proxy in front of many machines is one address. Absent: half of maxConnections, or 16 if that is more.',
      ),
    ),
  },
  'The HTTP server that machines boot from, for example { port: 80 }.',
);

const apiSchema = section(
  {
    listen: Type.Optional(
      Type.Array(
        written(
          listenNotation,
          'Address and port, for example 127.0.0.1:8067 or [::1]:8067, or unix:/run/podboot/api.sock.',
        ),
        {
          minItems: 1,
          description: 'Where the API answers, for example ["127.0.0.1:8067", "unix:/run/podboot/api.sock"].',
          default: [...DEFAULTS.api.listen],
        },
      ),
    ),
  },
  'The API that `podboot` commands and programs use, for example { listen: ["127.0.0.1:8067"] }.',
);

const logSchema = section(
  {
    level: Type.Optional(
      oneOf(['debug', 'info', 'warn', 'error'], 'The least that is logged, for example info.', {
        default: DEFAULTS.log.level,
      }),
    ),
    format: Type.Optional(
      oneOf(
        ['auto', 'json', 'pretty'],
        'Lines for programs (`json`) or people (`pretty`); `auto`: pretty on a terminal. For example auto.',
        {
          default: DEFAULTS.log.format,
        },
      ),
    ),
  },
  'The log, for example { level: debug }.',
);

/** podboot.yaml: the one description of it, for checking, for types and for editors. */
export const podbootSchema = section(
  {
    site: Type.Optional(siteSchema),
    dataDir: Type.Optional(
      written(
        absolutePathNotation,
        'Absolute path of what podboot keeps (leases, nodes), for example /var/lib/podboot.',
        {
          default: DEFAULTS.dataDir,
        },
      ),
    ),
    assetsDir: Type.Optional(
      written(
        absolutePathNotation,
        'Absolute path of the files that machines boot, for example /var/lib/podboot/assets, which is `assets` in dataDir and the default. Nothing outside of it is served.',
      ),
    ),
    interfaces: named(
      interfaceNameNotation,
      'Name of a network interface, for example eno2.',
      interfaceSchema,
      'The network interfaces that are served, by name, for example { eno2: { address: 10.77.0.1, dhcp: authoritative } }.',
    ),
    subnets: Type.Optional(
      named(
        subnetNotation,
        'Network and prefix length, for example 10.77.0.0/24.',
        subnetSchema,
        'The subnets that get addresses, for example { 10.77.0.0/24: { interface: eno2, pools: [10.77.0.100-10.77.0.199] } }.',
      ),
    ),
    groups: Type.Optional(
      named(
        nameNotation,
        'Name of a group, for example dgx.',
        groupSchema,
        'Groups of machines with options of their own, for example { dgx: { options: { interfaceMtu: 9000 } } }.',
      ),
    ),
    reservations: Type.Optional(
      Type.Array(reservationSchema, {
        description:
          'Machines that are known but no nodes (switches, PDUs, file servers), for example [{ name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10 }].',
      }),
    ),
    profiles: Type.Optional(profilesSchema),
    roles: Type.Optional(rolesSchema),
    catalogueDir: Type.Optional(
      written(
        absolutePathNotation,
        "Absolute path of entries of the operator's own for the catalogue of services, for example /etc/podboot/catalogue.",
      ),
    ),
    templatesDir: Type.Optional(
      written(
        absolutePathNotation,
        "Absolute path of templates of the operator's own, for example /etc/podboot/templates. Nothing outside of it is read.",
      ),
    ),
    dhcp: Type.Optional(dhcpSchema),
    tftp: Type.Optional(tftpSchema),
    http: Type.Optional(httpSchema),
    dns: Type.Optional(dnsSchema),
    boot: Type.Optional(bootSchema),
    deadlines: Type.Optional(deadlinesSchema),
    install: Type.Optional(installSchema),
    discovery: Type.Optional(discoverySchema),
    power: Type.Optional(powerSchema),
    clusters: Type.Optional(
      named(
        nameNotation,
        'Name of a cluster, for example pod1.',
        clusterSchema,
        'What finished nodes join, for example { pod1: { runner: kubespray, roles: [kube_node], checkout: /opt/kubespray } }.',
      ),
    ),
    api: Type.Optional(apiSchema),
    log: Type.Optional(logSchema),
  },
  'Configuration of podboot. `podboot init` writes one, `podboot check-config` checks it.',
);

/** podboot.yaml as it is written. */
export type PodbootYaml = Static<typeof podbootSchema>;
export type SubnetYaml = NonNullable<PodbootYaml['subnets']>[string];
export type ReservationYaml = NonNullable<PodbootYaml['reservations']>[number];
export type ProfileYaml = NonNullable<PodbootYaml['profiles']>[string];
export type OptionsYaml = Record<string, unknown>;

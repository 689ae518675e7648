import Type, { type Static, type TSchema } from 'typebox';

/**
 * What an installer can be told, whatever its kind. Every key may stand in each layer: `install` of the site, `values` of
 * a profile, `install` of a role, `install` of a node; `mergeInstallValues` puts them together.
 */

/** What a value is called in an error. */
const text = (title: string, pattern: string, description: string, example: string) =>
  Type.String({ title, pattern, maxLength: 1024, description, examples: [example] });

const closed = { additionalProperties: false };

const list = <T extends TSchema>(items: T, maxItems: number, description: string) =>
  Type.Array(items, { maxItems, description });

/** Printable and on one line: `"`, `'`, `#` and letters of any script are welcome, each language quotes them. */
const ONE_LINE = '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$';
const URL = '^https?://[A-Za-z0-9.:\\[\\]_-]+(/[A-Za-z0-9._~:/@!$&()*+,=%-]*)?$';

/** A secret is never written into the configuration: it is named. */
export const secretSchema = Type.Object(
  {
    file: Type.Optional(
      text(
        'an absolute path',
        '^/[^\\u0000-\\u001f]+$',
        'A file with the secret alone, for example /etc/podboot/root.hash.',
        '/etc/podboot/root.hash',
      ),
    ),
    credential: Type.Optional(
      text(
        'the name of a credential',
        '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
        'A systemd credential of the service (LoadCredential=), for example root-hash.',
        'root-hash',
      ),
    ),
  },
  {
    ...closed,
    minProperties: 1,
    maxProperties: 1,
    description: 'Where a secret is, for example { file: /etc/podboot/root.hash }.',
  },
);
export type SecretReference = Static<typeof secretSchema>;

const size = (description: string) =>
  text('a size of a disk', '^[0-9]+(\\.[0-9]+)? ?([KMGTP]i?B|B)?$', description, '960GB');

export const diskSchema = Type.Object(
  {
    serial: Type.Optional(
      text('a serial number', ONE_LINE, 'Its serial number, for example S4YPNE0N800123.', 'S4YPNE0N800123'),
    ),
    model: Type.Optional(
      text(
        'a model',
        ONE_LINE,
        'Its model, where * stands for anything, for example "SAMSUNG MZQL2*".',
        'SAMSUNG MZQL2*',
      ),
    ),
    minSize: Type.Optional(size('At least this big, for example 900GB.')),
    maxSize: Type.Optional(size('At most this big, for example 2TB.')),
    bus: Type.Optional(
      Type.Unsafe<'nvme' | 'sata' | 'sas' | 'virtio' | 'usb'>({
        type: 'string',
        enum: ['nvme', 'sata', 'sas', 'virtio', 'usb'],
        description: 'How it is attached, for example nvme.',
      }),
    ),
    path: Type.Optional(
      text(
        'a device',
        '^/dev/[A-Za-z0-9_.:/+-]+$',
        'Its device, best one that stays the same, for example /dev/disk/by-path/pci-0000:01:00.0-nvme-1.',
        '/dev/nvme0n1',
      ),
    ),
  },
  {
    ...closed,
    description:
      'The disk that is erased, by all that is said of it, for example { bus: nvme, maxSize: 2TB }. Exactly one has to fit: otherwise the installer stops. Absent: the only disk.',
  },
);
export type DiskChoice = Static<typeof diskSchema>;

const USER_NAME = '^[a-z_][a-z0-9_-]{0,31}$';
const SSH_KEY =
  '^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com) [A-Za-z0-9+/]{40,}={0,3}( [^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*)?$';

const sshKeys = list(
  text(
    'a public SSH key',
    SSH_KEY,
    'A public SSH key, for example ssh-ed25519 AAAAC3Nz… admin@example.com.',
    'ssh-ed25519 AAAA…',
  ),
  64,
  'Public SSH keys that may log in, for example [ssh-ed25519 AAAAC3Nz… admin@example.com].',
);

export const userSchema = Type.Object(
  {
    name: text('a user name', USER_NAME, 'Its name, for example ops.', 'ops'),
    fullName: Type.Optional(
      text(
        'a name without colons',
        '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029:,=]+$',
        'For people, for example Operations.',
        'Operations',
      ),
    ),
    passwordHash: Type.Optional(secretSchema),
    sshKeys: Type.Optional(sshKeys),
    groups: Type.Optional(
      list(
        text('a group', USER_NAME, 'A group, for example docker.', 'docker'),
        16,
        'More groups, for example [docker].',
      ),
    ),
    sudo: Type.Optional(
      Type.Boolean({ description: 'true to let it become root without a password, for example true.' }),
    ),
    shell: Type.Optional(
      text('an absolute path', '^/[A-Za-z0-9_./-]+$', 'Its shell, for example /bin/bash.', '/bin/bash'),
    ),
  },
  { ...closed, description: 'A user, for example { name: ops, sudo: true, sshKeys: [ssh-ed25519 AAAAC3Nz…] }.' },
);

const INTERFACE_NAME = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}';

const infinibandSchema = Type.Object(
  {
    bondAddress: text(
      'an IPv4 address with its prefix length',
      '^([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}$',
      'Address of the bond: the inventory calls it ib_bond_addr. For example 10.1.0.1/24.',
      '10.1.0.1/24',
    ),
    interfaces: Type.Optional(
      list(
        text('the name of an interface', `^${INTERFACE_NAME}$`, 'An IPoIB interface, for example ib0.', 'ib0'),
        16,
        'The IPoIB interfaces in the bond, for example [ib0, ib1], which is the default.',
      ),
    ),
    bondName: Type.Optional(
      text(
        'the name of an interface',
        `^${INTERFACE_NAME}$`,
        'Name of the bond, for example ibbond0, which is the default.',
        'ibbond0',
      ),
    ),
    mtu: Type.Optional(
      Type.Integer({
        minimum: 576,
        maximum: 65520,
        description: 'MTU of the bond, for example 2044, which fits datagram mode.',
      }),
    ),
  },
  { ...closed, description: 'IP over Infiniband, for example { bondAddress: 10.1.0.1/24, interfaces: [ib0, ib1] }.' },
);

const NAME = '^[A-Za-z_][A-Za-z0-9_]{0,62}$';

export const installSchema = Type.Object(
  {
    disk: Type.Optional(diskSchema),
    interface: Type.Optional(
      text(
        'the name of an interface or a MAC address',
        `^(${INTERFACE_NAME}|([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2})$`,
        "The NIC of the installed system's network, by name in the node's record, by the system's own name or by MAC address, for example eno1. Absent: the one that it booted from.",
        'eno1',
      ),
    ),
    users: Type.Optional(
      list(
        userSchema,
        64,
        'Users of the installed system, for example [{ name: ops, sudo: true, sshKeys: [ssh-ed25519 AAAAC3Nz…] }].',
      ),
    ),
    rootPasswordHash: Type.Optional(secretSchema),
    rootSshKeys: Type.Optional(sshKeys),
    packages: Type.Optional(
      list(
        text('the name of a package', '^[@A-Za-z0-9][A-Za-z0-9.+:_~-]*$', 'A package, for example chrony.', 'chrony'),
        512,
        'Packages to install, for example [chrony, nvme-cli].',
      ),
    ),
    mirror: Type.Optional(
      text(
        'a URL',
        URL,
        'Where packages come from, for example http://deb.debian.org/debian.',
        'http://deb.debian.org/debian',
      ),
    ),
    proxy: Type.Optional(
      text(
        'a URL',
        URL,
        'HTTP proxy for packages, for example http://proxy.example.com:3128.',
        'http://proxy.example.com:3128',
      ),
    ),
    kernelArguments: Type.Optional(
      text(
        'arguments of a kernel without quotes',
        '^[A-Za-z0-9_.,:=/@+%~ -]+$',
        'More kernel arguments of the installed system, for example iommu=pt.',
        'iommu=pt',
      ),
    ),
    console: Type.Optional(
      text(
        'a serial console',
        '^tty[A-Za-z]{1,4}[0-9]{1,3}(,[0-9]{3,7}[noe]?[5-8]?r?)?$',
        'Serial console of the installer and of the system, for example ttyS1,115200n8.',
        'ttyS1,115200n8',
      ),
    ),
    timeZone: Type.Optional(
      text(
        'a time zone',
        '^[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}$',
        'Time zone, for example Europe/Berlin; absent: Etc/UTC.',
        'Europe/Berlin',
      ),
    ),
    locale: Type.Optional(
      text(
        'a locale',
        '^[A-Za-z]{1,3}(_[A-Z]{2})?(\\.[A-Za-z0-9-]+)?(@[a-z]+)?$',
        'Language and country, for example en_US.UTF-8, which is the default.',
        'en_US.UTF-8',
      ),
    ),
    keyboard: Type.Optional(
      text('a keyboard layout', '^[a-z]{2,8}$', 'Layout of the keyboard, for example us, which is the default.', 'us'),
    ),
    ntpServers: Type.Optional(
      list(
        text('a host', '^[A-Za-z0-9.:-]+$', 'Name or address of a time server, for example 10.77.0.1.', '10.77.0.1'),
        8,
        'Time servers, for example [10.77.0.1].',
      ),
    ),
    postInstall: Type.Optional(
      list(
        Type.String({
          minLength: 1,
          maxLength: 16_384,
          description: 'A shell command, for example systemctl enable chrony.',
          examples: ['systemctl enable chrony'],
        }),
        64,
        'Shell commands that are run in the installed system before its first boot; one that fails ends the installation, for example ["systemctl enable chrony"].',
      ),
    ),
    infiniband: Type.Optional(infinibandSchema),
    variables: Type.Optional(
      Type.Unsafe<Record<string, string | number | boolean>>({
        type: 'object',
        propertyNames: { pattern: NAME },
        maxProperties: 128,
        additionalProperties: {
          type: ['string', 'number', 'boolean'],
          maxLength: 16_384,
          description: 'A value, for example eu-1.',
        },
        description:
          "Values for the operator's own templates, for example { cluster: eu-1 }: {{ install.variables.cluster }}.",
      }),
    ),
    secrets: Type.Optional(
      Type.Unsafe<Record<string, SecretReference>>({
        type: 'object',
        propertyNames: { pattern: NAME },
        maxProperties: 64,
        additionalProperties: secretSchema,
        description:
          "Secrets for the operator's own templates, for example { registry: { file: /etc/podboot/registry } }: {{ secrets.registry }}.",
      }),
    ),
  },
  { ...closed, description: 'What installers are told, for example { timeZone: Europe/Berlin, packages: [chrony] }.' },
);

export type InstallValues = Static<typeof installSchema>;

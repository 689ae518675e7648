import { type ValueSchema, valueProblems } from '../../src/profiles/values/check-install-values.ts';

const text: ValueSchema = { type: 'string' };
const flag: ValueSchema = { type: 'boolean' };
const open: ValueSchema = { type: 'object', additionalProperties: true };
const list = (items: ValueSchema): ValueSchema => ({ type: 'array', items });
const closed = (properties: Readonly<Record<string, ValueSchema>>, required: readonly string[] = []): ValueSchema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

/** Keys of an autoinstall file and what they hold, after Canonical's "Autoinstall configuration reference manual". */
const AUTOINSTALL = closed(
  {
    version: { type: 'integer', minimum: 1, maximum: 1 },
    'interactive-sections': list(text),
    'early-commands': list({ type: ['string', 'array'] }),
    locale: text,
    'refresh-installer': closed({ update: flag, channel: text }),
    keyboard: closed({ layout: text, variant: text, toggle: text }, ['layout']),
    source: open,
    network: closed(
      {
        version: { type: 'integer', minimum: 2, maximum: 2 },
        ethernets: {
          type: 'object',
          additionalProperties: closed({ match: closed({ macaddress: text, name: text }), dhcp4: flag, dhcp6: flag }),
        },
      },
      ['version'],
    ),
    proxy: text,
    apt: closed({
      preserve_sources_list: flag,
      'mirror-selection': closed({ primary: list(closed({ uri: text, arches: list(text) }, ['uri'])) }),
      fallback: { type: 'string', enum: ['abort', 'continue-anyway', 'offline-install'] },
      geoip: flag,
      sources: open,
    }),
    storage: closed({
      layout: closed(
        {
          name: { type: 'string', enum: ['direct', 'lvm', 'zfs'] },
          match: closed({ path: text, serial: text, model: text, size: text, ssd: flag }),
        },
        ['name'],
      ),
    }),
    identity: closed({ realname: text, username: text, hostname: text, password: text }, [
      'username',
      'hostname',
      'password',
    ]),
    ssh: closed({ 'install-server': flag, 'authorized-keys': list(text), 'allow-pw': flag }),
    packages: list(text),
    timezone: text,
    updates: { type: 'string', enum: ['security', 'all'] },
    shutdown: { type: 'string', enum: ['reboot', 'poweroff'] },
    'late-commands': list({ type: ['string', 'array'] }),
    'error-commands': list({ type: ['string', 'array'] }),
    'user-data': closed({
      hostname: text,
      timezone: text,
      disable_root: flag,
      users: list(open),
      ntp: open,
    }),
  },
  ['version', 'user-data', 'storage'],
);

const SEED = closed({ autoinstall: AUTOINSTALL }, ['autoinstall']);

export function autoinstallProblems(value: unknown): string[] {
  return valueProblems(value, SEED, '').map(({ path, message }) => `${path} ${message}`);
}

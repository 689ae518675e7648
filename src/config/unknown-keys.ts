import { optionByName } from '../codecs/dhcp/option-table.ts';
import { placesOfKeys, rootNode, type SchemaNode } from './schema-walk.ts';
import { didYouMean, editDistance, nearest, orList } from './suggest.ts';

interface Refusal {
  readonly message: string;
  readonly mend?: string;
}

const SECRET = /pass(word|wd|phrase)|secret|token|credential|api[-_]?key|private[-_]?key|^psk$|^community$/i;

/** What other programs call the same thing. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  range: '`pools`, a list of ranges',
  ranges: '`pools`',
  pool: '`pools`, a list',
  gateway: '`options: { routers: [10.77.0.1] }`',
  router: '`options: { routers: [10.77.0.1] }`',
  dns: '`options: { domainNameServers: [10.77.0.1] }`',
  dnsservers: '`options: { domainNameServers: [10.77.0.1] }`',
  nameserver: '`options: { domainNameServers: [10.77.0.1] }`',
  ntp: '`options: { ntpServers: [10.77.0.1] }`',
  mtu: '`options: { interfaceMtu: 9000 }`',
  ip: '`address`',
  ipaddress: '`address`',
  hwaddr: '`mac`',
  hwaddress: '`mac`',
  macaddress: '`mac`',
  hardware: '`mac`',
  hostname: '`name`',
  hosts: '`reservations`',
  host: '`reservations`',
  networks: '`subnets`',
  network: '`subnets`',
  nic: '`interface`',
  initrd: '`initrds`, a list',
  cmdline: '`arguments`',
  append: '`arguments`',
  args: '`arguments`',
  nextserver: '`address` of the interface: podboot is its own TFTP server',
  bootfile: '`boot.programs`',
  filename: '`boot.programs`',
};

const places = placesOfKeys(rootNode);

/** A key that the schema does not have at this place: what it was most likely meant to be. */
export function refuseUnknownKey(key: string, here: SchemaNode): Refusal {
  const known = Object.keys(here.properties ?? {});
  if (SECRET.test(key)) {
    return {
      message: 'secrets never stand in podboot.yaml',
      mend: "Remove it. The API's token is made at the first start and shown once; other secrets come from files or systemd credentials.",
    };
  }
  if (key === '<<')
    return {
      message: 'merge keys are not read',
      mend: 'Write the keys out; an alias (`*name`) may stand for a whole value.',
    };
  const message = 'there is no such key here';
  const mend =
    elsewhere(key, known) ??
    optionHint(key, here) ??
    otherWord(key, known) ??
    didYouMean(key, known) ??
    nearbyElsewhere(key) ??
    listing(known);
  return mend === undefined ? { message } : { message, mend };
}

function elsewhere(key: string, known: readonly string[]): string | undefined {
  const where = places.get(key);
  if (where === undefined) return undefined;
  const near = didYouMean(
    key,
    known.filter((word) => editDistance(key, word) === 1),
  );
  return `\`${key}\` belongs ${where.join(' or ')}.${near === undefined ? '' : ` ${near}`}`;
}

/** `routers` written directly into a subnet. */
function optionHint(key: string, here: SchemaNode): string | undefined {
  if (optionByName(key) === undefined) return undefined;
  const where = here.properties?.options === undefined ? 'the `options` of a subnet, a group or `dhcp`' : '`options`';
  return `\`${key}\` is a DHCP option: write it under ${where}.`;
}

function otherWord(key: string, known: readonly string[]): string | undefined {
  const words = OTHER_WORDS[key.toLowerCase().replace(/[-_]/g, '')];
  if (words === undefined) return undefined;
  const target = /^`([A-Za-z]+)/.exec(words)?.[1] ?? '';
  if (known.includes(target)) return `Here it is called ${words}.`;
  const where = places.get(target);
  return where === undefined ? undefined : `podboot calls it ${words}, ${where.join(' or ')}.`;
}

function nearbyElsewhere(key: string): string | undefined {
  const near = nearest(key, places.keys())[0];
  return near === undefined ? undefined : `Did you mean \`${near}\`? It belongs ${places.get(near)?.join(' or ')}.`;
}

function listing(known: readonly string[]): string | undefined {
  return known.length === 0 ? undefined : `The keys here are ${orList(known).replace(/ or ([^ ]+)$/, ' and $1')}.`;
}

import { type Mistake, testMistake } from './mistakes.ts';

const OPTIONS = '{ routers: [10.77.0.1], domainNameServers: [10.77.0.1] }';
const IN_OPTIONS = 'subnets.10.77.0.0/24.options';

function options(value: string): Mistake['edit'] {
  return [[OPTIONS, value]];
}

const MISTAKES: readonly Mistake[] = [
  {
    name: 'an unknown option',
    edit: options('{ routers: [10.77.0.1], interfaceMut: 9000 }'),
    path: `${IN_OPTIONS}.interfaceMut`,
    at: 'interfaceMut',
    message: 'there is no DHCP option of this name',
    mend: 'Did you mean `interfaceMtu`?',
  },
  {
    name: 'an option by its number',
    edit: options('{ "3": [10.77.0.1] }'),
    path: `${IN_OPTIONS}.3`,
    at: '"3"',
    message: 'there is no DHCP option of this name',
    mend: 'DHCP option 3 is called `routers` here.',
  },
  {
    name: "an option by people's word",
    edit: options('{ gateway: [10.77.0.1] }'),
    path: `${IN_OPTIONS}.gateway`,
    at: 'gateway',
    message: 'there is no DHCP option of this name',
    mend: 'Here it is called `routers`.',
  },
  {
    name: 'an option of the lease',
    edit: options('{ leaseTime: 3600 }'),
    path: `${IN_OPTIONS}.leaseTime`,
    at: 'leaseTime: 3600',
    message: /DHCP option 51 can't be set: it comes from the lease/,
    mend: 'Remove it.',
  },
  {
    name: 'the subnet mask as an option',
    edit: options('{ subnetMask: 255.255.255.0 }'),
    path: `${IN_OPTIONS}.subnetMask`,
    at: 'subnetMask',
    message: /prefix length/,
  },
  {
    name: 'one router without brackets',
    edit: options('{ routers: 10.77.0.1 }'),
    path: `${IN_OPTIONS}.routers`,
    at: 'routers: 10.77.0.1',
    message: /must be a list of IPv4 addresses .*, is "10.77.0.1"/,
    mend: 'If it is one, write it in brackets: [10.77.0.1]',
  },
  {
    name: 'a wrong address in a list',
    edit: options('{ routers: [10.77.0.1, 10.77.0] }'),
    path: `${IN_OPTIONS}.routers[1]`,
    at: '10.77.0]',
    message: 'must be an IPv4 address such as 10.77.0.1, is "10.77.0"',
  },
  {
    name: 'an MTU in quotes',
    edit: options('{ interfaceMtu: "9000" }'),
    path: `${IN_OPTIONS}.interfaceMtu`,
    at: '"9000"',
    message: 'must be a whole number from 0 to 65535, is "9000"',
    mend: 'Write it without quotes: 9000',
  },
  {
    name: 'a route without its router',
    edit: options('{ classlessRoutes: [{ to: 10.0.0.0/8 }] }'),
    path: `${IN_OPTIONS}.classlessRoutes[0]`,
    at: 'classlessRoutes',
    message: /must be a route such as/,
  },
  {
    name: 'a route to a wrong network',
    edit: options('{ classlessRoutes: [{ to: 10.0.0.1/8, via: 10.77.0.1 }] }'),
    path: `${IN_OPTIONS}.classlessRoutes[0].to`,
    at: 'classlessRoutes',
    message: /must be a network such as 10.0.0.0\/8/,
  },
  {
    name: 'a text that YAML reads as a number',
    edit: [['siteCode: ab12', 'siteCode: 12']],
    path: 'dhcp.options.siteCode',
    at: 'siteCode: 12',
    message: /must be a text/,
    mend: 'Quote it: "12"',
  },
  {
    name: 'a value that fits into no answer',
    edit: [['siteCode: ab12', `siteCode: ${'x'.repeat(2000)}`]],
    path: 'dhcp.options.siteCode',
    at: 'xxx',
    message: /2000 bytes on the wire; at most 1024/,
  },
  {
    name: 'a custom option for a known one',
    edit: [['code: 224', 'code: 26']],
    path: 'dhcp.customOptions[0].code',
    at: 'customOptions',
    message: 'DHCP option 26 has a name here: interfaceMtu',
    mend: /write `interfaceMtu`/,
    others: 1,
  },
  {
    name: 'a custom option for one of the lease',
    edit: [['code: 224', 'code: 53']],
    path: 'dhcp.customOptions[0].code',
    at: 'customOptions',
    message: /DHCP option 53 can't be set/,
    others: 1,
  },
  {
    name: "a custom option with a known one's name",
    edit: [
      ['name: siteCode, code: 224', 'name: routers, code: 224'],
      ['siteCode: ab12', ''],
    ],
    path: 'dhcp.customOptions[0].name',
    at: 'customOptions',
    message: 'routers is DHCP option 3 already',
  },
  {
    name: 'two custom options with one code',
    edit: [['type: string }]', 'type: string }, { name: other, code: 224, type: hex }]']],
    path: 'dhcp.customOptions[1].code',
    at: 'customOptions',
    message: 'siteCode has the code 224 too',
  },
  {
    name: 'a custom option with a code of IANA',
    edit: [['code: 224', 'code: 200']],
    path: 'dhcp.customOptions[0].code',
    at: 'customOptions',
    message: /200 belongs to IANA/,
    mend: /224 to 254/,
    severity: 'warning',
  },
  {
    name: 'a custom option of an unknown type',
    edit: [['code: 224, type: string', 'code: 224, type: strnig']],
    path: 'dhcp.customOptions[0].type',
    at: 'customOptions',
    message: /must be one of ipv4, /,
    mend: 'Did you mean `string`?',
    others: 1,
  },
];

for (const mistake of MISTAKES) testMistake(mistake);

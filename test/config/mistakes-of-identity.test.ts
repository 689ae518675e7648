import { type Mistake, testMistake } from './mistakes.ts';

const SWITCH = 'mac: "52:54:00:aa:00:01"';

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a MAC address that YAML reads as a number',
    edit: [[SWITCH, 'mac: 525400770001']],
    path: 'reservations[0].mac',
    at: '525400770001',
    message: 'must be a MAC address such as 52:54:00:77:00:01, is 525400770001: YAML read it as a number',
    mend: 'Put it in double quotes, as in "52:54:00:77:00:01".',
  },
  {
    name: 'a MAC address that YAML reads as infinity',
    edit: [[SWITCH, 'mac: 5254e0770001']],
    path: 'reservations[0].mac',
    at: '5254e0770001',
    message: /YAML read it as a number/,
    mend: /double quotes/,
  },
  {
    name: 'a MAC address with short parts',
    edit: [[SWITCH, 'mac: "52:54:0:aa:0:1"']],
    path: 'reservations[0].mac',
    at: '52:54:0:aa',
    message: /each part has two digits/,
    mend: 'Write "52:54:00:aa:00:01".',
  },
  {
    name: 'a group address as MAC',
    edit: [[SWITCH, 'mac: "01:00:5e:00:00:01"']],
    path: 'reservations[0].mac',
    at: '5e:00',
    message: /no interface has it/,
  },
  {
    name: 'an Infiniband address as MAC',
    edit: [[SWITCH, 'mac: "00:00:10:49:fe:80:00:00"']],
    path: 'reservations[0].mac',
    at: 'fe:80',
    message: /more than six bytes/,
    mend: /clientId/,
  },
  {
    name: 'a client identifier of words',
    edit: [['ff:00:00:00:00:00:02:00', 'ib0']],
    path: 'reservations[1].clientId',
    at: 'ib0',
    message: /must be a DHCP client identifier in hex/,
  },
  {
    name: 'a UUID that was never set',
    edit: [['4c4c4544-0042-3510-8051-b4c04f313132', 'ffffffff-ffff-ffff-ffff-ffffffffffff']],
    path: 'reservations[2].uuid',
    at: 'ffffffff',
    message: /was never set/,
  },
  {
    name: 'a UUID that is too short',
    edit: [['4c4c4544-0042-3510-8051-b4c04f313132', '4c4c4544-0042']],
    path: 'reservations[2].uuid',
    at: '4c4c4544',
    message: /must be a machine's UUID/,
  },
  {
    name: 'a switch port that is text',
    edit: [['text:Eth1/7', 'Eth1/7']],
    path: 'reservations[3].circuitId',
    at: 'camera',
    message: /it is not hex/,
    mend: 'Write text:Eth1/7 if the switch sends it as text.',
  },
  {
    name: 'a host name with an underscore',
    edit: [['name: switch1', 'name: rack_1']],
    path: 'reservations[0].name',
    at: 'rack_1',
    message: /must be a host name such as switch1, is "rack_1"/,
    mend: 'rack-1 would do.',
  },
  {
    name: 'a host name with its domain',
    edit: [['name: switch1', 'name: switch1.example.com']],
    path: 'reservations[0].name',
    at: 'switch1.',
    message: /without the domain/,
    mend: 'Write switch1.',
  },
  {
    name: 'a host name that is a number',
    edit: [['name: switch1', 'name: 17']],
    path: 'reservations[0].name',
    at: 'name: 17',
    message: /YAML read it as a number/,
    mend: /double quotes/,
  },
];

for (const mistake of MISTAKES) testMistake(mistake);

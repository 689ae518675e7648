import Type from 'typebox';
import { clientIdNotation, hostNameNotation, nameNotation, switchPortNotation, uuidNotation } from './notations.ts';
import { ipv4Notation, macNotation } from './notations-network.ts';
import { section, written } from './schema-leaves.ts';
import { optionsSchema } from './schema-options.ts';

export const reservationSchema = section(
  {
    name: written(hostNameNotation, 'Host name of the machine, for example switch1; unique.'),
    address: written(ipv4Notation, 'The address that it gets, for example 10.77.0.10; inside one of the subnets.'),
    mac: Type.Optional(written(macNotation, 'Its MAC address in quotes, for example "52:54:00:aa:00:01".')),
    clientId: Type.Optional(
      written(
        clientIdNotation,
        'DHCP client identifier (option 61) in hex, for example "ff:00:00:00:00:00:02:00:00:02:c9:00": Infiniband has nothing else.',
      ),
    ),
    uuid: Type.Optional(
      written(
        uuidNotation,
        "The machine's UUID (SMBIOS, as dmidecode -s system-uuid prints it), for example 4c4c4544-0042-3510-8051-b4c04f313132.",
      ),
    ),
    circuitId: Type.Optional(
      written(
        switchPortNotation,
        'The switch port as the relay names it (option 82, sub-option 1), in hex or as text, for example text:Ethernet1/7.',
      ),
    ),
    remoteId: Type.Optional(
      written(
        switchPortNotation,
        'The switch as the relay names it (option 82, sub-option 2), in hex or as text, for example "52:54:00:aa:00:01".',
      ),
    ),
    group: Type.Optional(
      written(nameNotation, 'Name of a group whose options apply, for example pdus; the options here go before them.'),
    ),
    options: Type.Optional(optionsSchema('DHCP options of this machine, for example { interfaceMtu: 1500 }.')),
  },
  'One machine with an address of its own, for example { name: switch1, mac: "52:54:00:aa:00:01", address: 10.77.0.10 }.',
);

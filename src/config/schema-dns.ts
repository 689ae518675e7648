import Type from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { durationNotation, hostNameNotation } from './notations.ts';
import { recordNameNotation, upstreamNotation } from './notations-dns.ts';
import { subnetNotation } from './notations-network.ts';
import { measured, oneOf, section, wholeNumber, written } from './schema-leaves.ts';

export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'PTR', 'SRV', 'TXT'] as const;

const recordSchema = section(
  {
    name: written(
      recordNameNotation,
      'Whose record it is: a name in site.domain, for example registry, _ldap._tcp, *.apps or @ for the domain itself; with a dot at the end, the whole name. For PTR an address is taken too, for example 10.77.0.5.',
    ),
    type: oneOf(RECORD_TYPES, 'Its type, for example CNAME.'),
    value: Type.String({
      minLength: 1,
      maxLength: 2048,
      description:
        'An address (A, AAAA), a name (CNAME, PTR), priority, weight, port and name (SRV), or any text (TXT), for example 10.77.0.5 or ingress or "0 5 389 ldap1". Names are in site.domain unless they have a dot at the end.',
      examples: ['10.77.0.5'],
    }),
  },
  'One record, for example { name: registry, type: A, value: 10.77.0.5 }.',
);

export const dnsSchema = section(
  {
    port: Type.Optional(
      wholeNumber({ minimum: 1, maximum: 65535 }, 'UDP and TCP port of the DNS server, for example 53.', {
        default: DEFAULTS.dns.port,
      }),
    ),
    serverName: Type.Optional(
      written(hostNameNotation, "This machine's own name in site.domain, for example podboot.", {
        default: DEFAULTS.dns.serverName,
      }),
    ),
    ttl: Type.Optional(
      measured(
        durationNotation,
        'How long others may keep an answer about our names, from 1s to 1d, for example 60s: so long after a change they may still use the old one.',
        { default: DEFAULTS.dns.ttl },
      ),
    ),
    upstreams: Type.Optional(
      Type.Array(written(upstreamNotation, 'A DNS server, for example 10.1.1.53 or 10.1.1.53:5353.'), {
        maxItems: 8,
        description:
          "DNS servers that are asked for names outside of our zones, the preferred one first, for example [10.1.1.53, 10.1.1.54]; absent: this machine's own, from /etc/resolv.conf; [] asks nobody.",
      }),
    ),
    clients: Type.Optional(
      Type.Array(written(subnetNotation, 'A network, for example 10.80.0.0/16.'), {
        description:
          'Networks that may ask for names outside of our zones, beside those of the interfaces and subnets, for example [10.80.0.0/16]. Everyone else is refused.',
      }),
    ),
    records: Type.Optional(
      Type.Array(recordSchema, {
        maxItems: 10000,
        description:
          'Records beside those of nodes, reservations and leases, for example [{ name: registry, type: A, value: 10.77.0.5 }].',
      }),
    ),
  },
  'The DNS server, on each interface with `dns: true`, for example { upstreams: [10.1.1.53] }.',
);

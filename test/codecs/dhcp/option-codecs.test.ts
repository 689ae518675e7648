import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeClasslessRoutes, encodeClasslessRoutes } from '../../../src/codecs/dhcp/classless-routes.ts';
import { decodeClientArchitectures, encodeClientArchitectures } from '../../../src/codecs/dhcp/client-architecture.ts';
import { decodeClientFqdn, encodeClientFqdn } from '../../../src/codecs/dhcp/client-fqdn.ts';
import {
  type ClientIdentifier,
  decodeClientIdentifier,
  encodeClientIdentifier,
} from '../../../src/codecs/dhcp/client-identifier.ts';
import { decodeClientMachineId, encodeClientMachineId } from '../../../src/codecs/dhcp/client-machine-id.ts';
import { decodeDomainSearch, encodeDomainSearch } from '../../../src/codecs/dhcp/domain-search.ts';
import { type Duid, decodeDuid, encodeDuid } from '../../../src/codecs/dhcp/duid.ts';
import { decodeIpxeOptions, encodeIpxeOptions } from '../../../src/codecs/dhcp/ipxe-options.ts';
import { decodePxeVendorOptions, encodePxeVendorOptions } from '../../../src/codecs/dhcp/pxe-vendor-options.ts';
import {
  decodeRelayAgentInformation,
  encodeRelayAgentInformation,
} from '../../../src/codecs/dhcp/relay-agent-information.ts';
import { decodeUserClass, encodeUserClass } from '../../../src/codecs/dhcp/user-class.ts';
import { decodeVendorClass, encodeVendorClass } from '../../../src/codecs/dhcp/vendor-class.ts';
import { bytesUpTo, domainName, fieldText, uint32, uuid } from './messages.ts';

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });

/** Sub-options without a name, clear of the codes that have one. */
const others = (known: readonly number[]) =>
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 254 }), bytesUpTo(40)), { maxLength: 4 })
    .map((entries) => new Map(entries.filter(([code]) => !known.includes(code))));

/** Decoders give plain objects; fast-check's have no prototype now and then. */
const PLAIN = { noNullPrototype: true } as const;
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(model, PLAIN);

const duid: fc.Arbitrary<Duid> = fc.oneof(
  record({ kind: fc.constant('link-layer-time' as const), htype: uint16, time: uint32, address: bytesUpTo(20) }),
  record({ kind: fc.constant('enterprise' as const), enterprise: uint32, identifier: bytesUpTo(20) }),
  record({ kind: fc.constant('link-layer' as const), htype: uint16, address: bytesUpTo(20) }),
  record({ kind: fc.constant('uuid' as const), uuid }),
  record({
    kind: fc.constant('other' as const),
    type: fc.integer({ min: 5, max: 0xffff }),
    identifier: bytesUpTo(128, 1),
  }),
);

const clientIdentifier: fc.Arbitrary<ClientIdentifier> = fc.oneof(
  record({
    form: fc.constant('hardware' as const),
    htype: fc.integer({ min: 1, max: 254 }),
    address: bytesUpTo(20, 1),
  }),
  record({ form: fc.constant('uuid' as const), uuid }),
  record({ form: fc.constant('duid' as const), iaid: uint32, duid }),
  record({ form: fc.constant('opaque' as const), type: fc.constant(0), value: bytesUpTo(15, 1) }),
);

const fqdnFlags = { serverUpdates: fc.boolean(), overridden: fc.boolean(), noUpdates: fc.boolean() };
const clientFqdn = fc.oneof(
  record({
    ...fqdnFlags,
    encoding: fc.constant('wire' as const),
    name: domainName,
    fullyQualified: fc.boolean(),
  }),
  fc
    .record({ ...fqdnFlags, encoding: fc.constant('ascii' as const), name: domainName })
    .map((fqdn) => ({ ...fqdn, fullyQualified: fqdn.name.includes('.') })),
  record({
    ...fqdnFlags,
    encoding: fc.constantFrom('wire' as const, 'ascii' as const),
    name: fc.constant(''),
    fullyQualified: fc.constant(false),
  }),
);

const classlessRoute = fc
  .record({ network: uint32, prefixLength: fc.integer({ min: 0, max: 32 }), router: uint32 })
  .map((route) => ({
    ...route,
    network: Number((BigInt(route.network) >> BigInt(32 - route.prefixLength)) << BigInt(32 - route.prefixLength)),
  }));

const pxeVendorOptions = fc.record(
  {
    discoveryControl: uint8,
    discoveryMulticast: uint32,
    bootServers: fc.array(record({ type: uint16, addresses: fc.array(uint32, { maxLength: 5 }) }), { maxLength: 10 }),
    bootMenu: fc.array(record({ type: uint16, description: fieldText(20) }), { maxLength: 10 }),
    menuPrompt: record({ timeoutSeconds: uint8, prompt: fieldText(200) }),
    bootItem: record({ type: uint16, layer: uint16 }),
    others: others([6, 7, 8, 9, 10, 71]),
  },
  { ...PLAIN, requiredKeys: ['others'] },
);

const relayAgentInformation = fc.record(
  {
    circuitId: bytesUpTo(255),
    remoteId: bytesUpTo(255),
    linkSelection: uint32,
    serverIdentifierOverride: uint32,
    others: others([1, 2, 5, 11]),
  },
  { ...PLAIN, requiredKeys: ['others'] },
);

const IPXE_FEATURES = ['iscsi', 'aoe', 'http', 'https', 'tftp', 'dns', 'bzimage', 'efi', 'menu', 'nfs'];
const ipxeOptions = fc.record(
  {
    features: fc.subarray(IPXE_FEATURES),
    version: fc.tuple(uint8, uint8, uint8).map((parts) => parts.join('.')),
    noProxyDhcp: fc.boolean(),
    others: fc.constantFrom(new Map(), new Map([[0xb1, Uint8Array.of(1, 0x10, 0x22)]])),
  },
  { ...PLAIN, requiredKeys: ['features', 'others'] },
);

interface Codec<T> {
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => T;
}

const propertyOf = <T>({ values, encode, decode }: Codec<T>) =>
  fc.property(values, (value) => assert.deepEqual(decode(encode(value)), value));

describe('decode after encode is the identity', () => {
  const properties: Readonly<Record<string, fc.IPropertyWithHooks<[never]> | fc.IRawProperty<unknown>>> = {
    'classless routes (121)': propertyOf({
      values: fc.array(classlessRoute, { minLength: 1, maxLength: 20 }),
      encode: encodeClasslessRoutes,
      decode: decodeClasslessRoutes,
    }),
    'client architectures (93)': propertyOf({
      values: fc.array(uint16, { minLength: 1, maxLength: 10 }),
      encode: encodeClientArchitectures,
      decode: decodeClientArchitectures,
    }),
    'client FQDN (81)': propertyOf({ values: clientFqdn, encode: encodeClientFqdn, decode: decodeClientFqdn }),
    'client identifier (61)': propertyOf({
      values: clientIdentifier,
      encode: encodeClientIdentifier,
      decode: decodeClientIdentifier,
    }),
    'client machine id (97)': propertyOf({
      values: uuid,
      encode: encodeClientMachineId,
      decode: decodeClientMachineId,
    }),
    'domain search (119)': propertyOf({
      values: fc.array(domainName, { minLength: 1, maxLength: 20 }),
      encode: encodeDomainSearch,
      decode: decodeDomainSearch,
    }),
    DUID: propertyOf({ values: duid, encode: encodeDuid, decode: decodeDuid }),
    'iPXE options (175)': propertyOf({ values: ipxeOptions, encode: encodeIpxeOptions, decode: decodeIpxeOptions }),
    'PXE vendor options (43)': propertyOf({
      values: pxeVendorOptions,
      encode: encodePxeVendorOptions,
      decode: decodePxeVendorOptions,
    }),
    'relay agent information (82)': propertyOf({
      values: relayAgentInformation,
      encode: encodeRelayAgentInformation,
      decode: decodeRelayAgentInformation,
    }),
    'user class as RFC 3004 has it (77)': propertyOf({
      values: record({
        framing: fc.constant('rfc3004' as const),
        classes: fc.array(fieldText(30, 1), { minLength: 1, maxLength: 6 }),
      }),
      encode: encodeUserClass,
      decode: decodeUserClass,
    }),
    'user class as iPXE sends it (77)': propertyOf({
      // Up to 31 letters: the first one as a length is beyond the end.
      values: record({
        framing: fc.constant('bare' as const),
        classes: fc.tuple(fc.stringMatching(/^[!-~]{1,31}$/)) as fc.Arbitrary<readonly string[]>,
      }),
      encode: encodeUserClass,
      decode: decodeUserClass,
    }),
  };
  for (const [name, property] of Object.entries(properties)) {
    test(name, () => {
      fc.assert(property as fc.IRawProperty<unknown>, { numRuns: 300 });
    });
  }

  test('vendor class (60)', () => {
    const number = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        fc.constantFrom('PXEClient', 'HTTPClient'),
        number(99999),
        number(999),
        number(999),
        (client, architecture, major, minor) => {
          const undi = { major, minor };
          const { text, ...decoded } = decodeVendorClass(encodeVendorClass(client, architecture, undi));
          assert.deepEqual(decoded, { bootClient: client, architecture, undi });
          assert.equal(text.length, client.length + ':Arch:00000:UNDI:000000'.length);
        },
      ),
    );
  });
});

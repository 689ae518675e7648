import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkConfig } from '../../src/config/load.ts';
import {
  clientIdNotation,
  durationNotation,
  formatDuration,
  sizeNotation,
  switchPortNotation,
  uuidNotation,
} from '../../src/config/notations.ts';
import {
  formatRange,
  listenNotation,
  macNotation,
  poolNotation,
  subnetNotation,
} from '../../src/config/notations-network.ts';
import { publishedSchema } from '../../src/config/published-schema.ts';
import { rootNode, type SchemaNode } from '../../src/config/schema-walk.ts';
import { editDistance, nearest } from '../../src/config/suggest.ts';
import { formatIpv4, formatSubnet, netmask } from '../../src/domain/ipv4.ts';
import { RIGHT } from './mistakes.ts';

interface Place {
  readonly path: string;
  readonly node: SchemaNode;
}

function* everyNode(node: SchemaNode, path = ''): Iterable<Place> {
  yield { path, node };
  for (const [key, child] of Object.entries(node.properties ?? {})) yield* everyNode(child, `${path}.${key}`);
  if (node.items !== undefined) yield* everyNode(node.items, `${path}[]`);
  if (typeof node.additionalProperties === 'object') yield* everyNode(node.additionalProperties, `${path}.*`);
}

test('every key has a description that is a sentence with an example', () => {
  for (const { path, node } of everyNode(rootNode)) {
    if (path === '') continue;
    assert.match(node.description ?? '', /^.{10,}[.]$/s, path);
    assert.match(node.description ?? '', /for example/i, path);
  }
});

test('every object is closed or has keys of the operator', () => {
  for (const { path, node } of everyNode(rootNode)) {
    if (node.properties === undefined) continue;
    assert.equal(node.additionalProperties, false, path);
  }
});

test("the published schema names every option that may be set, and none of the server's own", () => {
  const text = JSON.stringify(publishedSchema());
  assert.ok(text.includes('"domainNameServers"'));
  assert.ok(!text.includes('"serverIdentifier"'));
});

/** The keys of each closed object of RIGHT, with the text that writes one of them there. */
const WRITTEN: readonly { readonly keys: readonly string[]; readonly write: (key: string) => string }[] = [
  { keys: keysAt([]), write: (key) => `${RIGHT}${key}: 1\n` },
  { keys: keysAt(['subnets', '*']), write: (key) => RIGHT.replace('    relays: ', `    ${key}: 1\n    relays: `) },
  {
    keys: keysAt(['reservations', '*']),
    write: (key) => RIGHT.replace('  - name: ib-switch', `  - ${key}: 1\n    name: ib-switch`),
  },
  { keys: keysAt(['dhcp']), write: (key) => RIGHT.replace('dhcp:\n', `dhcp:\n  ${key}: 1\n`) },
  { keys: keysAt(['tftp']), write: (key) => RIGHT.replace('tftp: {', `tftp: { ${key}: 1,`) },
];

function keysAt(path: readonly string[]): string[] {
  let node: SchemaNode | undefined = rootNode;
  for (const key of path) {
    const free: SchemaNode | undefined =
      typeof node?.additionalProperties === 'object' ? node.additionalProperties : node?.items;
    node = key === '*' ? free : node?.properties?.[key];
  }
  return Object.keys(node?.properties ?? {});
}

const everyKey = new Set([...everyNode(rootNode)].flatMap(({ node }) => Object.keys(node.properties ?? {})));

function typo(word: string, kind: number, at: number, letter: string): string {
  const place = at % word.length;
  switch (kind) {
    case 0:
      return word.slice(0, place) + word.slice(place + 1);
    case 1:
      return word.slice(0, place) + letter + word.slice(place);
    case 2:
      return word.slice(0, place) + letter + word.slice(place + 1);
    default:
      return word.slice(0, place) + (word[place + 1] ?? '') + (word[place] ?? '') + word.slice(place + 2);
  }
}

test('a typo in a key is answered with that key, wherever it is made', () => {
  const letters = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz');
  fc.assert(
    fc.property(
      fc.constantFrom(...WRITTEN),
      fc.nat(99),
      fc.nat(3),
      fc.nat(30),
      letters,
      (place, index, kind, at, letter) => {
        const key = place.keys[index % place.keys.length] ?? '';
        const wrong = typo(key, kind, at, letter);
        fc.pre(key.length > 3 && wrong !== key && !everyKey.has(wrong));
        const { problems } = checkConfig(place.write(wrong));
        const told = problems.find((problem) => problem.path.split('.').at(-1) === wrong);
        assert.equal(told?.message, 'there is no such key here', wrong);
        assert.ok(told.mend?.includes(`\`${key}\``) === true, `${wrong}: ${told.mend} does not name ${key}`);
      },
    ),
    { numRuns: 400 },
  );
});

test('any text at all is judged without a crash, and never in the words of a library', () => {
  const words = fc.constantFrom(
    'interfaces:',
    '  eno2:',
    ' {',
    '}',
    '[',
    ']',
    '- ',
    '"',
    ': ',
    '\n',
    '10.77.0.1',
    'pools',
    '&a',
    '*a',
    '!x',
    '\t',
    '#',
    'dhcp',
    '0x',
    '~',
    'null',
    '<<',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 8 })), { maxLength: 30 }), (parts) => {
      const { problems, settings } = checkConfig(parts.join(''));
      assert.equal(settings === undefined, problems.length > 0);
      for (const problem of problems) {
        assert.doesNotMatch(
          problem.message,
          /schema|pattern|additional properties|instance|must match|undefined|\[object/i,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('any value in any place is refused in plain words or read', () => {
  const leaf = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.ipV4(),
  );
  const value = fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('address', 'dhcp', 'interface', 'pools', 'mac', 'options'), leaf, { maxKeys: 4 }),
  );
  const section = fc.oneof(
    value,
    fc.dictionary(fc.constantFrom('eno2', '10.77.0.0/24', 'name', 'port'), value, { maxKeys: 3 }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keysAt([])), section, { maxKeys: 6 }), (config) => {
      for (const problem of checkConfig(JSON.stringify(config)).problems) {
        assert.doesNotMatch(
          problem.message,
          /schema|pattern|additional properties|instance|must match|undefined|\[object/i,
        );
        assert.ok(problem.line !== undefined, problem.path);
      }
    }),
    { numRuns: 500 },
  );
});

test('editDistance is the number of single mistakes', () => {
  for (const [a, b, distance] of [
    ['pools', 'pools', 0],
    ['polls', 'pools', 1],
    ['poosl', 'pools', 1],
    ['pool', 'pools', 1],
    ['', 'abc', 3],
    ['tftp', 'http', 2],
  ] as const) {
    assert.equal(editDistance(a, b), distance, `${a} ${b}`);
    assert.equal(editDistance(b, a), distance, `${b} ${a}`);
  }
});

test('nothing is suggested for a word that resembles nothing, or for one without end', () => {
  assert.deepEqual(nearest('rotation', ['level', 'format']), []);
  assert.deepEqual(nearest('x'.repeat(10_000), ['level']), []);
});

const address = fc.nat(0xdfffffff).filter((value) => value > 0xffffff);

test('what a notation reads, its pattern lets through: editors refuse nothing that is right', () => {
  const samples: readonly (readonly [{ pattern: string; parse: (text: string) => unknown }, readonly string[]])[] = [
    [durationNotation, ['90s', '15m', '12 h', '7d', '3600', '2w']],
    [sizeNotation, ['1468', '8KiB', '8 k', '1MB', '64B']],
    [macNotation, ['52:54:00:77:00:01', '52-54-00-77-00-01', '5254.0077.0001', '525400770001', '52 54 00 77 00 01']],
    [poolNotation, ['10.77.0.1-10.77.0.9', '10.77.0.1 - 10.77.0.9', '10.77.0.0/25']],
    [listenNotation, ['127.0.0.1:8067', '[::1]:8067', 'unix:/run/a.sock', '0.0.0.0:80']],
    [clientIdNotation, ['ff:00:00', 'ff0000', '0xff00', 'ff-00']],
    [switchPortNotation, ['text:Ethernet1/7', '00:04', '0x0004', '0004']],
    [uuidNotation, ['4c4c4544-0042-3510-8051-b4c04f313132', '4C4C4544004235108051B4C04F313132']],
  ];
  for (const [notation, texts] of samples) {
    for (const text of texts) {
      assert.match(text, new RegExp(notation.pattern), text);
      const parsed = notation.parse(text);
      assert.ok(typeof parsed === 'object' && parsed !== null && 'value' in parsed, text);
    }
  }
});

test('every range is read back as it was written, with and without spaces', () => {
  fc.assert(
    fc.property(address, fc.nat(5000), fc.constantFrom('-', ' - ', '- '), (first, extra, dash) => {
      const range = { first, last: first + extra };
      const text = formatRange(range).replace('-', dash);
      assert.deepEqual(poolNotation.parse(text), { value: range });
      assert.match(text, new RegExp(poolNotation.pattern));
    }),
  );
});

test('every subnet is read back; with a host part the network is named', () => {
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 32 }), (host, prefixLength) => {
      const subnet = { network: (host & netmask(prefixLength)) >>> 0, prefixLength };
      assert.deepEqual(subnetNotation.parse(formatSubnet(subnet)), { value: subnet });
      if (subnet.network === host) return;
      const parsed = subnetNotation.parse(`${formatIpv4(host)}/${prefixLength}`);
      assert.ok(parsed !== undefined && 'mend' in parsed);
      assert.equal(parsed.mend, `Write ${formatSubnet(subnet)}.`);
    }),
  );
});

test('every length of time is read back from its shortest notation', () => {
  fc.assert(
    fc.property(fc.nat(400 * 86_400), (seconds) => {
      assert.deepEqual(durationNotation.parse(formatDuration(seconds)), { value: seconds });
      assert.deepEqual(durationNotation.parse(String(seconds)), { value: seconds });
    }),
  );
});

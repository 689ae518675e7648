import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiFixture, nodeBody, problemOf } from './api-fixture.ts';

const sound = nodeBody('dgx01', 1);
const port = sound.interfaces[0];
const many = <T>(count: number, value: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => value(index));

/** What is sent, the status, and the paths of all problems. */
const BODIES: readonly [name: string, body: object | string, status: number, paths: readonly string[]][] = [
  ['no JSON', '{', 400, []],
  ['nothing', '', 400, []],
  ['a list', '[]', 422, ['']],
  ['null', 'null', 422, ['']],
  ['text', '"dgx01"', 422, ['']],
  ['an empty object', {}, 422, ['name', 'interfaces']],
  ['an unknown key', { ...sound, mac: '52:54:00:77:00:01' }, 422, ['mac']],
  [
    'unknown keys everywhere',
    { ...sound, a: 1, boot: { b: 1 }, interfaces: [{ ...port, c: 1 }] },
    422,
    ['a', 'interfaces[0].c', 'boot.b'],
  ],
  ['__proto__', '{"name":"dgx01","interfaces":[],"__proto__":{"admin":true}}', 400, []],
  ['constructor.prototype', '{"name":"dgx01","interfaces":[],"constructor":{"prototype":{"admin":true}}}', 400, []],
  ['a number for a name', { ...sound, name: 1 }, 422, ['name']],
  ['a name of nothing', { ...sound, name: '' }, 422, ['name']],
  ['a name with a dot', { ...sound, name: 'dgx01.example.com' }, 422, ['name']],
  ['a name that goes up', { ...sound, name: '../../etc/passwd' }, 422, ['name']],
  ['a name with an escape sequence', { ...sound, name: 'dgx\u001b[31m' }, 422, ['name']],
  ['a name of another script', { ...sound, name: 'dgх01' }, 422, ['name']],
  ['a name of 64 letters', { ...sound, name: 'a'.repeat(64) }, 422, ['name']],
  ['a name of 2,000 letters', { ...sound, name: 'a'.repeat(2_000) }, 422, ['name']],
  ['a name that is a UUID', { ...sound, name: '4c4c4544-0032-4d10-8052-b4c04f564433' }, 422, ['name']],
  ['a formula for a name', { ...sound, name: '=1+1' }, 422, ['name']],
  ['no interface', { ...sound, interfaces: [] }, 422, ['interfaces']],
  [
    '65 interfaces',
    { ...sound, interfaces: many(65, (index) => ({ name: `eno${index}`, clientId: '0001' })) },
    422,
    ['interfaces'],
  ],
  ['interfaces as an object', { ...sound, interfaces: { 0: port } }, 422, ['interfaces']],
  ['an interface that nothing tells apart', { ...sound, interfaces: [{ name: 'eno1' }] }, 422, ['interfaces[0]']],
  [
    'two interfaces for one UUID',
    { ...sound, uuid: '4c4c4544-0032-4d10-8052-b4c04f564433', interfaces: [{ name: 'a' }, { name: 'b' }] },
    422,
    ['interfaces[1]'],
  ],
  [
    'two interfaces of one name',
    { ...sound, interfaces: [port, { name: 'eno1', mac: '52:54:00:77:09:09' }] },
    422,
    ['interfaces[1].name'],
  ],
  [
    'one MAC address twice in a node',
    { ...sound, interfaces: [port, { name: 'eno2', mac: '5254.0077.0001' }] },
    409,
    ['interfaces[1].mac'],
  ],
  ['an unknown role', { ...sound, interfaces: [{ ...port, role: 'root' }] }, 422, ['interfaces[0].role']],
  [
    'a MAC address of five bytes',
    { ...sound, interfaces: [{ ...port, mac: '52:54:00:77:00' }] },
    422,
    ['interfaces[0].mac'],
  ],
  [
    'a MAC address as Excel mangles it',
    { ...sound, interfaces: [{ ...port, mac: '5.254E+11' }] },
    422,
    ['interfaces[0].mac'],
  ],
  ['a MAC address as a number', { ...sound, interfaces: [{ ...port, mac: 525400770001 }] }, 422, ['interfaces[0].mac']],
  [
    'the broadcast MAC address',
    { ...sound, interfaces: [{ ...port, mac: 'ff:ff:ff:ff:ff:ff' }] },
    422,
    ['interfaces[0].mac'],
  ],
  [
    'a multicast MAC address',
    { ...sound, interfaces: [{ ...port, mac: '01:00:5e:00:00:01' }] },
    422,
    ['interfaces[0].mac'],
  ],
  [
    'the zero MAC address',
    { ...sound, interfaces: [{ ...port, mac: '00:00:00:00:00:00' }] },
    422,
    ['interfaces[0].mac'],
  ],
  [
    'an address with a leading zero',
    { ...sound, interfaces: [{ ...port, address: '010.077.000.001' }] },
    422,
    ['interfaces[0].address'],
  ],
  [
    'an address as a number',
    { ...sound, interfaces: [{ ...port, address: 172818532 }] },
    422,
    ['interfaces[0].address'],
  ],
  ['an address of IPv6', { ...sound, interfaces: [{ ...port, address: '::1' }] }, 422, ['interfaces[0].address']],
  [
    'a multicast address',
    { ...sound, interfaces: [{ ...port, address: '224.0.0.1' }] },
    422,
    ['interfaces[0].address'],
  ],
  [
    'the loopback address',
    { ...sound, interfaces: [{ ...port, address: '127.0.0.1' }] },
    422,
    ['interfaces[0].address'],
  ],
  ['no address', { ...sound, interfaces: [{ ...port, address: '0.0.0.0' }] }, 422, ['interfaces[0].address']],
  [
    'a client identifier of half a byte',
    { ...sound, interfaces: [{ ...port, clientId: '012' }] },
    422,
    ['interfaces[0].clientId'],
  ],
  [
    'a client identifier of 256 bytes',
    { ...sound, interfaces: [{ ...port, clientId: '00'.repeat(256) }] },
    422,
    ['interfaces[0].clientId'],
  ],
  [
    'a switch port that names nothing',
    { ...sound, interfaces: [{ ...port, switchPort: {} }] },
    422,
    ['interfaces[0].switchPort'],
  ],
  ['a UUID that many boards share', { ...sound, uuid: '03000200-0400-0500-0006-000700080009' }, 422, ['uuid']],
  ['no UUID', { ...sound, uuid: 'Not Specified' }, 422, ['uuid']],
  ['a serial number with a line end', { ...sound, serialNumber: '1\n2' }, 422, ['serialNumber']],
  ['labels as a list', { ...sound, labels: ['a'] }, 422, ['labels']],
  ['a label that is a number', { ...sound, labels: { a: 1 } }, 422, ['labels.a']],
  ['65 labels', { ...sound, labels: Object.fromEntries(many(65, (index) => [`l${index}`, ''])) }, 422, ['labels']],
  ['a label with a strange name', { ...sound, labels: { '\u202e': 'x' } }, 422, ['labels.\u202e']],
  ['an option that is an object', { ...sound, options: { routers: { a: 1 } } }, 422, ['options.routers']],
  ['an unknown loader', { ...sound, boot: { loader: 'lilo' } }, 422, ['boot.loader']],
  ['an unknown disk method', { ...sound, boot: { diskMethod: 'wipe' } }, 422, ['boot.diskMethod']],
  ['null for what can’t be absent', { ...sound, boot: { profile: null } }, 422, ['boot.profile']],
  [
    'several mistakes at once',
    { name: '-', interfaces: [{ ...port, mac: 'x', address: 'y' }], uuid: 'z' },
    422,
    ['interfaces[0].mac', 'interfaces[0].address', 'name', 'uuid'],
  ],
];

describe('hostile and wrong bodies', () => {
  let pod: ApiFixture;
  before(() => {
    pod = new ApiFixture();
  });
  after(() => pod.api.close());

  for (const [name, body, status, paths] of BODIES) {
    it(`${name}: ${status}`, async () => {
      const response = await pod.call('POST', '/nodes', body);
      assert.equal(response.statusCode, status, response.body);
      assert.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8');
      const problem = problemOf(response);
      assert.deepEqual([...problem.paths].sort(), [...paths].sort(), response.body);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
      assert.doesNotMatch(JSON.parse(response.body).detail, /[\u0000-\u001f]/);
      assert.equal(pod.registry.size, 0);
      assert.ok(response.body.length < 4_096, `${response.body.length} bytes`);
    });
  }

  it('a body over the limit is refused before it is read', async () => {
    const response = await pod.call('POST', '/nodes', JSON.stringify({ ...sound, rack: 'x'.repeat(1_100_000) }));
    assert.equal(response.statusCode, 413);
    assert.match(response.body, /Send less/);
  });

  it('a body that is no JSON by its type is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const response = await pod.call('POST', '/nodes', JSON.stringify(sound), { 'content-type': type });
      assert.equal(response.statusCode, 415, type);
    }
  });

  it('a deep nest costs nothing', async () => {
    const response = await pod.call('POST', '/nodes', `{"name":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    assert.equal(response.statusCode, 422);
  });
});

/** Path below /api/v1 (with // from the root), and the status. */
const PATHS: readonly [path: string, status: number][] = [
  ['/nodes/nobody', 404],
  ['/nodes/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 404],
  ['/nodes/%00', 404],
  ['/nodes/%ff', 400],
  ['/nodes/%', 400],
  ['/nodes/__proto__', 404],
  ['/nodes/constructor', 404],
  [`/nodes/${'a'.repeat(65)}`, 422],
  [`/nodes/${'a'.repeat(600)}`, 414],
  ['/nodes/', 422],
  ['/NODES', 404],
  ['/nothing', 404],
  ['//', 404],
  ['/nodes?limit=1&limit=2', 422],
  ['/nodes?unknown=1', 422],
  ['/nodes?after=', 422],
  ['/nodes?__proto__[a]=1', 422],
  ['/leases?after=x', 422],
  ['/leases?state=lost', 422],
  ['/timeline?mac=x', 422],
  ['/timeline?clientId=XYZ', 422],
  ['/timeline?after=-1', 422],
  ['/timeline?after=1e400', 422],
];

describe('hostile and wrong URLs', () => {
  let pod: ApiFixture;
  before(() => {
    pod = new ApiFixture();
  });
  after(() => pod.api.close());

  for (const [path, status] of PATHS) {
    it(`${path.slice(0, 60)}: ${status} with the token, 401 without`, async () => {
      const known = await pod.call('GET', path);
      assert.equal(known.statusCode, status, known.body);
      assert.match(String(known.headers['content-type']), /problem\+json/);
      const unknown = await pod.call('GET', path, undefined, { authorization: '' });
      assert.ok(unknown.statusCode === 401 || unknown.statusCode === 429, unknown.body);
    });
  }
});

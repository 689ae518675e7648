import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { registerNodes } from '../../src/cli/nodes.ts';
import { HostRefused, InvalidInput, PodbootError } from '../../src/domain/errors.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import { ApiFixture } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let pod: ApiFixture;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  pod = new ApiFixture();
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile };
});
afterEach(() => pod.api.close());

async function podboot(...words: string[]) {
  const captured = capture();
  await run((program) => registerNodes(program, { output: captured.output, env }), ...words);
  return captured;
}

async function json(...words: string[]) {
  return JSON.parse((await podboot(...words, '--json')).printed());
}

describe('podboot enrol', () => {
  it('enrols a machine with one interface, as the guide says', async () => {
    const result = await podboot(
      'enrol',
      'dgx01',
      '--mac',
      '52-54-00-77-00-01',
      '--address',
      '10.77.0.100',
      '--profile',
      'rescue',
    );
    assert.match(result.printed(), /^dgx01 is enrolled$/m);
    assert.match(result.printed(), /interface {2}boot {2}boot {2}52:54:00:77:00:01 {2}10\.77\.0\.100/);
    assert.match(result.printed(), /boots {6}rescue, loader auto/);
  });

  it('changes nothing the second time, and refuses what is another way now', async () => {
    const words = ['enrol', 'dgx01', '--mac', '52:54:00:77:00:01', '--rack', 'r1'];
    await podboot(...words);
    assert.match((await podboot(...words)).printed(), /^dgx01 is like that already$/m);
    assert.match((await podboot(...words.slice(0, 4))).printed(), /^dgx01 is like that already$/m);
    await assert.rejects(podboot(...words.slice(0, -1), 'r2'), InvalidInput);
    await assert.rejects(podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:02'), InvalidInput);
    assert.equal(pod.registry.byName('dgx01')?.version, 1);
  });

  it('takes a switch port as its switch sends it', async () => {
    const port = 'name=eno1,circuitId=text:Eth1/7,remoteId=00:0a';
    const node = await json('enrol', 'dgx01', '--interface', port);
    assert.deepEqual(node.interfaces[0].switchPort, { circuitId: '457468312f37', remoteId: '000a' });
    await assert.rejects(podboot('enrol', 'dgx02', '--interface', 'name=eno1,circuitId=Eth1/7'), (error) => {
      assert.ok(error instanceof InvalidInput);
      assert.match(error.problems[0]?.mend ?? '', /text:Ethernet1\/7/);
      return true;
    });
  });

  it('takes everything that a node can have', async () => {
    const node = await json(
      ...[
        'enrol',
        'dgx02',
        '--mac',
        '525400770002',
        '--uuid',
        '4C4C4544-0032-4D10-8052-B4C04F564433',
        '--serial',
        'S1',
      ],
      ...[
        '--rack',
        'r1',
        '--group',
        'dgx',
        '--label',
        'row=a',
        '--label',
        'note=a=b',
        '--loader',
        'grub',
        '--disk-method',
        'grub-exit',
      ],
      ...[
        '--option',
        'interfaceMtu=9000',
        '--option',
        'routers=10.77.0.1, 10.77.0.2',
        '--option',
        'domainName=a.example',
      ],
      ...['--interface', 'name=bmc,role=bmc,mac=52:54:00:77:00:ff,address=10.77.0.5'],
      ...['--interface', 'name=ib0,role=infiniband,clientId=ff:00:01,circuitId=0001,remoteId=0a'],
    );
    assert.deepEqual(node.interfaces, [
      { name: 'bmc', role: 'bmc', mac: '52:54:00:77:00:ff', address: '10.77.0.5' },
      { name: 'ib0', role: 'infiniband', clientId: 'ff0001', switchPort: { circuitId: '0001', remoteId: '0a' } },
      { name: 'boot', role: 'boot', mac: '52:54:00:77:00:02' },
    ]);
    assert.deepEqual(node.options, {
      interfaceMtu: 9000,
      routers: ['10.77.0.1', '10.77.0.2'],
      domainName: 'a.example',
    });
    assert.deepEqual(node.labels, { row: 'a', note: 'a=b' });
    assert.deepEqual(node.boot, { profile: 'local', loader: 'grub', diskMethod: 'grub-exit' });
    assert.deepEqual([node.serialNumber, node.rack, node.group], ['S1', 'r1', 'dgx']);
  });

  it('tells every problem that the daemon has with it', async () => {
    await podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:01');
    await assert.rejects(podboot('enrol', 'dgx02', '--mac', '52:54:00:77:00:01'), (error) => {
      assert.ok(error instanceof InvalidInput);
      assert.match(error.problems[0]?.message ?? '', /dgx02.*belongs to dgx01/);
      return true;
    });
    for (const words of [
      ['--interface', 'role=bmc'],
      ['--interface', 'name=a,colour=red'],
      ['--label', 'x'],
    ]) {
      await assert.rejects(podboot('enrol', 'dgx02', ...words), { code: 'commander.invalidArgument' });
    }
  });
});

describe('podboot nodes', () => {
  it('lists all of them, over several pages', async () => {
    assert.match((await podboot('nodes')).printed(), /No node is enrolled yet/);
    await pod.registry.enrolMany(
      Array.from({ length: 1_001 }, (_, index) => ({
        name: `n${index}`,
        interfaces: [{ name: 'eno1', clientId: (0x10000 + index).toString(16).padStart(6, '0') }],
      })),
    );
    assert.equal((await podboot('nodes')).printed().split('\n').length, 1_002);
    assert.equal((await json('nodes')).length, 1_001);
  });

  it('shows one by name, or MAC address', async () => {
    await podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:01', '--rack', 'r1');
    for (const name of ['dgx01', '52:54:00:77:00:01']) {
      assert.match((await podboot('nodes', 'show', name)).printed(), /^rack {7}r1$/m);
    }
    await assert.rejects(podboot('nodes', 'show', 'dgx99'), { code: 'not-found' });
    await assert.rejects(podboot('nodes', 'show', '../status'), { code: 'not-found' });
  });

  it('changes what is named, and removes what is emptied', async () => {
    await podboot(
      'enrol',
      'dgx01',
      '--mac',
      '52:54:00:77:00:01',
      '--address',
      '10.77.0.1',
      '--rack',
      'r1',
      '--label',
      'a=1',
    );
    const node = await json(
      ...['nodes', 'set', 'dgx01', '--rename', 'dgx02', '--rack', '', '--label', 'a=', '--label', 'b=2'],
      ...['--address', '10.77.0.2', '--interface', 'name=bmc,role=bmc,mac=52:54:00:77:00:ff', '--profile', 'rescue'],
    );
    assert.equal(node.name, 'dgx02');
    assert.equal(node.rack, undefined);
    assert.deepEqual(node.labels, { b: '2' });
    assert.equal(node.boot.profile, 'rescue');
    assert.deepEqual(node.interfaces, [
      { name: 'boot', role: 'boot', mac: '52:54:00:77:00:01', address: '10.77.0.2' },
      { name: 'bmc', role: 'bmc', mac: '52:54:00:77:00:ff' },
    ]);
    const less = await json('nodes', 'set', 'dgx02', '--remove-interface', 'bmc', '--address', '');
    assert.deepEqual(less.interfaces, [{ name: 'boot', role: 'boot', mac: '52:54:00:77:00:01' }]);
    assert.match((await podboot('nodes', 'set', 'dgx02', '--profile', 'rescue')).printed(), /like that already/);
    await assert.rejects(podboot('nodes', 'set', 'dgx02'), /nothing to change/);
    await assert.rejects(podboot('nodes', 'set', 'dgx02', '--remove-interface', 'x'), /no interface x/);
  });

  it('asks which interface is meant where several boot', async () => {
    await podboot(
      'enrol',
      'dgx01',
      '--interface',
      'name=a,mac=52:54:00:77:00:01',
      '--interface',
      'name=b,mac=52:54:00:77:00:02',
    );
    await assert.rejects(podboot('nodes', 'set', 'dgx01', '--address', '10.77.0.2'), /which interface\? a, b boot/);
  });

  it('removes', async () => {
    await podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:01');
    assert.equal((await podboot('nodes', 'remove', 'dgx01')).printed(), 'dgx01 is removed');
    assert.equal(pod.registry.size, 0);
  });
});

describe('podboot status, reload, leases, timeline', () => {
  it('show the daemon', async () => {
    assert.match((await podboot('status')).printed(), /^dhcp {7}offers 2$/m);
    pod.reload = async () => [{ path: 'profiles.rescue', message: 'Its kernel is missing.' }];
    const reload = await podboot('reload');
    assert.match(reload.printed(), /in force/);
    assert.match(reload.told(), /warning: Its kernel is missing/);
    pod.leases = [
      {
        address: 0x0a4d0001,
        key: 'mac:52:54:00:77:00:01',
        state: 'bound',
        mac: '52:54:00:77:00:01' as MacAddress,
        hostname: 'a\u001b[2J',
        startsAt: 0,
        expiresAt: null,
      },
    ];
    const leases = (await podboot('leases', '--state', 'bound')).printed();
    assert.match(
      leases,
      /^ADDRESS +STATE +HOLDER +NODE +HOSTNAME +UNTIL\n10\.77\.0\.1 +bound +52:54:00:77:00:01 +- +a�\[2J +for ever$/,
    );
    assert.equal((await json('leases', '--state', 'declined')).length, 0);
  });

  it('tell the steps of a node, of a stranger by MAC address, and of the daemon', async () => {
    await podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:01');
    pod.timeline.emit({
      type: 'x',
      level: 'warn',
      subject: { key: 'mac:52:54:00:77:00:02' },
      text: 'who are you?\u001b[2J',
      mend: 'Enrol it.',
    });
    pod.timeline.emit({ type: 'x', level: 'info', subject: {}, text: 'a listener opened' });
    assert.match((await podboot('timeline', 'dgx01')).printed(), /enrolled with boot 52:54/);
    assert.match((await podboot('timeline', '525400770002')).printed(), /Z {2}warn: who are you\?�\[2J → Enrol it\.$/);
    assert.match((await podboot('timeline')).printed(), /a listener opened/);
    await assert.rejects(podboot('timeline', 'dgx99'), { code: 'not-found' });
  });
});

describe('what a person is told', () => {
  const cases: readonly [string, NodeJS.ProcessEnv, RegExp, RegExp][] = [
    ['no token at all', { PODBOOT_TOKEN_FILE: undefined }, /no token.*PODBOOT_TOKEN_FILE/, /token new/],
    [
      'a token file that is not there',
      { PODBOOT_TOKEN_FILE: '/nowhere/token' },
      /nowhere\/token can’t be read: ENOENT/,
      /path/,
    ],
    [
      'a token file that holds something else',
      { PODBOOT_TOKEN_FILE: undefined, PODBOOT_TOKEN: 'two words' },
      /is no token/,
      /token new/,
    ],
    [
      'a wrong token',
      { PODBOOT_TOKEN_FILE: undefined, PODBOOT_TOKEN: 'pbt_wrong' },
      /does not take this token/,
      /PODBOOT_TOKEN_FILE/,
    ],
    [
      'no daemon at a socket',
      { PODBOOT_API: 'unix:/nowhere/api.sock' },
      /no podboot answers at unix:\/nowhere\/api\.sock: ENOENT/,
      /systemctl status/,
    ],
    ['no daemon at a port', { PODBOOT_API: 'http://127.0.0.1:1' }, /no podboot answers.*ECONNREFUSED/, /--api/],
    ['an address that is none', { PODBOOT_API: 'localhost' }, /no address/, /unix:/],
    ['an address with TLS', { PODBOOT_API: 'https://127.0.0.1:8067' }, /no address/, /http:/],
  ];
  for (const [name, change, message, mend] of cases) {
    it(`${name}: a sentence with its mend, and never the token`, async () => {
      const token = pod.token;
      env = { ...env, ...change };
      await assert.rejects(podboot('nodes'), (error) => {
        assert.ok(error instanceof PodbootError, String(error));
        assert.match(error.message, message);
        assert.match(error.mend ?? '', mend);
        assert.doesNotMatch(`${error.message} ${error.mend}`, new RegExp(`${token}|pbt_wrong`));
        return true;
      });
    });
  }

  describe('where something else answers', () => {
    const server = createServer((_, response) => response.end('<html>'));
    before(() => new Promise<void>((resolve) => server.listen(join(folder, 'other.sock'), resolve)));
    after(() => server.close());

    it('says that it is no podboot', async () => {
      env.PODBOOT_API = `unix:${join(folder, 'other.sock')}`;
      await assert.rejects(
        podboot('nodes'),
        (error) => error instanceof HostRefused && /is no podboot/.test(error.message),
      );
    });
  });

  it('no command takes a token as an argument', async () => {
    await assert.rejects(podboot('nodes', '--token', 'x'), { code: 'commander.unknownOption' });
  });
});

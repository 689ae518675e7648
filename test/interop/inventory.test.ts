import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { RunHost } from '../../src/domain/hand-off.ts';
import { readInventory } from '../../src/runners/inventory/adopt.ts';
import { buildInventory, type Inventory, type InventoryOptions } from '../../src/runners/inventory/inventory.ts';
import { renderIni } from '../../src/runners/inventory/render-ini.ts';
import { dynamicInventory } from '../../src/runners/inventory/render-json.ts';
import { renderYaml } from '../../src/runners/inventory/render-yaml.ts';
import { shellWord } from '../../src/runners/ssh/shell-words.ts';
import { must } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { guidePod, input, PINNED, SSH } from '../runners/inventory/pod.ts';

const READER = new URL('read-inventories.py', import.meta.url).pathname;
/** Debian's own: another one in PATH does not have Debian's Ansible. */
const DEBIAN_PYTHON = '/usr/bin/python3';
const PODS = 40;

interface Understood {
  readonly order: readonly string[];
  readonly hosts: Readonly<Record<string, unknown>>;
  readonly vars: unknown;
  readonly groups: Readonly<Record<string, { hosts: string[]; children: string[]; vars: unknown }>>;
}

describe('inventories as Ansible reads them', {
  skip: unmet({ tools: ['ansible-inventory'], files: [DEBIAN_PYTHON] }),
}, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-inventory-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function understood(sources: readonly (readonly string[])[]): Understood[] {
    const out = join(folder, 'understood.json');
    must([DEBIAN_PYTHON, READER, out], { input: JSON.stringify(sources) });
    return JSON.parse(readFileSync(out, 'utf8'));
  }

  function written(name: string, inventory: Inventory): { ini: string; yaml: string; script: string } {
    const ini = join(folder, `${name}.ini`);
    const yaml = join(folder, `${name}.yaml`);
    const json = join(folder, `${name}.out`);
    const script = join(folder, `${name}.sh`);
    writeFileSync(ini, renderIni(inventory));
    writeFileSync(yaml, renderYaml(inventory));
    writeFileSync(json, JSON.stringify(dynamicInventory(inventory)));
    writeFileSync(script, `#!/bin/sh\nexec cat '${json}'\n`);
    chmodSync(script, 0o755);
    return { ini, yaml, script };
  }

  it('INI, YAML and the script of random pods with hostile variables say what was meant', () => {
    const inventories = fc.sample(pods, { numRuns: PODS, seed: 6 });
    const files = inventories.map((inventory, index) => written(`pod${index}`, inventory));
    const readings = understood(files.flatMap(({ ini, yaml, script }) => [[ini], [yaml], [script]]));
    for (const [index, inventory] of inventories.entries()) {
      for (const [offset, format] of ['INI', 'YAML', 'script'].entries()) {
        const reading = readings[index * 3 + offset]!;
        assert.deepEqual(reading.order, [...inventory.hosts.keys()], `order of pod ${index} by ${format}`);
        assert.deepEqual(sorted(reading), meant(inventory), `pod ${index} by ${format}`);
      }
    }
  });

  it('what operators wrote by hand is read as Ansible reads it', () => {
    const texts = [
      { name: 'hand.ini', text: handwrittenIni() },
      { name: 'hand.yaml', text: HANDWRITTEN_YAML },
    ];
    const paths = texts.map(({ name, text: content }) => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return [path];
    });
    for (const [index, reading] of understood(paths).entries()) {
      const { inventory, problems } = readInventory(Buffer.from(texts[index]!.text));
      assert.deepEqual(problems, []);
      assert.deepEqual(sorted(reading), meant(inventory), texts[index]!.name);
    }
  });

  it('ansible-inventory --list has the guide’s pod in both spellings', () => {
    const bastion = { host: 'jump.example.com', user: 'jump', port: 22 };
    const { inventory, obstacles } = buildInventory(input({ ssh: { ...SSH, bastion } }));
    assert.deepEqual(obstacles, []);
    const { ini } = written('guide', inventory);
    const listed = JSON.parse(must(['ansible-inventory', '-i', ini, '--list', '--export']));
    assert.deepEqual(
      Object.keys(listed._meta.hostvars).sort(),
      guidePod()
        .map(({ name }) => name)
        .sort(),
    );
    assert.deepEqual(listed['kube-master'].children, ['kube_control_plane']);
    assert.deepEqual(listed.kube_node.hosts, ['dgx01', 'dgx02']);
    assert.equal(listed._meta.hostvars.dgx01.ib_bond_addr, '10.1.0.1/24');
    assert.match(listed.all.vars.ansible_ssh_common_args, /ProxyCommand=ssh .* -W %h:%p -- jump\.example\.com/);
  });
});

function sorted({ order: _, ...reading }: Understood) {
  return reading;
}

/** Values as people write them, among them all that Python takes for something else. */
function handwrittenIni(): string {
  const raw = [
    // Ansible itself can't say bytes, complex numbers and an ellipsis as JSON.
    ...HOSTILE.filter((each) => !/[\n\u0085\u2028]|^b'|^\.\.\.$/.test(each)),
    ...[
      '1',
      '-5',
      '+5',
      '- 5',
      '1.5',
      '1.',
      '.5',
      '1e3',
      '1E-2',
      '0o17',
      '0b101',
      '0x_ff',
      '00',
      '1__0',
      '1.2.3',
      '1 2',
    ],
    ...[
      "'a' 'b'",
      "u'x'",
      "r'\\n'",
      "R'\\''",
      "'''a'b'''",
      "'\\x41\\u00e9\\101\\q'",
      "'\\N{DASH}'",
      "'open",
      "f'x'",
      '"a" # b',
      '5 # five',
    ],
    ...[
      '[]',
      '[1,]',
      '[1,,2]',
      '()',
      '(1)',
      '(1,)',
      '( 1 , )',
      '{}',
      "{'a': [1, {'b': None}]}",
      '{1: 2, None: 3}',
      '{1, 2}',
      '{1: 2, 3}',
      '[True, false]',
      '[yes]',
      '1,',
      ',',
    ],
    ...[
      'true',
      'false',
      'none',
      'a b',
      'x == y',
      "ansible_user={{ lookup('env', 'USER') }}",
      '~/.ssh/id_rsa',
      "'~/.ssh/id_rsa'",
    ],
  ];
  const host = raw.map((value, index) => `h${index}=${shellWord(value)}`).join(' ');
  return [
    '# DeepOps',
    '[all]',
    `dgx[01:03] ansible_host=10.0.0.9 note="a \\"b\\" \\c" other='x'\\''y' # comment`,
    'db-[a:c]-[1:5:2]',
    '; another comment',
    `solo:2222 ${host}`,
    '[kube-master]',
    'dgx01',
    '  dgx02   late=1  ',
    '[k8s-cluster:children]  # both',
    'kube-master',
    'empty # one',
    '[empty]',
    '[all:vars]',
    ...raw.map((value, index) => `v${index} = ${value}`),
    '[kube-master:vars]',
    `ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q ubuntu@10.0.0.1"'`,
  ].join('\n');
}

const HANDWRITTEN_YAML = `---
# A comment
all:
  hosts:
    dgx[01:02]: {ansible_host: 10.0.0.9, n: 012, on: off, when: '2026-08-01', size: 1_000}
    solo:
  vars: &shared
    a: yes
    text: |
      two
      lines
    secret: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      3330
  children:
    kube_node:
      hosts: {dgx01: , dgx02: {late: 1}}
      vars: {<<: *shared, b: [1, {c: ~}]}
    k8s_cluster:
      children:
        kube_node:
        deeper: {hosts: {other: {x: !unsafe '{{ y }}'}}}
`;

/** Values as JSON has them; numbers that JSON does not have are not asked for. */
function meant(inventory: Inventory) {
  return JSON.parse(
    JSON.stringify({
      hosts: Object.fromEntries(inventory.hosts),
      vars: inventory.vars,
      groups: Object.fromEntries(inventory.groups),
    }),
  );
}

const ROLES = [
  'kube_control_plane',
  'etcd',
  'kube_node',
  'gpu',
  'slurm-master',
  'slurm-node',
  'slurm-login',
  'slurm-nfs',
  'storage',
  'on',
];
const HOSTILE = [
  '',
  ' ',
  'yes',
  'None',
  'True',
  '012',
  '1_000',
  '1e3',
  '0x1f',
  '12:30:45',
  '2026-08-01',
  '~',
  'null',
  '#none',
  'a #b',
  "it's",
  '"quoted"',
  'back\\slash',
  'two\nlines',
  'tab\there',
  '\u2028line',
  '\u0085next',
  'ünïcode ☃ 😀',
  '[1, 2]',
  '{"a": 1}',
  '(1, 2)',
  'a=b',
  '--flag=x y',
  '-o ProxyCommand="ssh -W %h:%p x"',
  "b'bytes'",
  'Ellipsis',
  '...',
  '1,2',
  '$HOME `id` $(id)',
  '[section]',
  ':',
  '- a',
  '? b',
  '&a *b !c',
  '%d',
  '@x',
  '10.0.0.1',
  '10.1.0.1/24',
];
const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme', maxLength: 12 }), fc.string());
const scalar = fc.oneof(
  text,
  text,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 3 },
    ),
  ),
}));
const variableName = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,8}$/)
  .filter((name) => name !== '__proto__' && !/pass/.test(name));
const variables = fc.dictionary(variableName, value, { maxKeys: 4 }) as fc.Arbitrary<Record<string, never>>;
const names = fc.uniqueArray(
  fc.oneof(
    fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
    fc.constantFrom('1', '007', '1e3', 'on', 'no', 'null', 'dgx01', 'true', '0x1f', '12'),
  ),
  { minLength: 1, maxLength: 8 },
);

const pods: fc.Arbitrary<Inventory> = fc
  .record({
    names,
    roles: fc.array(fc.subarray(ROLES), { minLength: 8, maxLength: 8 }),
    pinned: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    vars: variables,
    hostVars: variables,
    groupVars: variables,
  })
  .map(({ names: all, roles, pinned, vars, hostVars, groupVars }) => {
    const hosts = all
      .filter((name) => !ROLES.includes(name))
      .map((name, index): RunHost => ({ id: name, name, address: 0x0a000001 + index, roles: roles[index] ?? [] }));
    const options: InventoryOptions = {
      vars,
      groupVars: { storage: groupVars, 'k8s-cluster': groupVars },
      ...(hosts[0] === undefined ? {} : { hostVars: { [hosts[0].name]: hostVars } }),
    };
    const hostKeys = {
      of: (name: string) => ({
        ...PINNED.of(name),
        isPinned: pinned[hosts.findIndex((each) => each.name === name)] ?? true,
      }),
    };
    return buildInventory({ runner: 'kubespray', hosts, ssh: SSH, hostKeys, options }).inventory;
  });

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { mergeInventories, readInventory } from '../../../src/runners/inventory/adopt.ts';
import { BadRange, expandHostRange } from '../../../src/runners/inventory/host-range.ts';
import { readPythonValue } from '../../../src/runners/inventory/python-literal.ts';
import { renderIni } from '../../../src/runners/inventory/render-ini.ts';
import { renderYaml } from '../../../src/runners/inventory/render-yaml.ts';
import { splitShellWords } from '../../../src/runners/inventory/split-shell-words.ts';

const read = (text: string) => readInventory(Buffer.from(text));
const problems = (text: string) => read(text).problems.map(({ line, message }) => `${line}: ${message}`);

describe('inventories that operators have', () => {
  it('DeepOps’ example: hosts, groups and variables, each host with its line', () => {
    const { inventory, lines, format } = read(
      [
        '######',
        '# ALL NODES',
        '[all]',
        'mgmt01     ansible_host=10.0.0.1   # the first',
        'dgx[01:02] ansible_user=ubuntu',
        '',
        '[kube-master]',
        'mgmt01',
        '[k8s-cluster:children]',
        'kube-master',
        '[all:vars]',
        `ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p -q ubuntu@10.0.0.1"'`,
      ].join('\r\n'),
    );
    assert.equal(format, 'ini');
    assert.deepEqual(
      [...inventory.hosts],
      [
        ['mgmt01', { ansible_host: '10.0.0.1' }],
        ['dgx01', { ansible_user: 'ubuntu' }],
        ['dgx02', { ansible_user: 'ubuntu' }],
      ],
    );
    assert.deepEqual(inventory.groups.get('k8s-cluster')?.children, ['kube-master']);
    assert.equal(inventory.vars.ansible_ssh_common_args, '-o ProxyCommand="ssh -W %h:%p -q ubuntu@10.0.0.1"');
    assert.deepEqual(
      [...lines],
      [
        ['mgmt01', 4],
        ['dgx01', 5],
        ['dgx02', 5],
      ],
    );
  });

  it('every mistake is told with its line, and what was good is kept', () => {
    const text =
      '[a]\ngood x=1\nbad y\nopen "q\nn[3:1]\n[a b]\n[a:what]\n[b:children]\nnowhere\n[ghost:vars]\nz=1\nnothing\n';
    assert.deepEqual(problems(text), [
      '3: “y” is no variable',
      '4: A quote of this line is never closed',
      '5: “[3:1]” runs backwards',
      '6: This begins like a section and is none',
      '7: [a:what] is no kind of section',
      '9: [b:children] speaks of the group nowhere, which is nowhere',
      '10: [ghost:vars] speaks of the group ghost, which is nowhere',
      '12: “nothing” is no variable',
    ]);
    assert.deepEqual(read(text).inventory.hosts.get('good'), { x: 1 });
  });

  it('YAML is read as PyYAML does, with lines; what a vault made stays locked', () => {
    const { inventory, lines } = read(
      'all:\n  hosts:\n    n1: {y: 1, on_air: on}\n  vars:\n    secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      33\n',
    );
    assert.deepEqual(inventory.hosts.get('n1'), { y: 1, on_air: true });
    assert.deepEqual(inventory.vars.secret, { __ansible_vault: '$ANSIBLE_VAULT;1.1;AES256\n33\n' });
    assert.equal(lines.get('n1'), 3);
    assert.match(renderYaml(inventory), /secret: !vault \|\n {6}\$ANSIBLE_VAULT/);
    assert.throws(() => renderIni(inventory), InvalidInput);
    assert.deepEqual(problems('all:\n  host:\n    a:\n'), ['2: The group all has “host”, which is unknown']);
    assert.match(problems('all: {hosts: [}\n')[0] ?? '', /^1: This is no YAML/);
    assert.deepEqual(problems('--- 5\n'), ['1: This is no YAML inventory']);
  });

  it('a program, another encoding and a file without an end are refused', () => {
    for (const bytes of [
      '#!/usr/bin/env python3\n',
      Buffer.from([0x5b, 0xff, 0xfe]),
      Buffer.alloc(8 * 1024 * 1024 + 1, 35),
    ]) {
      assert.throws(() => readInventory(Buffer.from(bytes)), InvalidInput);
    }
  });

  it('an anchor that stands for millions of values is no way to fill the memory', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `      l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`);
    const text = `all:\n  hosts:\n    a:\n      l0: &l0 [x]\n${levels.join('\n')}\n`;
    assert.match(problems(text)[0] ?? '', /aliases/);
    const groups = Array.from(
      { length: 9 },
      (_, n) =>
        `g${n + 1}: &g${n + 1} {children: {${'abcdefghi'
          .split('')
          .map((name) => `${name}: *g${n}`)
          .join(', ')}}}`,
    );
    assert.match(problems(`g0: &g0 {hosts: {x: }}\n${groups.join('\n')}\n`)[0] ?? '', /aliases/);
  });

  it('of two that are merged the last word counts, and nothing is lost', () => {
    const merged = mergeInventories(
      read('[g]\na x=1 y=1\n[g:vars]\nv=1\n').inventory,
      read('[g]\nb\na x=2\n[h:children]\ng\n').inventory,
    );
    assert.deepEqual(
      [...merged.hosts],
      [
        ['a', { x: 2, y: 1 }],
        ['b', {}],
      ],
    );
    assert.deepEqual(merged.groups.get('g'), { hosts: ['a', 'b'], children: [], vars: { v: 1 } });
    assert.deepEqual(merged.groups.get('h')?.children, ['g']);
  });

  it('what is rendered is read again without a difference', () => {
    const { inventory } = read(
      `[all]\na note="it's #1" list='[1, "x", None]' t=True\n[g]\na\n[g:vars]\nspace= \ntext="  two  words "\nnumber=012\n`,
    );
    assert.deepEqual(read(renderIni(inventory)).inventory, inventory);
    assert.deepEqual(read(renderYaml(inventory)).inventory, inventory);
  });
});

describe('Ansible’s ranges', () => {
  it('numbers, letters, steps and several of them', () => {
    assert.deepEqual(expandHostRange('dgx[08:11]', 100), ['dgx08', 'dgx09', 'dgx10', 'dgx11']);
    assert.deepEqual(expandHostRange('r[a:b]n[0:4:2]', 100), ['ran0', 'ran2', 'ran4', 'rbn0', 'rbn2', 'rbn4']);
    assert.deepEqual(expandHostRange('n[:2]', 100), ['n0', 'n1', 'n2']);
    assert.deepEqual(expandHostRange('plain', 100), ['plain']);
  });

  it('those that are none, or stand for too many, are refused at once', () => {
    for (const text of [
      'n[1-4]',
      'n[01:100]',
      'n[a:3]',
      'n[1:',
      'n]',
      'n[1:9:0]',
      'n[0:999999999999999]',
      'n[0:99][0:99]',
    ])
      assert.throws(() => expandHostRange(text, 1_000), BadRange, text);
  });
});

describe('values as Python reads them', () => {
  it('literals are values, everything else is text', () => {
    const values: [string, unknown][] = [
      ['1', 1],
      ['-0x1f', -31],
      ['1_0.5e1', 105],
      ['012', '012'],
      ['1.2.3', '1.2.3'],
      ['True', true],
      ['true', 'true'],
      ['None # x', null],
      [`'a' "b"`, 'ab'],
      [`'\\x41\\n'`, 'A\n'],
      [`r'\\n'`, '\\n'],
      [`(1, [2, {'a': 3}],)`, [1, [2, { a: 3 }]]],
      ['(1)', 1],
      ['1,', [1]],
      ['{1: 2}', { 1: 2 }],
      [`'open`, `'open`],
      ['[1', '[1'],
      ['', ''],
      [`${'['.repeat(500)}`, '['.repeat(500)],
    ];
    for (const [text, value] of values) assert.deepEqual(readPythonValue(text), value, text);
  });

  it('words are split as a shell would', () => {
    assert.deepEqual(splitShellWords(`a b='c d' "e\\"f\\g" h\\ i # no`), ['a', 'b=c d', 'e"f\\g', 'h i']);
    assert.equal(splitShellWords(`a 'b`), undefined);
  });
});

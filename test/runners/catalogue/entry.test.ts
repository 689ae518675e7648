import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { loadCatalogue } from '../../../src/runners/catalogue/catalogue.ts';
import { readEntry } from '../../../src/runners/catalogue/entry.ts';

const OF_THE_GUIDE = [
  'ingress',
  'container-registry',
  'offline-mirrors',
  'ngc-replicator',
  'dashboard',
  'rook-ceph',
  'monitoring',
  'logging',
  'kubeflow',
  'gpu-operator',
];

function problems(text: string): readonly string[] {
  try {
    readEntry('mine', 'operator', 'mine.yaml', text);
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error));
    for (const each of error.problems) assert.ok(each.mend && each.line, JSON.stringify(each));
    return error.problems.map(({ path, message, line }) => `${line} ${path}: ${message}`);
  }
  return [];
}

function withFolder(files: Readonly<Record<string, string>>, act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-catalogue-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const MINE = `title: Mine
summary: A service of ours.
needs: [ingress]
steps:
  - name: deploy
    variants: [{ argv: [/usr/local/bin/deploy, "{controlPlane}"] }]
`;

describe('the catalogue of services', () => {
  test('has each service of the guide, at the guide’s ports', () => {
    const catalogue = loadCatalogue();
    assert.deepEqual([...catalogue.keys()].sort(), [...OF_THE_GUIDE].sort());
    const urls = (name: string) => catalogue.get(name)?.links.map(({ url }) => url);
    assert.deepEqual(urls('monitoring'), [
      'http://{controlPlane}:30200/',
      'http://{controlPlane}:30500/',
      'http://{controlPlane}:30400/',
    ]);
    assert.deepEqual(urls('logging'), ['http://{controlPlane}:30700/']);
    for (const { title, log, steps } of catalogue.values()) {
      assert.ok(log, `${title} says where its log is`);
      assert.ok(steps.length > 0);
    }
  });

  test('whatever polls for ever in the checkout has a deadline here', () => {
    const poll = loadCatalogue()
      .get('rook-ceph')
      ?.steps.find(({ name }) => name === 'poll');
    assert.equal(poll?.deadlineMs, 45 * 60_000);
    assert.ok(poll?.says?.test('Ceph has completed setup.'));
  });

  test('an operator’s own entry stands beside them, or in the place of one', () => {
    withFolder({ 'mine.yaml': MINE, 'dashboard.yaml': MINE, 'README.md': 'no entry' }, (folder) => {
      const catalogue = loadCatalogue(folder);
      assert.equal(catalogue.get('mine')?.origin, 'operator');
      assert.equal(catalogue.get('dashboard')?.title, 'Mine');
      assert.equal(catalogue.get('ingress')?.origin, 'podboot');
      const names = [...catalogue.keys()];
      assert.ok(names.indexOf('ingress') < names.indexOf('mine'), 'what is needed comes first');
    });
  });

  test('entries that need each other, or what is not there, and a folder that is not there', () => {
    const circle = { 'a.yaml': MINE.replace('[ingress]', '[b]'), 'b.yaml': MINE.replace('[ingress]', '[a, nothing]') };
    withFolder(circle, (folder) => {
      assert.throws(
        () => loadCatalogue(folder),
        (error: InvalidInput) => {
          const text = error.problems.map(({ message }) => message).join('; ');
          return /need each other: a → b → a/.test(text) && /no service nothing/.test(text);
        },
      );
    });
    assert.throws(() => loadCatalogue('/nowhere/at/all'), { code: 'host-refused' });
  });

  test('all that is wrong with an entry is told, each with its line', () => {
    const found = problems(`title: Mine
summary: 7
colour: blue
needs: [No Name]
settings:
  Size: { says: how large, pattern: '(' }
steps:
  - name: deploy
    deadline: soon
    says: '['
    secrets: [{ name: token, pattern: 'token \\S+' }]
    variants:
      - versions: 20.10
        file: ../outside
        argv: ["{nothing}"]
        playbook: {}
  - name: again
links:
  - { name: Page, url: "ftp://host/", probe: { statuses: [9000] } }
`).join('\n');
    for (const part of [
      '3 colour: this key is not known',
      '2 summary: it is no text',
      '4 needs[0]: it does not fit',
      '6 settings.Size.pattern: it is no regular expression',
      '6 settings.Size: its name does not fit',
      '9 steps[0].deadline',
      '10 steps[0].says',
      '11 steps[0].secrets[0].pattern: it has no group',
      '13 steps[0].variants[0].versions: it is no text',
      '14 steps[0].variants[0].file: it does not fit',
      '15 steps[0].variants[0].argv[0]: nothing is known as {nothing}',
      'has neither argv nor playbook, or both',
      '17 steps[1].variants: there is none',
      '19 links[0].url: it is no URL',
      '19 links[0].probe.statuses[0]',
    ])
      assert.ok(found.includes(part), `${part}\n--\n${found}`);
  });

  test('what is no YAML, no mapping, or a bomb of aliases is told and no more', () => {
    assert.match(problems('title: [')[0] ?? '', /no valid YAML/);
    assert.match(problems('- a')[0] ?? '', /no mapping/);
    const bomb = `a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\n`;
    assert.match(problems(bomb)[0] ?? '', /aliases/);
  });
});

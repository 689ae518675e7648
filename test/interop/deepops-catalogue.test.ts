import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../../src/runners/catalogue/catalogue.ts';
import { chosenVariant, type Files, settingsOf } from '../../src/runners/catalogue/checkout.ts';
import { unmet } from '../harness/skip.ts';

const TREE = process.env.PODBOOT_DEEPOPS_DIR ?? '';
const skip =
  TREE === '' || !existsSync(TREE)
    ? 'needs PODBOOT_DEEPOPS_DIR: a clone of NVIDIA/deepops with its tags (github.com/NVIDIA/deepops)'
    : unmet({ tools: ['git'] });

/** What no version before, or behind, these has: our word against the real tree's. */
const FIRST: Readonly<Record<string, string>> = {
  ingress: '19.07',
  'offline-mirrors': '19.07',
  'gpu-operator': '20.02',
};

describe('the catalogue against each release of DeepOps', { skip }, () => {
  const git = (...argv: string[]) => spawnSync('git', ['-C', TREE, ...argv], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const releases = () =>
    git('tag', '--list')
      .stdout.split('\n')
      .filter((tag) => /^\d\d\.\d\d(\.\d)?$/.test(tag) && tag >= '19.03');

  function filesAt(tag: string): Files {
    const names = new Set(git('ls-tree', '-r', '--name-only', tag).stdout.split('\n'));
    const below = (path: string) => path.slice('/tree/'.length);
    return {
      isFile: (path) => names.has(below(path)),
      read: (path) => git('show', `${tag}:${below(path)}`).stdout,
      mode: () => 0o100644,
    };
  }

  test('each service has each of its steps at each release, from the one on that brought it', () => {
    const tags = releases();
    assert.ok(tags.includes('19.07') && tags.includes('23.08'), 'the clone has its tags');
    for (const tag of tags) {
      const files = filesAt(tag);
      for (const entry of loadCatalogue().values()) {
        const settings = settingsOf(entry, {});
        for (const step of entry.steps) {
          const variant = chosenVariant(step, settings, '/tree', files);
          const isToBeThere = step.isOptional ? undefined : tag >= (FIRST[entry.name] ?? '19.03');
          if (isToBeThere !== undefined)
            assert.equal(variant !== undefined, isToBeThere, `${entry.name}, ${step.name}, at ${tag}`);
        }
      }
    }
  });

  test('what we wait for in their output is what their scripts say', () => {
    for (const tag of releases()) {
      const files = filesAt(tag);
      for (const entry of loadCatalogue().values()) {
        for (const step of entry.steps) {
          const variant = chosenVariant(step, settingsOf(entry, {}), '/tree', files);
          if (variant?.file === undefined || variant.argv?.[0]?.includes('{checkout}') !== true) continue;
          const script = (files.read(`/tree/${variant.file}`) ?? '').replaceAll(/\$\{?[a-z_]+\}?/g, 'value');
          const lines = script.split('\n').map((line) => line.replace(/^.*echo "?/, ''));
          for (const secret of step.secrets)
            if (tag >= '20.02')
              assert.ok(
                lines.some((line) => secret.pattern.test(line)),
                `${secret.name} at ${tag}`,
              );
          if (step.says !== undefined && entry.name !== 'monitoring')
            assert.ok(
              lines.some((line) => step.says?.test(line)),
              `${entry.name}, ${step.name}: ${step.says} at ${tag}`,
            );
        }
      }
    }
  });
});

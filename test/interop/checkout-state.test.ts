import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createChildCommands } from '../../src/net/child-commands.ts';
import { inspectCheckout } from '../../src/runners/ansible/checkout-state.ts';
import { must } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

/** The real git, on a checkout with a submodule as DeepOps has one. */
describe('a checkout that playbooks are run from', { skip: unmet({ tools: ['git'] }) }, () => {
  const commands = createChildCommands();
  let folder: string;
  let checkout: string;
  let commit: string;
  const git = (where: string, ...words: string[]) =>
    must([
      ...['git', '-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'protocol.file.allow=always'],
      ...['-c', 'commit.gpgsign=false', '-C', where, ...words],
    ]).trim();
  const codes = async (pinned?: string) => {
    const { obstacles } = await inspectCheckout(checkout, pinned, commands);
    return obstacles.map(({ code }) => code);
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'podboot-checkout-'));
    const inner = join(folder, 'kubespray');
    mkdirSync(join(inner, 'roles'), { recursive: true });
    writeFileSync(join(inner, 'roles/main.yml'), '---\n');
    git(folder, 'init', '-q', inner);
    git(inner, 'add', '.');
    git(inner, 'commit', '-q', '-m', 'one');
    const origin = join(folder, 'deepops');
    git(folder, 'init', '-q', origin);
    mkdirSync(join(origin, 'config'));
    writeFileSync(join(origin, 'config/inventory'), '[all]\n');
    writeFileSync(join(origin, 'site.yml'), '---\n');
    git(origin, 'submodule', '--quiet', 'add', inner, 'submodules/kubespray');
    git(origin, 'add', '.');
    git(origin, 'commit', '-q', '-m', 'two');
    checkout = join(folder, 'checkout');
    git(folder, 'clone', '-q', origin, checkout);
    commit = git(checkout, 'rev-parse', 'HEAD');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('without its submodule is refused with the mend, and taken once that was done', async () => {
    const { obstacles } = await inspectCheckout(checkout, undefined, commands);
    assert.deepEqual(
      obstacles.map(({ code }) => code),
      ['submodule-missing'],
    );
    assert.match(obstacles[0]!.mend, /submodule update --init --recursive submodules\/kubespray$/);
    git(checkout, 'submodule', '--quiet', 'update', '--init', '--recursive');
    const state = await inspectCheckout(checkout, commit.slice(0, 8), commands);
    assert.deepEqual(state, { commit, obstacles: [] });
  });

  it('at another commit than the pinned one, or changed, is refused; the operator’s own inventory is no change', async () => {
    assert.deepEqual(await codes('0123456789'), ['checkout-commit']);
    writeFileSync(join(checkout, 'config/inventory'), '[all]\ndgx01\n');
    writeFileSync(join(checkout, 'new-file'), '');
    assert.deepEqual(await codes(commit), []);
    writeFileSync(join(checkout, 'site.yml'), '--- # changed\n');
    assert.deepEqual(await codes(commit), ['checkout-changed']);
    assert.deepEqual(await codes(), []);
    git(checkout, 'checkout', '-q', 'site.yml');
  });

  it('with its submodule at another commit is refused', async () => {
    const inner = join(checkout, 'submodules/kubespray');
    git(inner, 'commit', '-q', '--allow-empty', '-m', 'three');
    assert.deepEqual(await codes(), ['submodule-commit']);
  });

  it('that is no git work tree is taken where no commit is pinned; one that is not there never', async () => {
    const plain = join(folder, 'plain');
    mkdirSync(plain);
    assert.deepEqual((await inspectCheckout(plain, undefined, commands)).obstacles, []);
    assert.deepEqual(
      (await inspectCheckout(plain, 'abcdef0', commands)).obstacles.map(({ code }) => code),
      ['checkout-unknown'],
    );
    assert.deepEqual(
      (await inspectCheckout(join(folder, 'none'), undefined, commands)).obstacles.map(({ code }) => code),
      ['checkout-missing'],
    );
  });
});

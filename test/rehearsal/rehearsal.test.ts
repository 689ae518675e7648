import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rehearse } from '../../src/rehearsal/rehearse.ts';
import { unmet } from '../harness/skip.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The composition root is wired last. */
const withoutDaemon = existsSync(MAIN) ? false : 'src/main.ts is not there';
const leftovers = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`podboot-rehearsal-${process.pid}-`));

async function rehearsed(nodes: number, network: 'auto' | 'loopback'): Promise<{ code: number; text: string }> {
  let text = '';
  const code = await rehearse({
    nodes,
    network,
    daemonCommand: [process.execPath, MAIN],
    once: true,
    pace: 0.05,
    colours: false,
    write: (more) => {
      text += more;
    },
  });
  return { code, text };
}

test('a rehearsal on loopback: every node ends as it should, and nothing is left behind', {
  skip: withoutDaemon,
  timeout: 120_000,
}, async () => {
  const { code, text } = await rehearsed(5, 'loopback');
  assert.equal(code, 0, text);
  assert.match(text, /loopback interface/);
  assert.match(text, /5 of 5 nodes ended as they should/);
  assert.match(text, /node01 +UEFI x86-64 +127\.77\..*snponly\.efi +vmlinuz/);
  assert.match(text, /node04 .*booted from its disk/);
  assert.match(text, /stranger1 .*got an address, nothing to boot/);
  assert.deepEqual(leftovers(), []);
});

const skip = withoutDaemon || unmet({ root: true, tools: ['ip'] });
test('a rehearsal as root has a network of its own, with every firmware', { skip, timeout: 120_000 }, async () => {
  const { code, text } = await rehearsed(7, 'auto');
  assert.equal(code, 0, text);
  assert.match(text, /two network namespaces/);
  assert.match(text, /7 of 7 nodes ended as they should/);
  assert.equal(existsSync(`/run/netns/podboot-rh-${process.pid}-srv`), false);
  assert.deepEqual(leftovers(), []);
});

test('a number of nodes that can not be rehearsed is refused', async () => {
  await assert.rejects(rehearsed(0, 'loopback'), /0 nodes can't be rehearsed/);
});

test('a daemon that does not start ends the rehearsal with what it said', { timeout: 60_000 }, async () => {
  const program = "console.error('no such store'); process.exit(3)";
  const rehearsal = rehearse({
    nodes: 2,
    network: 'loopback',
    daemonCommand: [process.execPath, '-e', program, '--'],
    once: true,
    write: () => {},
  });
  await assert.rejects(rehearsal, /the daemon ended \(exit code 3\); it said:\n {2}no such store/);
  assert.deepEqual(leftovers(), []);
});

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createCommandDriver } from '../../../src/bmc/command/command-driver.ts';
import { BmcError } from '../../../src/bmc/driver.ts';
import { magicPacket } from '../../../src/bmc/wake-on-lan/wake-on-lan-driver.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-command-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function driver(script: string, words: readonly string[] = ['{action}', '{name}', '{address}']) {
  const program = join(folder, `program-${Math.random().toString(36).slice(2)}`);
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const credentials = { userName: 'admin', password: 'top-secret' };
  const made = createCommandDriver({
    argv: [program, ...words],
    name: 'dgx01; reboot',
    address: '10.0.0.1',
    credentials,
  });
  assert.ok(made.power);
  return made.power;
}

describe('the operator’s own program', () => {
  test('says whether a machine is on', async () => {
    assert.equal(await driver('echo on').read(5_000), 'on');
    await assert.rejects(driver('echo perhaps').read(5_000), /neither on nor off/);
  });

  test('gets each word as it is, whatever is in it, and the password by standard input alone', async () => {
    const seen = join(folder, 'seen');
    await driver(`{ printf '%s|' "$@"; cat; env; } > ${seen}`).act('off', 5_000);
    const text = readFileSync(seen, 'utf8');
    assert.match(text, /^off\|dgx01; reboot\|10\.0\.0\.1\|admin\ntop-secret\n/);
    assert.equal(text.split('top-secret').length, 2);
  });

  test('that fails is quoted in one line, without the password', async () => {
    const failing = driver('read user; read pass; echo "no outlet for $pass" >&2; exit 3').act('on', 5_000);
    await assert.rejects(failing, (error: unknown) => {
      assert.ok(error instanceof BmcError);
      assert.match(error.message, /ended with 3: no outlet for \*+/);
      assert.equal(error.mayHaveActed, false);
      return true;
    });
  });

  test('that hangs is ended with its children, and may have acted', async () => {
    const hung = driver('sleep 60 & wait').act('on', 200);
    await assert.rejects(
      hung,
      (error: unknown) => error instanceof BmcError && error.mayHaveActed && error.failure === 'no-answer',
    );
  });

  test('that is not there is told', async () => {
    const made = createCommandDriver({
      argv: ['/no/such/program'],
      name: 'a',
      address: undefined,
      credentials: undefined,
    });
    await assert.rejects(made.power?.read(1_000) ?? Promise.resolve(), /can’t be run/);
  });

  test('that prints without end is bounded', async () => {
    await assert.rejects(driver('yes 2>/dev/null | head -c 5000000').read(5_000), /neither on nor off/);
  });
});

test('a magic packet is six ff and the address sixteen times', () => {
  const packet = magicPacket('52:54:00:77:00:01');
  assert.equal(packet.length, 102);
  assert.deepEqual([...packet.subarray(96)], [0x52, 0x54, 0x00, 0x77, 0x00, 0x01]);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { BmcDriver } from '../../src/bmc/driver.ts';
import { registerBmc } from '../../src/cli/bmc.ts';
import { InvalidInput } from '../../src/domain/errors.ts';
import { ApiFixture, nodeBody } from '../api/api-fixture.ts';
import { capture, run } from './captured.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

class Bench extends ApiFixture {
  readonly sent: string[] = [];
  override createDriver = (name: string): BmcDriver => ({
    name,
    raw: {
      send: async ({ netFn, command, data }) => {
        this.sent.push([netFn, command, ...data].join(' '));
        return netFn === 0x2e
          ? { completionCode: 0xc1, text: '(c1) the BMC does not know this command', data: new Uint8Array() }
          : { completionCode: 0, text: '(00) done', data: Uint8Array.of(0x20, 0x81, 0x03) };
      },
    },
    identify: { identify: async (seconds) => void this.sent.push(`light ${seconds}`) },
    close: async () => {},
  });
}

async function podboot(...words: string[]) {
  const pod = new Bench();
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  try {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
    await pod.call('POST', '/nodes', { ...nodeBody('dgx01', 1), bmc: { driver: 'ipmi', host: '10.77.1.1' } });
    await pod.call('PUT', '/bmc/credentials/bmc', { userName: 'admin', password: 'correct-horse' });
    const env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile, USER: 'anna' };
    const captured = capture();
    await run((program) => registerBmc(program, { output: captured.output, env }), 'bmc', ...words);
    return { captured, pod };
  } finally {
    await pod.api.close();
  }
}

describe('podboot bmc raw', () => {
  test('sends what ipmitool’s raw would, in either notation, for the person who types it', async () => {
    const { captured, pod } = await podboot('raw', 'dgx01', '0x00', '8', '0x03', '0x08');
    assert.deepEqual(pod.sent, ['0 8 3 8']);
    assert.equal(captured.printed(), '20 81 03');
    assert.ok(pod.events.some(({ text }) => text === 'dgx01: anna sends 00 08 03 08 to its BMC'));
  });

  test('ends with 1, and says why, where the BMC refuses it', async () => {
    const { captured } = await podboot('raw', 'dgx01', '0x2e', '0x01');
    assert.equal(captured.printed(), '(c1) the BMC does not know this command');
    assert.equal(captured.exitCode(), 1);
  });

  for (const words of [['0x00'], ['0x100', '1'], ['6', '1', '999'], ['6', 'one']])
    test(`refuses ${words.join(' ')} and sends nothing`, async () => {
      await assert.rejects(podboot('raw', 'dgx01', ...words), InvalidInput);
    });
});

describe('podboot bmc identify', () => {
  test('lights a machine for a while, or puts its light out', async () => {
    assert.deepEqual((await podboot('identify', 'dgx01')).pod.sent, ['light 60']);
    assert.deepEqual((await podboot('identify', 'dgx01', '--seconds', '0')).pod.sent, ['light 0']);
    await assert.rejects(podboot('identify', 'dgx01', '--seconds', '256'), InvalidInput);
  });
});

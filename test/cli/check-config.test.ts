import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { registerCheckConfig } from '../../src/cli/check-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { HostRefused, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import { fakeHost } from '../config/fake-host.ts';
import { RIGHT } from '../config/mistakes.ts';
import { type Captured, capture, run } from './captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'podboot-check-config-'));
after(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, 'podboot.yaml');
  writeFileSync(path, text);
  return path;
}

async function check(...words: string[]): Promise<Captured> {
  const captured = capture();
  const environment = { output: captured.output, hostFacts: () => fakeHost({ interfaces: [] }) };
  await run((program) => registerCheckConfig(program, environment), 'check-config', ...words);
  return captured;
}

test('a right file ends with what it holds, and exit code 0', async () => {
  const result = await check(file(RIGHT), '--no-host');
  assert.equal(
    result.printed(),
    'podboot.yaml is right: 2 interfaces, 3 subnets, 266 addresses in pools, 4 reservations, 1 profile',
  );
  assert.equal(result.exitCode(), 0);
});

test('a wrong file shows each problem with file, line, path and mend, and exit code 1', async () => {
  const result = await check(
    file(RIGHT.replace('[10.77.0.100-10.77.0.199]', '[10.77.0.200-10.77.0.255]')),
    '--no-host',
  );
  assert.equal(
    result.printed(),
    [
      "podboot.yaml:13  subnets.10.77.0.0/24.pools[0]  10.77.0.255 is the broadcast address and can't be given to a machine",
      '    Write 10.77.0.200-10.77.0.254.',
      'podboot.yaml has 1 problem; podboot would not take it',
    ].join('\n'),
  );
  assert.equal(result.exitCode(), 1);
});

test('warnings are shown and leave exit code 0', async () => {
  const result = await check(file(RIGHT.replace('"127.0.0.1:8067"', '"0.0.0.0:8067"')), '--no-host');
  assert.match(result.printed(), /^podboot.yaml:43 {2}api.listen\[0\] {2}warning: the API can be reached/);
  assert.match(result.printed(), /is right: .*, with 1 warning$/);
  assert.equal(result.exitCode(), 0);
});

test('the machine is asked unless it is not to be', async () => {
  const result = await check(file(RIGHT));
  assert.match(result.printed(), /this machine has no interface eno2/);
  assert.equal(result.exitCode(), 1);
});

test('--json gives the same to programs', async () => {
  const right = JSON.parse((await check(file(RIGHT), '--no-host', '--json')).printed());
  assert.equal(right.ok, true);
  assert.deepEqual(right.summary, { interfaces: 2, subnets: 3, poolAddresses: 266, reservations: 4, profiles: 1 });
  const result = await check(file(RIGHT.replace('level: info', 'level: loud')), '--no-host', '--json');
  const wrong = JSON.parse(result.printed());
  assert.equal(wrong.ok, false);
  assert.equal(wrong.summary, undefined);
  assert.deepEqual(wrong.problems, [
    { path: 'log.level', message: 'must be one of debug, info, warn, error, is "loud"', line: 44 },
  ]);
  assert.equal(result.exitCode(), 1);
});

test('--schema prints the JSON Schema and needs no file', async () => {
  const schema = JSON.parse((await check('--schema')).printed());
  assert.equal(schema.title, 'podboot.yaml');
  assert.equal(schema.$defs.options.properties.routers.type, 'array');
});

test('without a file the command says how to name it', async () => {
  await assert.rejects(
    check(),
    (error) => error instanceof InvalidInput && /podboot check-config podboot.yaml/.test(error.mend ?? ''),
  );
});

test('a file that is not there names the command that writes one', async () => {
  await assert.rejects(
    check(join(directory, 'absent.yaml')),
    (error) => error instanceof NotFound && /podboot init/.test(error.mend ?? ''),
  );
});

test('a directory is no configuration', async () => {
  await assert.rejects(check(directory), HostRefused);
});

test('loadConfig gives the settings and warnings, or throws every problem at once', () => {
  const right = loadConfig(file(RIGHT));
  assert.equal(right.settings.http.port, 80);
  assert.deepEqual(right.warnings, []);
  const wrong = file(RIGHT.replace('port: 80', 'port: 0').replace('level: info', 'level: loud'));
  assert.throws(
    () => loadConfig(wrong),
    (error) => {
      assert.ok(error instanceof InvalidInput);
      assert.deepEqual(
        error.problems.map(({ path, line }) => [path, line]),
        [
          ['http.port', 41],
          ['log.level', 44],
        ],
      );
      assert.match(error.message, /podboot.yaml has 2 problems$/);
      return true;
    },
  );
});

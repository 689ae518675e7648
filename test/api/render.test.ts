import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { registerRender } from '../../src/cli/render.ts';
import { InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { BootSettings } from '../../src/domain/settings.ts';
import { createAnswerPreviewer } from '../../src/profiles/answer-preview.ts';
import { createProfileRenderer } from '../../src/profiles/answer-renderer.ts';
import { createSecretReader } from '../../src/profiles/values/secrets.ts';
import { capture, run } from '../cli/captured.ts';
import { FULL, profile, SHA512 } from '../profiles/fixture.ts';
import { ApiFixture } from './api-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'podboot-render-'));
let pod: ApiFixture;
let env: NodeJS.ProcessEnv;

before(() => writeFileSync(join(folder, 'hash'), SHA512));
after(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => pod.api.close());
beforeEach(async () => {
  const profiles = [
    profile({ kind: 'preseed', name: 'd12' }),
    { name: 'esxi', kind: 'script', initrds: [], arguments: '', script: 'chain http://10.77.0.9/esxi' },
  ];
  const boot: BootSettings = {
    profiles: new Map(profiles.map((each) => [each.name, each])),
    programs: {},
    loader: 'auto',
    diskMethods: {},
    install: { site: { ...FULL, rootPasswordHash: { file: join(folder, 'hash') } }, roles: new Map() },
  };
  const renderer = createProfileRenderer({ settings: () => boot, secrets: createSecretReader(undefined) });
  const previewer = createAnswerPreviewer({ settings: () => boot, renderer, origin: () => 'http://10.77.0.1' });
  pod = new ApiFixture();
  pod.preview = previewer.preview;
  await pod.registry.enrol({
    name: 'dgx01',
    interfaces: [{ name: 'eno1', mac: '52:54:00:77:00:01' }],
    install: { timeZone: 'Asia/Tokyo' },
  });
  const socketPath = join(folder, 'api.sock');
  await pod.api.listen([{ socketPath }]);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${pod.token}\n`, { mode: 0o600 });
  env = { PODBOOT_API: `unix:${socketPath}`, PODBOOT_TOKEN_FILE: tokenFile };
});

async function podboot(...words: string[]): Promise<string> {
  const captured = capture();
  await run((program) => registerRender(program, { output: captured.output, env }), 'render', ...words);
  return captured.printed();
}

test('a node is shown what it would boot and every file that it would be told', async () => {
  const text = await podboot('dgx01', '--profile', 'd12');
  assert.match(text, /^dgx01 by the profile d12 \(preseed\)$/m);
  assert.match(text, /^arguments .*preseed\/url=http:\/\/10\.77\.0\.1\/install\/TOKEN-OF-THE-GRANT\/preseed\.cfg/m);
  assert.match(text, /^d-i time\/zone string Asia\/Tokyo$/m);
  for (const name of ['preseed.cfg', 'disk.sh', 'early.sh', 'late.sh', 'callback.sh'])
    assert.ok(text.includes(`==> ${name} <==`));
  assert.ok(!text.includes(SHA512));
  assert.match(text, /^d-i passwd\/root-password-crypted password \*{8}$/m);
});

test('one file alone comes as it would be sent, for a validator', async () => {
  const text = await podboot('dgx01', '--profile', 'd12', '--file', 'preseed.cfg');
  assert.match(text, /^# podboot: debian-installer's answers for dgx01, profile d12\.\n/);
  await assert.rejects(podboot('dgx01', '--profile', 'd12', '--file', 'ks.cfg'), NotFound);
});

test('a profile of iPXE commands is shown as that, and has no answer files', async () => {
  const text = await podboot('dgx01', '--profile', 'esxi');
  assert.match(text, /chain http:\/\/10\.77\.0\.9\/esxi/);
  assert.match(text, /has no answer files/);
});

test('a node that boots its own disk is shown nothing until a profile is named', async () => {
  await assert.rejects(
    podboot('dgx01'),
    (error) => error instanceof InvalidInput && /which profile is to be shown/.test(error.message),
  );
  await assert.rejects(podboot('dgx01', '--profile', 'nonesuch'), /There is no profile nonesuch/);
});

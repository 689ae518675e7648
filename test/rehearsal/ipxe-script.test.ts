import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IpxeHost, runIpxeScript } from '../../src/rehearsal/ipxe-script.ts';
import { fileOf } from './helpers.ts';

const BASE = 'http://10.0.0.1/boot/a.ipxe';

interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly diskBoots?: boolean;
  /** How often each file fails before it is there. */
  readonly failures?: Map<string, number>;
}

function world({ files = {}, settings = {}, diskBoots = false, failures = new Map() }: World) {
  const fetched: string[] = [];
  const said: string[] = [];
  let slept = 0;
  const host: IpxeHost = {
    diskBoots,
    setting: (name) => settings[name],
    say: (text) => void said.push(text),
    sleep: async (seconds) => {
      slept += seconds;
    },
    fetch: async (url) => {
      fetched.push(url);
      const left = failures.get(url) ?? 0;
      failures.set(url, left - 1);
      const content = files[url];
      if (left > 0 || content === undefined) throw new Error('status 404');
      return fileOf(url, content);
    },
  };
  return { host, fetched, said, slept: () => slept };
}

const run = (text: string, host: IpxeHost) => runIpxeScript(fileOf(BASE, text), host);

test('a kernel with its initrds and arguments is booted, names relative to the script', async () => {
  const { host } = world({ files: { 'http://10.0.0.1/boot/linux': 'K', 'http://10.0.0.1/i.gz': 'I' } });
  const outcome = await run('#!ipxe\nkernel linux initrd=i a=b\ninitrd --name i http://10.0.0.1/i.gz\nboot\n', host);
  assert.equal(outcome.ended, 'kernel');
  assert.ok(outcome.ended === 'kernel');
  assert.equal(outcome.kernel.file.name, 'http://10.0.0.1/boot/linux');
  assert.deepEqual(
    outcome.initrds.map((image) => image.name),
    ['i'],
  );
  assert.equal(outcome.arguments, 'initrd=i a=b');
});

test('a kernel that fails twice is loaded by a loop with a counter, as podboot renders it', async () => {
  const kernel = 'http://10.0.0.1/linux';
  const { host, slept, said } = world({ files: { [kernel]: 'K' }, failures: new Map([[kernel, 2]]) });
  const script = `#!ipxe
set attempt:int32 1
:load
imgfree
kernel ${kernel} || goto failed
boot || goto failed
:failed
iseq \${attempt} 3 && goto give_up ||
echo attempt \${attempt}
inc attempt
sleep 5
goto load
:give_up
exit 1
`;
  assert.equal((await run(script, host)).ended, 'kernel');
  assert.equal(slept(), 10);
  assert.deepEqual(said, ['attempt 1', 'attempt 2']);
});

test('the same loop gives up after its last attempt and leaves with an error', async () => {
  const { host, fetched } = world({});
  const script = `#!ipxe
set n:int32 1
:load
kernel http://10.0.0.1/linux || goto failed
:failed
iseq \${n} 3 && goto give_up ||
inc n
goto load
:give_up
exit 1
`;
  assert.deepEqual(await run(script, host), { ended: 'exit', status: 1 });
  assert.equal(fetched.length, 3);
});

test('sanboot boots a disk that is there, and goes on where there is none', async () => {
  const script = '#!ipxe\nsanboot --no-describe --drive 0x80 ||\nexit 1\n';
  assert.deepEqual(await run(script, world({ diskBoots: true }).host), { ended: 'disk', drive: '0x80' });
  assert.deepEqual(await run(script, world({}).host), { ended: 'exit', status: 1 });
});

test('exit status follows the platform', async () => {
  const script = `#!ipxe\niseq \${platform} efi && exit 1 ||\nexit\n`;
  assert.deepEqual(await run(script, world({ settings: { platform: 'efi' } }).host), { ended: 'exit', status: 1 });
  assert.deepEqual(await run(script, world({ settings: { platform: 'pcbios' } }).host), { ended: 'exit', status: 0 });
});

test('a chained script takes over, and hands back when it exits', async () => {
  const files = { 'http://10.0.0.1/boot/b.ipxe': '#!ipxe\nset x 2\nexit\n', 'http://10.0.0.1/boot/grub.efi': 'MZ' };
  const { host, said } = world({ files });
  const outcome = await run(`#!ipxe\nset x 1\nchain b.ipxe\necho \${x}\nchain grub.efi\n`, host);
  assert.equal(outcome.ended, 'program');
  assert.deepEqual(said, ['2']);
});

test('settings are filled in, in the notation that is asked for', async () => {
  const mac = '52:54:00:00:00:01';
  const { host, fetched } = world({ settings: { 'net0/mac': mac } });
  await run(`#!ipxe\nkernel http://x/\${net0/mac:hexhyp}/\${net0/mac}/\${nothing}k\n`, host);
  assert.deepEqual(fetched, ['http://x/52-54-00-00-00-01/52:54:00:00:00:01/k']);
});

test('a command that fails ends the script with its line and reason', async () => {
  const outcome = await run('#!ipxe\n\n# a comment\nkernel \\\n  nowhere\necho after\n', world({}).host);
  assert.deepEqual(outcome, { ended: 'failed', line: 4, reason: 'kernel nowhere: status 404' });
  const unknown = await run('#!ipxe\nfrobnicate now\n', world({}).host);
  assert.deepEqual(unknown, { ended: 'failed', line: 2, reason: 'frobnicate now: command not found' });
  const label = await run('#!ipxe\ngoto nowhere\n', world({}).host);
  assert.equal(label.ended, 'failed');
});

test('a script that goes round for ever is ended, and so are scripts that chain in a circle', async () => {
  const round = await run('#!ipxe\n:a\ngoto a\n', world({}).host);
  assert.ok(round.ended === 'failed' && round.reason === 'the script does not end');
  const circle = world({ files: { [BASE]: `#!ipxe\nchain ${BASE}\n` } });
  const outcome = await run(`#!ipxe\nchain ${BASE}\n`, circle.host);
  assert.ok(outcome.ended === 'failed' && /circle/.test(outcome.reason));
  assert.ok(circle.fetched.length < 20);
});

test('a script that comes to its end has booted nothing', async () => {
  assert.deepEqual(await run('#!ipxe\necho hello # there\n', world({}).host), { ended: 'finished' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GrubHost, runGrubConfig } from '../../src/rehearsal/grub-config.ts';
import { GrubSyntaxError, parseGrubConfig } from '../../src/rehearsal/grub-syntax.ts';
import { fileOf } from './helpers.ts';

const VARIABLES = new Map([
  ['root', 'tftp,10.0.0.1'],
  ['net_default_mac', '52:54:00:00:00:01'],
  ['grub_cpu', 'x86_64'],
]);

interface World {
  /** `device path` to content */
  readonly files?: Readonly<Record<string, string>>;
  readonly disk?: readonly string[];
  readonly modules?: readonly string[];
}

function world({ files = {}, disk = [], modules = [] }: World) {
  const said: string[] = [];
  const fetched: string[] = [];
  let slept = 0;
  const host: GrubHost = {
    diskWith: (path) => (disk.includes(path) ? 'hd0,gpt1' : undefined),
    loadModule: async (name) => modules.includes(name),
    say: (text) => void said.push(text),
    sleep: async (seconds) => {
      slept += seconds;
    },
    fetch: async (device, path) => {
      fetched.push(`(${device})${path}`);
      const content = files[`(${device})${path}`];
      if (content === undefined) throw new Error(`file ${path} not found`);
      return fileOf(path, content);
    },
  };
  return { said, fetched, slept: () => slept, run: (text: string) => runGrubConfig(text, host, VARIABLES) };
}

const KERNEL = { '(tftp,10.0.0.1)/k': 'K', '(tftp,10.0.0.1)/i': 'I' };

test('a kernel is booted as podboot renders it: a loop, a base, quoted arguments', async () => {
  const { run, said } = world({ files: KERNEL });
  const outcome = await run(`echo 'podboot: node1 boots rescue (its profile)'
set base='(tftp,10.0.0.1)'
if insmod http ; then
  set base='(http,10.0.0.1)/assets'
fi
for attempt in 1 2 3 ; do
  if linux "$base/k" 'console=ttyS0,115200' 'a=b;c' ; then
    if initrd "$base/i" ; then
      boot
    fi
  fi
  echo "attempt $attempt of 3 failed"
  sleep 5
done
exit
`);
  assert.ok(outcome.ended === 'kernel');
  assert.equal(outcome.arguments, 'console=ttyS0,115200 a=b;c');
  assert.equal(outcome.initrds.length, 1);
  assert.deepEqual(said, ['podboot: node1 boots rescue (its profile)']);
});

test('a kernel that is not there is tried three times, then GRUB exits', async () => {
  const { run, slept, said } = world({});
  const outcome = await run(
    'for n in 1 2 3 ; do\n if linux /k ; then\n boot\n fi\n echo "$n failed"\n sleep 5\ndone\nexit\n',
  );
  assert.deepEqual(outcome, { ended: 'exit' });
  assert.equal(slept(), 15);
  assert.deepEqual(said, ['1 failed', '2 failed', '3 failed']);
});

test('the http module is used where it can be had', async () => {
  const { run, fetched } = world({ modules: ['http'], files: { '(http,10.0.0.1)/assets/k': 'K' } });
  const outcome = await run(
    "set base='(tftp,10.0.0.1)'\nif insmod http ; then\nset base='(http,10.0.0.1)/assets'\nfi\nlinux \"$base/k\"\nboot\n",
  );
  assert.equal(outcome.ended, 'kernel');
  assert.deepEqual(fetched, ['(http,10.0.0.1)/assets/k']);
});

test('the first boot loader that a disk has is started', async () => {
  const { run } = world({ disk: ['/EFI/debian/shimx64.efi', '/EFI/BOOT/BOOTX64.EFI'] });
  const outcome = await run(`for loader in /EFI/ubuntu/shimx64.efi /EFI/debian/shimx64.efi ; do
  if search --no-floppy --file --set=disk "$loader" ; then
    if chainloader "($disk)$loader" ; then
      boot
    fi
  fi
done
exit
`);
  assert.deepEqual(outcome, { ended: 'disk', device: 'hd0,gpt1', path: '/EFI/debian/shimx64.efi' });
});

test('without a disk the same configuration exits', async () => {
  const { run } = world({});
  assert.deepEqual(
    await run('if search --file --set=disk /EFI/x.efi ; then\nchainloader ($disk)/EFI/x.efi\nboot\nfi\nexit\n'),
    { ended: 'exit' },
  );
});

test('a configuration is loaded by MAC address', async () => {
  const own = '(tftp,10.0.0.1)/grub/mac-52:54:00:00:00:01.cfg';
  const { run } = world({ files: { [own]: 'linux /k\nboot\n', ...KERNEL } });
  const outcome = await run(`configfile "(tftp,10.0.0.1)/grub/mac-\${net_default_mac}.cfg"\nexit\n`);
  assert.equal(outcome.ended, 'kernel');
});

test('a menu boots its default entry without being told; the top level does not', async () => {
  const menu =
    "set default='two'\nmenuentry 'one' { exit }\nmenuentry \"two\" --class x {\n linux /k quiet\n initrd /i\n}\n";
  const chosen = await world({ files: KERNEL }).run(menu);
  assert.ok(chosen.ended === 'kernel' && chosen.arguments === 'quiet');
  const top = await world({ files: KERNEL }).run('linux /k\n');
  assert.equal(top.ended, 'prompt');
});

test('conditions: tests, negation, elif and else', async () => {
  const { run, said } = world({});
  await run(`if [ "$grub_cpu" = arm64 ]; then echo arm
elif ! [ -z "$grub_cpu" -o "$x" = y ]; then echo $grub_cpu
else echo none; fi
if [ -n "$missing" ]; then echo no; else echo yes; fi
`);
  assert.deepEqual(said, ['x86_64', 'yes']);
});

test('a command that fails leaves a reason at the prompt', async () => {
  const outcome = await world({}).run('\nlinux /nowhere\nfrobnicate\n');
  assert.deepEqual(outcome, { ended: 'prompt', reason: "line 3, frobnicate: can't find the command" });
});

test('mistakes in the language are told with their line', async () => {
  for (const [text, line] of [
    ['echo "open\n', 1],
    ['if true; then\necho x\n', 3],
    ['}\n', 1],
    ['echo a\nfor in x\n', 2],
    ['while true; do echo; done\n', 1],
  ] as const) {
    assert.throws(
      () => parseGrubConfig(text),
      (error) => error instanceof GrubSyntaxError && error.line === line,
      text,
    );
  }
  const outcome = await world({}).run('echo "open\n');
  assert.ok(outcome.ended === 'prompt' && /line 1/.test(outcome.reason));
});

test('configurations that load one another in a circle come to an end', async () => {
  const { run, fetched } = world({ files: { '(tftp,10.0.0.1)/a': 'configfile /a\n' } });
  assert.equal((await run('configfile /a\n')).ended, 'prompt');
  assert.ok(fetched.length < 20);
});

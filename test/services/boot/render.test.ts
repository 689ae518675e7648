import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BootDecision } from '../../../src/domain/boot.ts';
import type { DiskMethod } from '../../../src/domain/node.ts';
import {
  kernelArgumentProblems,
  splitKernelArguments,
  unquoteKernelWord,
} from '../../../src/profiles/kernel-arguments.ts';
import { type ScriptContext, Unrenderable } from '../../../src/services/boot/boot-script.ts';
import { renderGrub, renderGrubByMac, renderGrubNotice } from '../../../src/services/boot/render-grub.ts';
import { renderIpxe, renderIpxeNotice } from '../../../src/services/boot/render-ipxe.ts';

const CONTEXT: ScriptContext = {
  title: 'dgx01',
  httpOrigin: 'http://10.77.0.1',
  tftpServer: '10.77.0.1',
  firmware: 'uefi-x64',
  grub: 'grubx64.efi',
};

function kernel(change: Partial<Extract<BootDecision, { action: 'kernel' }>> = {}): BootDecision {
  return {
    action: 'kernel',
    profile: 'rescue',
    kernel: 'debian/linux',
    initrds: ['debian/initrd.gz', 'firmware.cpio'],
    arguments: 'console=ttyS0,115200 dyndbg="file a.c +p"',
    reason: 'its profile is rescue',
    ...change,
  };
}

function disk(method: DiskMethod): BootDecision {
  return { action: 'disk', method, reason: 'its profile is local' };
}

test('golden: a kernel with two initrds by iPXE', () => {
  assert.equal(
    renderIpxe(kernel(), CONTEXT),
    `#!ipxe
echo podboot: dgx01 boots rescue (its profile is rescue)
set attempt:int32 1
:load
imgfree
kernel http://10.77.0.1/assets/debian/linux initrd=initrd0 initrd=initrd1 console=ttyS0,115200 dyndbg="file a.c +p" || goto failed
initrd --name initrd0 http://10.77.0.1/assets/debian/initrd.gz || goto failed
initrd --name initrd1 http://10.77.0.1/assets/firmware.cpio || goto failed
boot || goto failed
:failed
iseq \${attempt} 3 && goto give_up ||
echo podboot: attempt \${attempt} of 3 failed, again in 5 s
inc attempt
sleep 5
goto load
:give_up
echo podboot: dgx01 could not load rescue: back to the firmware
sleep 10
iseq \${platform} efi && exit 1 ||
exit
`,
  );
});

test('golden: a kernel by GRUB under Secure Boot, all by TFTP', () => {
  assert.equal(
    renderGrub(kernel(), CONTEXT),
    `echo 'podboot: dgx01 boots rescue (its profile is rescue)'
set base='(tftp,10.77.0.1)'
for attempt in 1 2 3 ; do
  if linux "$base/debian/linux" 'console=ttyS0,115200' 'dyndbg=file a.c +p' ; then
    if initrd "$base/debian/initrd.gz" "$base/firmware.cpio" ; then
      boot
    fi
  fi
  echo "podboot: attempt $attempt of 3 failed"
  sleep 5
  set base='(tftp,10.77.0.1)'
done
echo 'podboot: dgx01 could not load rescue: back to the firmware'
sleep 10
exit
`,
  );
});

test('golden: on arm64 a kernel comes by HTTP where GRUB may load the module', () => {
  const context: ScriptContext = {
    ...CONTEXT,
    firmware: 'uefi-arm64',
    grubHttp: true,
    httpOrigin: 'http://10.77.0.1:8080',
  };
  const text = renderGrub(kernel({ initrds: [], arguments: '' }), context);
  assert.match(text, /^if insmod http ; then\n {2}set base='\(http,10\.77\.0\.1:8080\)\/assets'\nfi\n/m);
  assert.match(text, /^ {2}if linux "\$base\/debian\/linux" ; then\n {4}boot\n {2}fi\n/m);
});

test('golden: to the disk, for each method of iPXE', () => {
  const script = (...lines: string[]): string =>
    `#!ipxe\necho podboot: dgx01 boots from its disk (its profile is local)\n${lines.join('\n')}\n`;
  const exit = [`iseq \${platform} efi && exit 1 ||`, 'exit'];
  assert.equal(renderIpxe(disk('ipxe-exit'), CONTEXT), script(...exit));
  assert.equal(renderIpxe(disk('no-boot-file'), CONTEXT), script(...exit));
  assert.equal(
    renderIpxe(disk('ipxe-sanboot'), CONTEXT),
    script('sanboot --no-describe --drive 0x80 ||', 'echo podboot: the first disk does not boot', ...exit),
  );
  const chain = ['chain http://10.77.0.1/assets/grubx64.efi ||', 'echo podboot: GRUB could not be started'];
  assert.equal(renderIpxe(disk('grub-chainload'), CONTEXT), script(...chain, ...exit));
  const { grub: _, ...withoutGrub } = CONTEXT;
  assert.equal(renderIpxe(disk('grub-chainload'), withoutGrub), script(...exit));
});

test('golden: to the disk by GRUB', () => {
  const x64 = renderGrub(disk('grub-chainload'), CONTEXT);
  assert.match(x64, /^for loader in \/EFI\/ubuntu\/shimx64\.efi .* \/EFI\/BOOT\/BOOTX64\.EFI .*; do$/m);
  assert.match(x64, /search --no-floppy --file --set=root "\$loader"/);
  // GRUB tells a chained program that it came from `root`; the disk's shim looks for its GRUB there.
  assert.match(x64, /if chainloader "\(\$root\)\$loader" ; then\n {6}boot\n/);
  assert.match(x64, /\nexit\n$/);
  assert.match(
    renderGrub(disk('grub-chainload'), { ...CONTEXT, firmware: 'uefi-arm64' }),
    /\/EFI\/BOOT\/BOOTAA64\.EFI/,
  );
  assert.doesNotMatch(renderGrub(disk('grub-exit'), CONTEXT), /chainloader/);
});

test('golden: a machine that podboot knows nothing of asks GRUB for its MAC address', () => {
  assert.match(
    renderGrubByMac('10.77.0.1'),
    /^configfile "\(tftp,10\.77\.0\.1\)\/grub\/mac-\$\{net_default_mac\}\.cfg"\n/,
  );
});

const HOSTILE = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc
    .array(fc.constantFrom('${', '}', '||', '&&', ';', '#', '\n', '\r', "'", '"', '\\', '$', '`', ' ', 'a', ')', '('), {
      maxLength: 20,
    })
    .map((parts) => parts.join('')),
);

/** Lines of a script with what the words on a console are left out. */
function commands(script: string): string[] {
  return script.split('\n').map((line) => line.replace(/^echo .*$/, 'echo'));
}

test('property: whatever names and reasons say, a script has the same commands', () => {
  const usual = { ipxe: commands(renderIpxe(kernel(), CONTEXT)), grub: commands(renderGrub(kernel(), CONTEXT)) };
  fc.assert(
    fc.property(HOSTILE, HOSTILE, HOSTILE, (title, reason, profile) => {
      const decision = kernel({ reason, profile });
      const ipxe = renderIpxe(decision, { ...CONTEXT, title });
      const grub = renderGrub(decision, { ...CONTEXT, title });
      assert.deepEqual(commands(ipxe), usual.ipxe);
      assert.deepEqual(commands(grub), usual.grub);
      assert.ok(
        echoes(ipxe).every(
          (line) =>
            /^echo podboot: [A-Za-z0-9 .,:=@_/()+?-]*( \$\{attempt\}.*)?$/.test(line) || line.includes('attempt'),
        ),
      );
      assert.ok(
        echoes(grub).every((line) =>
          /^ *echo ('podboot: [^'\\]*'|"podboot: attempt \$attempt of 3 failed")$/.test(line),
        ),
      );
      assert.equal(commands(renderIpxeNotice(title)).length, commands(renderIpxeNotice('x')).length);
      assert.equal(commands(renderGrubNotice(title)).length, commands(renderGrubNotice('x')).length);
    }),
    { numRuns: 500 },
  );
});

function echoes(script: string): string[] {
  return script.split('\n').filter((line) => line.trim().startsWith('echo'));
}

test('property: arguments reach the kernel unchanged by both languages, or are refused', () => {
  const words = fc.array(
    fc.oneof(
      fc.constantFrom(
        'quiet',
        'a=b;c',
        'x="a b"',
        '"y=c d"',
        '$x',
        '`id`',
        '$(reboot)',
        '---',
        '-x',
        '|',
        '&',
        '{}',
        'a#b',
        '*',
        '!',
      ),
      HOSTILE,
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(words, (parts) => {
      const text = parts.join(' ').trim();
      const decision = kernel({ arguments: text, initrds: [] });
      const expected = splitKernelArguments(text);
      const ipxe = attempt(() => renderIpxe(decision, CONTEXT));
      if (ipxe !== undefined)
        assert.deepEqual(
          ipxeKernelWords(ipxe),
          text.split(' ').filter((word) => word !== ''),
        );
      const grub = attempt(() => renderGrub(decision, CONTEXT));
      if (grub !== undefined) assert.deepEqual(grubLinuxWords(grub), expected.map(unquoteKernelWord));
      // What the configuration check lets through, both can say.
      if (kernelArgumentProblems(text).length === 0) assert.ok(ipxe !== undefined && grub !== undefined);
    }),
    { numRuns: 2_000 },
  );
});

test('property: a file name is plain or refused', () => {
  fc.assert(
    fc.property(HOSTILE, (name) => {
      const decision = kernel({ kernel: name });
      for (const render of [renderIpxe, renderGrub]) {
        const script = attempt(() => render(decision, CONTEXT));
        if (script !== undefined) assert.match(name, /^[A-Za-z0-9._+@~/-]+$/);
      }
    }),
  );
});

function attempt(render: () => string): string | undefined {
  try {
    return render();
  } catch (error) {
    assert.ok(error instanceof Unrenderable);
    return undefined;
  }
}

/** iPXE's own reading of the line (core/exec.c): words at white space, ended by a separator or a comment. */
function ipxeKernelWords(script: string): string[] {
  const lines = script.split('\n').filter((line) => line.startsWith('kernel '));
  assert.equal(lines.length, 1);
  const words = (lines[0] ?? '').split(/\s+/);
  const end = words.findIndex((word) => word.startsWith('#') || ['||', '&&', ';'].includes(word));
  assert.deepEqual(words.slice(end), ['||', 'goto', 'failed']);
  const own = words.slice(2, end);
  assert.ok(own.every((word) => !word.includes('${')));
  return own;
}

/** GRUB's own reading of the line: single quotes keep everything, nothing of ours is outside of them. */
function grubLinuxWords(script: string): string[] {
  const lines = script.split('\n').filter((line) => line.trimStart().startsWith('if linux '));
  assert.equal(lines.length, 1);
  const match = /^ {2}if linux "\$base\/debian\/linux"((?: '[^']*')*) ; then$/.exec(lines[0] ?? '');
  assert.ok(match, lines[0]);
  return [...(match[1] ?? '').matchAll(/'([^']*)'/g)].map((word) => word[1] ?? '');
}

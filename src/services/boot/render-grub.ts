import type { BootDecision } from '../../domain/boot.ts';
import type { Firmware } from '../../domain/client.ts';
import { splitKernelArguments, unquoteKernelWord } from '../../profiles/kernel-arguments.ts';
import {
  consoleText,
  LAST_WORDS_SECONDS,
  LOAD_ATTEMPTS,
  plainAssetName,
  RETRY_PAUSE_SECONDS,
  type ScriptContext,
  Unrenderable,
} from './boot-script.ts';

/** Boot loaders as distributions install them, shim before GRUB; then the one for removable media, then Windows'. */
const DISK_LOADERS: Readonly<Partial<Record<Firmware, readonly string[]>>> = {
  'uefi-x64': diskLoaders('x64'),
  'uefi-arm64': diskLoaders('aa64'),
};

function diskLoaders(suffix: string): string[] {
  const vendors = ['ubuntu', 'debian', 'redhat', 'rocky', 'almalinux', 'centos', 'fedora'];
  return [
    ...vendors.map((vendor) => `/EFI/${vendor}/shim${suffix}.efi`),
    '/EFI/sles/shim.efi',
    '/EFI/opensuse/shim.efi',
    ...vendors.map((vendor) => `/EFI/${vendor}/grub${suffix}.efi`),
    `/EFI/systemd/systemd-boot${suffix}.efi`,
    `/EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`,
    '/EFI/Microsoft/Boot/bootmgfw.efi',
  ];
}

/**
 * The decision as a GRUB configuration. Pure.
 * @throws Unrenderable
 */
export function renderGrub(decision: BootDecision, context: ScriptContext): string {
  switch (decision.action) {
    case 'nothing':
      return renderGrubNotice(`${context.title}: nothing to boot: ${decision.reason}`);
    case 'disk':
      return config(
        say(`${context.title} boots from its disk (${decision.reason})`),
        decision.method === 'grub-exit' || decision.method === 'ipxe-exit' ? [] : chainloadLines(context),
        ['exit'],
      );
    case 'script':
      return renderGrubNotice(`${context.title}: ${decision.profile} is an iPXE script, which GRUB can't run`);
    case 'kernel':
      return config(kernelLines(decision, context), lastWords(`${context.title} could not load ${decision.profile}`));
  }
}

/** For a machine that asks for a configuration and must not have one: why, on its console, and back to its firmware. */
export function renderGrubNotice(...sentences: string[]): string {
  return config(...sentences.map(say), [`sleep ${LAST_WORDS_SECONDS}`, 'exit']);
}

/**
 * For a machine whose address says nothing (another DHCP server gave it): GRUB itself knows its MAC address, and asks
 * once more with it.
 */
export function renderGrubByMac(tftpServer: string): string {
  return config(
    [`configfile "(tftp,${tftpServer})/grub/mac-\${net_default_mac}.cfg"`],
    lastWords('the configuration for this machine could not be loaded'),
  );
}

function config(...parts: readonly string[][]): string {
  return `${parts.flat().join('\n')}\n`;
}

function say(sentence: string): string[] {
  return [`echo '${`podboot: ${consoleText(sentence)}`}'`];
}

function lastWords(sentence: string): string[] {
  return [...say(`${sentence}: back to the firmware`), `sleep ${LAST_WORDS_SECONDS}`, 'exit'];
}

/**
 * GRUB tells the program that it starts where it came from by its own `root`, whatever device the path names: with
 * another one, the disk's shim looks for its GRUB on the network card, and the firmware ends in its set-up screen.
 */
function chainloadLines(context: ScriptContext): string[] {
  const loaders = DISK_LOADERS[context.firmware ?? 'uefi-x64'] ?? [];
  return [
    `for loader in ${loaders.join(' ')} ; do`,
    '  if search --no-floppy --file --set=root "$loader" ; then',
    '    echo "podboot: ($root)$loader"',
    '    if chainloader "($root)$loader" ; then',
    '      boot',
    '    fi',
    '  fi',
    'done',
    ...say('no disk has a boot loader that podboot knows'),
    `sleep ${LAST_WORDS_SECONDS}`,
  ];
}

function kernelLines(decision: Extract<BootDecision, { action: 'kernel' }>, context: ScriptContext): string[] {
  const kernel = plainAssetName(decision.kernel);
  const words = grubWords(decision.arguments).map(quoted).join(' ');
  const linux = `linux "$base/${kernel}"${words === '' ? '' : ` ${words}`}`;
  const initrds = decision.initrds.map((name) => `"$base/${plainAssetName(name)}"`).join(' ');
  const load = initrds === '' ? ['    boot'] : [`    if initrd ${initrds} ; then`, '      boot', '    fi'];
  const tftp = `set base='(tftp,${context.tftpServer})'`;
  return [
    ...say(`${context.title} boots ${decision.profile} (${decision.reason})`),
    tftp,
    ...(context.grubHttp === true ? httpBase(context) : []),
    `for attempt in ${Array.from({ length: LOAD_ATTEMPTS }, (_, index) => index + 1).join(' ')} ; do`,
    `  if ${linux} ; then`,
    ...load,
    '  fi',
    `  echo "podboot: attempt $attempt of ${LOAD_ATTEMPTS} failed"`,
    `  sleep ${RETRY_PAUSE_SECONDS}`,
    `  ${tftp}`,
    'done',
  ];
}

/** Secure Boot refuses modules that come from the network; then `insmod` fails and TFTP stays. */
function httpBase(context: ScriptContext): string[] {
  const host = context.httpOrigin.replace(/^http:\/\//, '');
  return ['if insmod http ; then', `  set base='(http,${host})/assets'`, 'fi'];
}

/** @throws Unrenderable */
function grubWords(text: string): string[] {
  if (/[^\x20-\x7e]/.test(text)) {
    throw new Unrenderable(
      'the kernel arguments',
      text,
      'they have a line break or a character outside of printable ASCII',
    );
  }
  return splitKernelArguments(text).map((word) => {
    const plain = unquoteKernelWord(word);
    if (plain === undefined) {
      throw new Unrenderable('the kernel argument', word, "GRUB's linux command would change it");
    }
    return plain;
  });
}

/** Everything is literal between single quotes, and `unquoteKernelWord` lets none of those through. */
function quoted(word: string): string {
  return `'${word}'`;
}

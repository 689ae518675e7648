import type { BootDecision } from '../../domain/boot.ts';
import type { DiskMethod } from '../../domain/node.ts';
import {
  consoleText,
  IPXE_EXIT,
  LAST_WORDS_SECONDS,
  LOAD_ATTEMPTS,
  plainAssetName,
  RETRY_PAUSE_SECONDS,
  type ScriptContext,
  Unrenderable,
} from './boot-script.ts';

/**
 * The decision as an iPXE script. Pure.
 * @throws Unrenderable
 */
export function renderIpxe(decision: BootDecision, context: ScriptContext): string {
  switch (decision.action) {
    case 'nothing':
      return script(say(`${context.title}: nothing to boot: ${decision.reason}`), IPXE_EXIT);
    case 'disk':
      return script(
        say(`${context.title} boots from its disk (${decision.reason})`),
        diskLines(decision.method, context),
        IPXE_EXIT,
      );
    case 'kernel':
      return script(kernelLines(decision, context), IPXE_EXIT);
    case 'script':
      return script(ownLines(decision, context), IPXE_EXIT);
  }
}

/** For a machine that asks for a script and must not have one: why, on its console, and back to its firmware. */
export function renderIpxeNotice(...sentences: string[]): string {
  return script(...sentences.map(say), [`sleep ${LAST_WORDS_SECONDS}`], IPXE_EXIT);
}

function script(...parts: readonly (readonly string[])[]): string {
  return `${['#!ipxe', ...parts.flat()].join('\n')}\n`;
}

function say(sentence: string): string[] {
  return [`echo podboot: ${consoleText(sentence)}`];
}

/** The operator's lines come as they are: what they may be is checked when the configuration is read. */
function ownLines(decision: Extract<BootDecision, { action: 'script' }>, context: ScriptContext): string[] {
  return [
    ...say(`${context.title} runs ${decision.profile} (${decision.reason})`),
    `set podboot ${context.httpOrigin}`,
    ...(decision.answers === undefined ? [] : [`set answers ${decision.answers}`]),
    ...decision.script.split('\n').filter((line) => !line.startsWith('#!')),
    ...say(`${decision.profile} has ended`),
  ];
}

function diskLines(method: DiskMethod, context: ScriptContext): string[] {
  switch (method) {
    case 'ipxe-sanboot':
      // 0x80 is the BIOS's first disk. Not described: there is no SAN that an operating system should look for.
      return ['sanboot --no-describe --drive 0x80 ||', ...say('the first disk does not boot')];
    case 'grub-chainload':
    case 'grub-exit':
      if (context.grub === undefined) return [];
      return [`chain ${assetUrl(context.grub, context)} ||`, ...say('GRUB could not be started')];
    case 'ipxe-exit':
    case 'no-boot-file':
      return [];
  }
}

function kernelLines(decision: Extract<BootDecision, { action: 'kernel' }>, context: ScriptContext): string[] {
  const names = decision.initrds.map((_, index) => `initrd${index}`);
  // The kernel's UEFI stub only loads the initrds that its command line names; a BIOS kernel does not mind.
  const words = [...names.map((name) => `initrd=${name}`), ...ipxeWords(decision.arguments)];
  const kernel = ['kernel', assetUrl(decision.kernel, context), ...words].join(' ');
  const initrds = decision.initrds.map(
    (asset, index) => `initrd --name ${names[index]} ${assetUrl(asset, context)} || goto failed`,
  );
  return [
    ...say(`${context.title} boots ${decision.profile} (${decision.reason})`),
    'set attempt:int32 1',
    ':load',
    'imgfree',
    `${kernel} || goto failed`,
    ...initrds,
    'boot || goto failed',
    ':failed',
    `iseq \${attempt} ${LOAD_ATTEMPTS} && goto give_up ||`,
    `echo podboot: attempt \${attempt} of ${LOAD_ATTEMPTS} failed, again in ${RETRY_PAUSE_SECONDS} s`,
    'inc attempt',
    `sleep ${RETRY_PAUSE_SECONDS}`,
    'goto load',
    ':give_up',
    ...say(`${context.title} could not load ${decision.profile}: back to the firmware`),
    `sleep ${LAST_WORDS_SECONDS}`,
  ];
}

function assetUrl(name: string, context: ScriptContext): string {
  return `${context.httpOrigin}/assets/${plainAssetName(name)}`;
}

/**
 * iPXE has neither quotes nor escapes, so what it would read as its own can't be said.
 * @throws Unrenderable
 */
function ipxeWords(text: string): string[] {
  const refuse = (why: string): never => {
    throw new Unrenderable('the kernel arguments', text, why);
  };
  if (/[^\x20-\x7e]/.test(text)) refuse('they have a line break or a character outside of printable ASCII');
  if (text.includes('${')) refuse('iPXE would replace what follows ${');
  const words = text.split(' ').filter((word) => word !== '');
  if (words.some((word) => word.startsWith('#'))) refuse('iPXE takes a word that begins with # for a comment');
  if (words.some((word) => word === '||' || word === '&&' || word === ';')) refuse('iPXE ends the command there');
  return words;
}

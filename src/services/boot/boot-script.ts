import type { AssetName } from '../../domain/boot.ts';
import type { Firmware } from '../../domain/client.ts';
import { PodbootError } from '../../domain/errors.ts';
import { printable } from './asset-name.ts';

/** What both boot languages need to know beside the decision. */
export interface ScriptContext {
  /** The node's name, or whatever else names the machine to a person at its console. */
  readonly title: string;
  /** `http://10.77.0.1` or `http://10.77.0.1:8080`, without a slash at its end. */
  readonly httpOrigin: string;
  /** Dotted quad. */
  readonly tftpServer: string;
  readonly firmware?: Firmware;
  /** GRUB for this firmware, if it is installed: how iPXE brings a UEFI machine to its disk. */
  readonly grub?: AssetName;
  /** GRUB's http.mod can be had, so that it may load a kernel by HTTP. */
  readonly grubHttp?: boolean;
}

/** What a person at the console sees before each line of ours. */
export const CONSOLE_NAME = 'podboot';
/**
 * Ends iPXE and gives the machine back to its firmware. EDK2 takes success for "the user is done" and opens its set-up
 * screen; after an error it goes on to the next boot entry. A BIOS doesn't look at it.
 */
export const IPXE_EXIT: readonly string[] = [`iseq \${platform} efi && exit 1 ||`, 'exit'];

/** How often a machine tries to load a kernel before it goes back to its firmware. */
export const LOAD_ATTEMPTS = 3;
export const RETRY_PAUSE_SECONDS = 5;
/** Long enough for a person to read why, and for a machine whose firmware comes straight back not to hammer. */
export const LAST_WORDS_SECONDS = 10;

/** Text that can't be said in a boot language without changing its meaning. Nothing was emitted. */
export class Unrenderable extends PodbootError {
  constructor(what: string, text: string, why: string) {
    super('unrenderable', `${what} ${JSON.stringify(printable(text))} can't be put into a boot script: ${why}`, {
      mend: 'Use letters, digits and plain punctuation; `podboot check-config` names the place.',
    });
  }
}

/** For a console: harmless in both languages whatever it says. */
export function consoleText(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9 .,:=@_/()+-]/g, '?').trim();
  return plain.length > 160 ? `${plain.slice(0, 160)}...` : plain;
}

/**
 * Names of files go into scripts as they are, so they may only have characters that mean nothing to any of the readers.
 * @throws Unrenderable
 */
export function plainAssetName(name: AssetName): AssetName {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._+@~-]*(\/[A-Za-z0-9_][A-Za-z0-9._+@~-]*)*$/.test(name)) {
    throw new Unrenderable('the file name', name, 'it has a character that a boot language reads as its own');
  }
  return name;
}

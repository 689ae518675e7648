import type { FirmwareTestimony, Identification } from '../../domain/discovered-machine.ts';
import { AccessDenied } from '../../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { BootScript, BootScripts } from './boot-scripts.ts';
import { renderGrubQuestion, renderIpxeQuestion } from './identify-script.ts';
import { renderGrubNotice } from './render-grub.ts';
import { renderIpxeNotice } from './render-ipxe.ts';
import { keyToUrlId, type Requester, type Requesters } from './requester.ts';

/** For a daemon that asks nobody. */
export const ASKS_NOBODY: Identification = {
  isWanted: () => false,
  wouldBeWanted: () => false,
  identify: async () => undefined,
};

/** For an explanation: a machine that has never come is asked at its first packet, which makes it known. */
export function foreseen(identification: Identification): Identification {
  return {
    isWanted: (key) => identification.wouldBeWanted(key),
    wouldBeWanted: (key) => identification.wouldBeWanted(key),
    identify: async () => undefined,
  };
}

export interface StrangerParts {
  readonly identification: Identification;
  readonly requesters: Requesters;
}

/**
 * What machines get that are no nodes: nothing, or a script that asks which node it is, while nodes wait for their machines.
 * Only who holds a lease is asked: the MAC address that is learned is that of the lease, whatever else is said.
 */
export class Strangers {
  readonly #parts: StrangerParts;

  constructor(parts: StrangerParts) {
    this.#parts = parts;
  }

  /** Undefined: it is not to be asked. */
  ipxeQuestion(requester: Requester, origin: string): BootScript | undefined {
    return this.#holdsLease(requester) ? this.#ipxe(requester, origin) : undefined;
  }

  /** Undefined: it is not to be asked. */
  grubQuestion(requester: Requester, serverAddress: Ipv4): BootScript | undefined {
    return this.#holdsLease(requester) ? this.#grub(requester, serverAddress) : undefined;
  }

  /** What machines would be sent, also those that would get a lease first. */
  previewed(scripts: BootScripts, originOf: (serverAddress: Ipv4) => string): Pick<BootScripts, 'ipxe' | 'grub'> {
    return {
      ipxe: (requester, serverAddress, ...rest) =>
        this.#ipxe(requester, originOf(serverAddress)) ?? scripts.ipxe(requester, serverAddress, ...rest),
      grub: (requester, firmware, serverAddress, ...rest) =>
        this.#grub(requester, serverAddress) ?? scripts.grub(requester, firmware, serverAddress, ...rest),
    };
  }

  /**
   * Who the machine is, by what its firmware says; without a node where nobody waits for it.
   * @throws AccessDenied for who holds no lease
   */
  async identified(requester: Requester, testimony: FirmwareTestimony): Promise<Requester> {
    const { identification, requesters } = this.#parts;
    const { key, address } = requester;
    if (key === undefined || !this.#holdsLease(requester)) {
      throw new AccessDenied(`${formatIpv4(address)} has no lease: nobody can tell whose words these are`);
    }
    if (requester.port !== undefined) return requester;
    await identification.identify(key, testimony);
    return requesters.byKey(address, key);
  }

  #ipxe(requester: Requester, origin: string): BootScript | undefined {
    const { key } = requester;
    if (key === undefined || !this.#isAsked(requester)) return undefined;
    return { text: renderIpxeQuestion(`${origin}/identify/${keyToUrlId(key)}`), summary: QUESTION };
  }

  #grub(requester: Requester, serverAddress: Ipv4): BootScript | undefined {
    if (!this.#isAsked(requester)) return undefined;
    return { text: renderGrubQuestion(formatIpv4(serverAddress)), summary: QUESTION };
  }

  #isAsked({ key, port }: Requester): boolean {
    return key !== undefined && port === undefined && this.#parts.identification.isWanted(key);
  }

  #holdsLease({ key, address }: Requester): boolean {
    return key !== undefined && this.#parts.requesters.holderOf(address) === key;
  }
}

const QUESTION = 'it is asked which node it is';

/** For a machine that said who it is, and is none that is waited for. */
export function notAwaited(loader: 'ipxe' | 'grub', { serialNumbers, uuid }: FirmwareTestimony): BootScript {
  const [serialNumber] = serialNumbers;
  const what = serialNumber === undefined ? `UUID ${uuid ?? 'unknown'}` : `serial number ${serialNumber}`;
  const notice = loader === 'ipxe' ? renderIpxeNotice : renderGrubNotice;
  return { text: notice(`no node waits for this machine: ${what}`), summary: `no node waits for ${what}` };
}

import { MessageType } from '../codecs/dhcp/message.ts';
import { hexBytes, latin1Bytes, utf8Bytes } from '../codecs/text.ts';
import { parseUuid, swapSmbiosFields } from '../codecs/uuid-text.ts';
import { type MacAddress, macToBytes } from '../domain/mac.ts';
import type { DhcpAnswer } from './dhcp-answer.ts';

/** What a machine is, whichever program on it speaks. */
export interface MachineIdentity {
  readonly mac: MacAddress;
  /** SMBIOS UUID, lower case with hyphens. */
  readonly uuid: string;
}

/**
 * How one program speaks DHCP: taken from captures of real firmware. Waits that are the program's own choice (collecting
 * offers) are apart from those that answer a loss (retransmission): a rehearsal may shorten the first, never the second.
 */
export interface DhcpDialect {
  /** For people: "UEFI PXE", "iPXE", "Linux". */
  readonly name: string;
  readonly broadcast: boolean;
  /** Seconds since the start in `secs`; EDK2 leaves it 0. */
  readonly countsSeconds: boolean;
  /** The wait after each message: the next repetition follows it, after the last one the program gives up. */
  readonly retransmitMs: readonly number[];
  /** Each wait is this much longer or shorter at random, at most. */
  readonly jitterMs: number;
  /** From the first DISCOVER: offers are collected for this long. */
  readonly offerWaitMs: number;
  options(type: number, identity: MachineIdentity): Map<number, Uint8Array>;
  /** Higher is better; 0 is an offer that the program does not take. */
  rank(offer: DhcpAnswer): number;
}

const EDK2_RETRANSMIT_MS = [4_000, 8_000, 16_000, 32_000];
const IPXE_RETRANSMIT_MS = [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000];
/** dhclient and systemd-networkd, roughly: RFC 2131 section 4.1's back-off. */
const OS_RETRANSMIT_MS = [4_000, 8_000, 16_000, 32_000];

const PXE_REQUESTS = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130,
  131, 132, 133, 134, 135,
];
/** EDK2 leaves one byte of its list unset: captured as 234 and as 242. */
const HTTP_REQUESTS = [
  1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 234, 67, 97,
];
const IPXE_REQUESTS = [
  1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203,
];
const OS_REQUESTS = [1, 2, 3, 6, 12, 15, 26, 28, 33, 42, 51, 54, 58, 59, 119, 121];

/** Bus id, version, then a byte for each feature: as Debian's build sends it. */
const IPXE_BIOS_FEATURES =
  'b105011af41000eb03010000170101220101130101110101270101190101290101100102210101150101180101120101';
const IPXE_UEFI_FEATURES = 'b105011af41000eb030100001701012401011301011101012701012901011501011b0101120101';

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 255);
}

function machineId(uuid: string): Uint8Array {
  return Uint8Array.of(0, ...swapSmbiosFields(parseUuid(uuid)));
}

function architecture(code: number): string {
  return String(code).padStart(5, '0');
}

function edk2(name: string, vendor: string, requests: readonly number[], code: number) {
  return {
    name,
    broadcast: true,
    countsSeconds: false,
    retransmitMs: EDK2_RETRANSMIT_MS,
    jitterMs: 1_000,
    offerWaitMs: 3_700,
    options: (type: number, identity: MachineIdentity) =>
      new Map([
        [55, Uint8Array.from(requests)],
        // 65280 in the REQUEST of PXE: EDK2 swaps the bytes of 255 there.
        [57, uint16(type === MessageType.DISCOVER || vendor === 'HTTPClient' ? 1472 : 65280)],
        [60, latin1Bytes(`${vendor}:Arch:${architecture(code)}:UNDI:003000`, 'option 60')],
        [93, uint16(code)],
        [94, Uint8Array.of(1, 3, 0)],
        [97, machineId(identity.uuid)],
      ]),
  };
}

/** A BIOS network card's own ROM ("Intel Boot Agent"): PXE 2.1 without an address of its own, and short of room. */
export function biosPxe(): DhcpDialect {
  return {
    name: 'BIOS PXE ROM',
    broadcast: true,
    countsSeconds: true,
    retransmitMs: [4_000, 8_000, 16_000, 32_000],
    jitterMs: 1_000,
    offerWaitMs: 2_000,
    options: (_type, identity) =>
      new Map([
        [55, Uint8Array.from(PXE_REQUESTS)],
        [57, uint16(1260)],
        [60, latin1Bytes('PXEClient:Arch:00000:UNDI:002001', 'option 60')],
        [93, uint16(0)],
        [94, Uint8Array.of(1, 2, 1)],
        [97, machineId(identity.uuid)],
      ]),
    rank: (offer) => (offer.bootFile === undefined ? 0 : 1),
  };
}

/** EDK2's PXE client: an offer without a boot file is "PXE-E16: No valid offer received". */
export function edk2Pxe(code: number): DhcpDialect {
  return {
    ...edk2('UEFI PXE', 'PXEClient', PXE_REQUESTS, code),
    rank: (offer) => (offer.bootFile === undefined ? 0 : offer.vendorClass?.startsWith('PXEClient') ? 2 : 1),
  };
}

/** EDK2's HTTP boot client: only an offer that says HTTPClient and bears a URL counts. */
export function edk2Http(code: number): DhcpDialect {
  return {
    ...edk2('UEFI HTTP boot', 'HTTPClient', HTTP_REQUESTS, code),
    rank: (offer) =>
      offer.vendorClass?.startsWith('HTTPClient') === true && offer.bootFile?.includes('://') === true ? 1 : 0,
  };
}

/** iPXE, as ROM of a BIOS network card (architecture 0) or loaded by UEFI. It takes any offer. */
export function ipxe(code: number): DhcpDialect {
  const bios = code === 0;
  return {
    name: 'iPXE',
    broadcast: false,
    countsSeconds: true,
    retransmitMs: IPXE_RETRANSMIT_MS,
    jitterMs: 0,
    offerWaitMs: 3_000,
    options: (_type, identity) =>
      new Map([
        [55, Uint8Array.from(IPXE_REQUESTS)],
        [57, uint16(1472)],
        [60, latin1Bytes(`PXEClient:Arch:${architecture(code)}:UNDI:${bios ? '002001' : '003010'}`, 'option 60')],
        [61, Uint8Array.of(1, ...macToBytes(identity.mac))],
        // The bare string, not framed as RFC 3004 says.
        [77, latin1Bytes('iPXE', 'option 77')],
        [93, uint16(code)],
        [94, bios ? Uint8Array.of(1, 2, 1) : Uint8Array.of(1, 3, 10)],
        [97, machineId(identity.uuid)],
        [175, hexBytes(bios ? IPXE_BIOS_FEATURES : IPXE_UEFI_FEATURES) as Uint8Array],
      ]),
    rank: (offer) => (offer.bootFile === undefined ? 1 : 2),
  };
}

/** A Linux system: identified by a DUID of type 4, its UUID (RFC 6355), in an option 61 of type 255 (RFC 4361). */
export function linux(hostname: string): DhcpDialect {
  return {
    name: 'Linux',
    broadcast: false,
    countsSeconds: true,
    retransmitMs: OS_RETRANSMIT_MS,
    jitterMs: 1_000,
    offerWaitMs: 0,
    options: (_type, identity) =>
      new Map([
        [12, utf8Bytes(hostname)],
        [55, Uint8Array.from(OS_REQUESTS)],
        [57, uint16(1472)],
        [61, Uint8Array.of(255, ...macToBytes(identity.mac).subarray(2), 0, 4, ...parseUuid(identity.uuid))],
      ]),
    rank: () => 1,
  };
}

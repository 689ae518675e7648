import { MalformedPacket } from '../malformed-packet.ts';
import { latin1, latin1Bytes } from '../text.ts';

/** Option 60, and what PXE 2.1 (section 2.2.1) and UEFI HTTP boot put into it. */
export interface VendorClass {
  /** All of it that is printable ASCII: safe to log. */
  readonly text: string;
  /** The word before the first colon, where it is a boot client's. */
  readonly bootClient?: 'PXEClient' | 'HTTPClient';
  /** `Arch:00007`; the same numbers as option 93. */
  readonly architecture?: number;
  /** `UNDI:003010` is version 3.10 of the network driver interface. */
  readonly undi?: { readonly major: number; readonly minor: number };
}

/** @throws MalformedPacket for an empty option, nothing else */
export function decodeVendorClass(bytes: Uint8Array): VendorClass {
  if (bytes.length === 0) throw new MalformedPacket('DHCP option 60', 0, 'is empty');
  const text = latin1(bytes).replace(/[^ -~]/g, '');
  const bootClient = /^(PXEClient|HTTPClient)(?=:|$)/.exec(text)?.[1] as VendorClass['bootClient'];
  if (bootClient === undefined) return { text };
  const details = /^[A-Za-z]+:Arch:([0-9]{5})(?::UNDI:([0-9]{3})([0-9]{3}))?/.exec(text);
  return {
    text,
    bootClient,
    ...(details !== null && { architecture: Number(details[1]) }),
    ...(details?.[2] !== undefined && { undi: { major: Number(details[2]), minor: Number(details[3]) } }),
  };
}

/**
 * What a boot client sends: `PXEClient:Arch:00007:UNDI:003000`.
 *
 * @throws RangeError for numbers that have no room
 */
export function encodeVendorClass(
  bootClient: 'PXEClient' | 'HTTPClient',
  architecture?: number,
  undi?: { readonly major: number; readonly minor: number },
): Uint8Array {
  let text: string = bootClient;
  if (architecture !== undefined) {
    text += `:Arch:${digits(architecture, 5)}`;
    if (undi !== undefined) text += `:UNDI:${digits(undi.major, 3)}${digits(undi.minor, 3)}`;
  }
  return latin1Bytes(text, 'vendor class');
}

function digits(value: number, width: number): string {
  const text = String(value).padStart(width, '0');
  if (!Number.isInteger(value) || value < 0 || text.length > width) {
    throw new RangeError(`${value} does not fit into ${width} digits of the vendor class`);
  }
  return text;
}

import { ByteWriter } from '../byte-writer.ts';
import { MalformedPacket } from '../malformed-packet.ts';
import { latin1, latin1Bytes } from '../text.ts';

/** Option 77. */
export interface UserClass {
  /** `rfc3004`: each class behind its length. `bare`: one class without; so do iPXE (`iPXE`) and Windows. */
  readonly framing: 'rfc3004' | 'bare';
  /** Latin-1, so that no byte is lost. */
  readonly classes: readonly string[];
}

/**
 * RFC 3004 framing where the lengths come out even, else the bare text: the first letter of a text is a length beyond
 * any text that short.
 *
 * @throws MalformedPacket for an empty option, nothing else
 */
export function decodeUserClass(bytes: Uint8Array): UserClass {
  if (bytes.length === 0) throw new MalformedPacket('DHCP option 77', 0, 'has no class');
  const classes = framedClasses(bytes);
  return classes === undefined ? { framing: 'bare', classes: [latin1(bytes)] } : { framing: 'rfc3004', classes };
}

/** @throws RangeError for no class, an empty one, several bare ones, one over 255 bytes or beyond Latin-1 */
export function encodeUserClass({ framing, classes }: UserClass): Uint8Array {
  const [first] = classes;
  if (first === undefined || classes.includes('')) throw new RangeError('option 77 needs classes that are not empty');
  if (framing === 'bare') {
    if (classes.length > 1) throw new RangeError('only one class can be sent bare');
    return latin1Bytes(first, 'user class');
  }
  const writer = new ByteWriter();
  for (const name of classes) {
    const bytes = latin1Bytes(name, 'user class');
    writer.uint8(bytes.length, 'length of user class').copy(bytes, 'user class');
  }
  return writer.finish();
}

function framedClasses(bytes: Uint8Array): string[] | undefined {
  const classes: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + 1;
    at = start + bytes[at]!;
    // RFC 3004 section 4: a class has one byte at least.
    if (at === start || at > bytes.length) return undefined;
    classes.push(latin1(bytes, start, at));
  }
  return classes;
}

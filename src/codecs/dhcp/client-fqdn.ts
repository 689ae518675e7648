import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { latin1, latin1Bytes } from '../text.ts';
import { MAX_NAME_TEXT, readLabel, splitName, writeLabel } from './domain-names.ts';

/** Option 81 (RFC 4702). */
export interface ClientFqdn {
  /** S: the server is to do (or does) the forward update. */
  readonly serverUpdates: boolean;
  /** O: the server did not do as the client wished. Servers only. */
  readonly overridden: boolean;
  /** N: the server is to make no update at all. */
  readonly noUpdates: boolean;
  /** E: `wire` is DNS wire form without compression; `ascii` is deprecated, but clients still send it. */
  readonly encoding: 'wire' | 'ascii';
  /** Empty where the client asks for a name. Without a dot at the end. */
  readonly name: string;
  /** The name is whole; else it is a host name to which the server adds the domain (section 2.3.1, 3.3). */
  readonly fullyQualified: boolean;
}

const READING = 'DHCP option 81';
const Flag = { SERVER_UPDATES: 1, OVERRIDDEN: 2, WIRE: 4, NO_UPDATES: 8 } as const;

/** RCODE1 and RCODE2 mean nothing any more and are not looked at. @throws MalformedPacket */
export function decodeClientFqdn(bytes: Uint8Array): ClientFqdn {
  const reader = new ByteReader(bytes, READING);
  const flags = reader.uint8('flags');
  reader.uint16('RCODE1 and RCODE2');
  const encoding = (flags & Flag.WIRE) !== 0 ? 'wire' : 'ascii';
  return {
    serverUpdates: (flags & Flag.SERVER_UPDATES) !== 0,
    overridden: (flags & Flag.OVERRIDDEN) !== 0,
    noUpdates: (flags & Flag.NO_UPDATES) !== 0,
    encoding,
    ...(encoding === 'wire' ? readWireName(reader) : readAsciiName(reader)),
  };
}

/** RCODE1 and RCODE2 are 255, as a server sends them and a client may. @throws RangeError for what is no name */
export function encodeClientFqdn(fqdn: ClientFqdn): Uint8Array {
  const { name, fullyQualified, encoding } = fqdn;
  const writer = new ByteWriter();
  const flags =
    (fqdn.serverUpdates ? Flag.SERVER_UPDATES : 0) |
    (fqdn.overridden ? Flag.OVERRIDDEN : 0) |
    (encoding === 'wire' ? Flag.WIRE : 0) |
    (fqdn.noUpdates ? Flag.NO_UPDATES : 0);
  writer.uint8(flags, 'flags').uint16(0xffff, 'RCODE1 and RCODE2');
  if (name === '') {
    if (fullyQualified) throw new RangeError('an empty name is not fully qualified');
    return writer.finish();
  }
  const labels = splitName(name);
  if (encoding === 'wire') {
    for (const label of labels) writeLabel(writer, label);
    if (fullyQualified) writer.uint8(0, 'end of name');
  } else {
    if (fullyQualified !== labels.length > 1)
      throw new RangeError('in ASCII a name is fully qualified when it has a dot');
    writer.copy(latin1Bytes(name, 'name'), 'name');
  }
  return writer.finish();
}

type Name = Pick<ClientFqdn, 'name' | 'fullyQualified'>;

function readWireName(reader: ByteReader): Name {
  const labels: string[] = [];
  let fullyQualified = false;
  while (reader.remaining > 0 && !fullyQualified) {
    const length = reader.uint8('label length');
    if (length > 63) reader.fail(`a label has length ${length}; pointers are not allowed here`, reader.offset - 1);
    if (length === 0) fullyQualified = true;
    else labels.push(readLabel(reader, length));
  }
  if (reader.remaining > 0) reader.fail('bytes behind the end of the name');
  const name = labels.join('.');
  if (name.length > MAX_NAME_TEXT) reader.fail(`the name is over ${MAX_NAME_TEXT} characters`);
  // A lone root label is how some clients ask for a name.
  return { name, fullyQualified: fullyQualified && name !== '' };
}

function readAsciiName(reader: ByteReader): Name {
  const start = reader.offset;
  // Windows ends the name with a NUL; a dot at the end says what a dot within says already.
  const name = latin1(reader.rest()).replace(/\0+$/, '').replace(/\.$/, '');
  if (name === '') return { name, fullyQualified: false };
  try {
    return { name, fullyQualified: splitName(name).length > 1 };
  } catch {
    reader.fail('the name is no domain name', start);
  }
}

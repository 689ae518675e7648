import type { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { latin1, latin1Bytes } from '../text.ts';

/** RFC 1035 section 2.3.4: labels of 63 bytes, 255 for a whole name on the wire, 253 as text. */
export const MAX_LABEL_BYTES = 63;
export const MAX_NAME_TEXT = 253;

/** @throws RangeError for a name that no resolver takes: empty, too long, or with an empty or odd label */
export function splitName(name: string): string[] {
  const labels = name.split('.');
  if (name.length > MAX_NAME_TEXT)
    throw new RangeError(`domain name ${JSON.stringify(name)} is over ${MAX_NAME_TEXT} characters`);
  for (const label of labels) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES || !isLabelText(label)) {
      throw new RangeError(
        `domain name ${JSON.stringify(name)}: ${JSON.stringify(label)} is no label (1 to 63 letters, digits, hyphens, underscores)`,
      );
    }
  }
  return labels;
}

export function writeLabel(writer: ByteWriter, label: string): void {
  writer.uint8(label.length, 'label length').copy(latin1Bytes(label, 'label'), 'label');
}

/** The label whose length byte was just read. Other characters than those of host names would not survive as text. */
export function readLabel(reader: ByteReader, length: number): string {
  const at = reader.offset;
  const bytes = reader.view(length, 'label');
  const label = latin1(bytes);
  if (!isLabelText(label)) reader.fail('a label has a character that domain names do not have', at);
  return label;
}

function isLabelText(label: string): boolean {
  return /^[A-Za-z0-9_-]*$/.test(label);
}

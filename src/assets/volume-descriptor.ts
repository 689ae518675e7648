import { PodbootError } from '../domain/errors.ts';

const SECTOR_BYTES = 2_048;
/** ECMA-119 section 6.2.1: the first sixteen sectors are the system's. */
const FIRST_DESCRIPTOR = 16;
/** A medium has three or four; the set ends with a terminator. */
const MOST_DESCRIPTORS = 32;

/** What has to be read of a file to know whether it is an ISO 9660 image. */
export const DESCRIPTOR_AREA_BYTES = (FIRST_DESCRIPTOR + MOST_DESCRIPTORS) * SECTOR_BYTES;

const PRIMARY = 1;
const TERMINATOR = 255;

/** The primary volume descriptor (ECMA-119 section 8.4), as far as it is used. */
export interface VolumeDescriptor {
  /** Printable characters only, without trailing spaces. */
  readonly volumeId: string;
  /** What the image has to hold at least. */
  readonly sizeBytes: number;
}

/** Why a file is no usable ISO image. */
export class NoIsoImage extends PodbootError {
  constructor(message: string, mend: string) {
    super('no-iso-image', message, { mend });
  }
}

const DOWNLOAD_AGAIN = 'Download it again and compare its checksum with the one that its vendor publishes.';

/**
 * @param area the first DESCRIPTOR_AREA_BYTES of the file, or all of it
 * @throws NoIsoImage
 */
export function readVolumeDescriptor(area: Uint8Array): VolumeDescriptor {
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  for (let sector = FIRST_DESCRIPTOR; sector < FIRST_DESCRIPTOR + MOST_DESCRIPTORS; sector += 1) {
    const offset = sector * SECTOR_BYTES;
    if (offset + SECTOR_BYTES > area.length) break;
    if (ascii(area, offset + 1, 5) !== 'CD001') {
      if (sector === FIRST_DESCRIPTOR) {
        throw new NoIsoImage('it is no ISO 9660 image: it has no volume descriptor', 'Name the ISO file itself.');
      }
      throw new NoIsoImage(`it is damaged: sector ${sector} is no volume descriptor`, DOWNLOAD_AGAIN);
    }
    const type = area[offset];
    if (type === PRIMARY) return primary(area, view, offset);
    if (type === TERMINATOR) throw new NoIsoImage('it has no primary volume descriptor', DOWNLOAD_AGAIN);
  }
  if (area.length < (FIRST_DESCRIPTOR + 1) * SECTOR_BYTES) {
    const least = (FIRST_DESCRIPTOR + 1) * SECTOR_BYTES;
    throw new NoIsoImage(
      `it has ${area.length} bytes, and the head of an ISO image alone has ${least}`,
      DOWNLOAD_AGAIN,
    );
  }
  throw new NoIsoImage('it has no primary volume descriptor', DOWNLOAD_AGAIN);
}

function primary(area: Uint8Array, view: DataView, offset: number): VolumeDescriptor {
  const blocks = bothEndian32(view, offset + 80);
  const blockBytes = bothEndian16(view, offset + 128);
  if (blocks === undefined || blockBytes === undefined) {
    throw new NoIsoImage('it is damaged: its volume descriptor contradicts itself', DOWNLOAD_AGAIN);
  }
  if (![512, 1_024, 2_048].includes(blockBytes) || blocks === 0) {
    throw new NoIsoImage(`it is damaged: ${blocks} blocks of ${blockBytes} bytes are no volume`, DOWNLOAD_AGAIN);
  }
  return { volumeId: ascii(area, offset + 40, 32).trim(), sizeBytes: blocks * blockBytes };
}

/** ECMA-119 section 7.3.3: the number twice, in both orders. */
function bothEndian32(view: DataView, offset: number): number | undefined {
  const little = view.getUint32(offset, true);
  return little === view.getUint32(offset + 4, false) ? little : undefined;
}

function bothEndian16(view: DataView, offset: number): number | undefined {
  const little = view.getUint16(offset, true);
  return little === view.getUint16(offset + 2, false) ? little : undefined;
}

function ascii(area: Uint8Array, offset: number, lengthBytes: number): string {
  let text = '';
  for (const byte of area.subarray(offset, offset + lengthBytes)) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ' ';
  }
  return text;
}

/** @throws NoIsoImage where the file holds less than its own descriptor says */
export function checkNotCutShort(descriptor: VolumeDescriptor, fileBytes: number): void {
  if (fileBytes >= descriptor.sizeBytes) return;
  throw new NoIsoImage(
    `it is cut short: it has ${fileBytes} bytes of the ${descriptor.sizeBytes} that its volume descriptor says`,
    DOWNLOAD_AGAIN,
  );
}

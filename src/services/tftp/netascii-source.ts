import type { ServedFile } from '../../domain/ports.ts';
import type { BlockSource } from './block-source.ts';

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;
const READ_BYTES = 16_384;

/** A place in the converted text, and the same place in the file. */
interface Mark {
  readonly offset: number;
  readonly fileOffset: number;
  /** The second byte of a pair whose first one stands before this place. */
  readonly pending: number | undefined;
}

/**
 * Mode `netascii` (RFC 764's NVT): LF goes as CR LF, CR as CR NUL. A client that converts back gets the file's very bytes,
 * so that tftp-hpa's default mode does no harm to a boot program.
 *
 * Offsets are those of the converted text. A mark is kept for each read that may be asked for again, so a
 * retransmission converts its window anew and nothing more; memory does not grow with the file.
 */
export class NetasciiSource implements BlockSource {
  /** Known only after the whole file was read: `tsize` is not worth that. */
  readonly sizeBytes = undefined;
  readonly #file: ServedFile;
  #marks: Mark[] = [{ offset: 0, fileOffset: 0, pending: undefined }];

  constructor(file: ServedFile) {
    this.#file = file;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const mark = this.#markBefore(offset);
    const skipped = offset - mark.offset;
    const converted = new Uint8Array(skipped + length);
    const after = await this.#convert(mark, converted);
    const end = after.offset - mark.offset;
    this.#remember(after);
    return converted.subarray(Math.min(skipped, end), end);
  }

  acknowledged(offset: number): void {
    const first = this.#marks.findLastIndex((mark) => mark.offset <= offset);
    if (first > 0) this.#marks.splice(0, first);
  }

  close(): void {
    this.#file.close();
  }

  /** Fills `target` from `mark` on, as far as the file goes. */
  async #convert(mark: Mark, target: Uint8Array): Promise<Mark> {
    let { fileOffset, pending } = mark;
    let at = 0;
    if (pending !== undefined && at < target.length) {
      target[at++] = pending;
      pending = undefined;
    }
    while (at < target.length) {
      const bytes = await this.#file.read(fileOffset, Math.min(READ_BYTES, target.length - at));
      if (bytes.length === 0) break;
      for (const byte of bytes) {
        if (at >= target.length) break;
        fileOffset += 1;
        const second = byte === LF ? LF : byte === CR ? NUL : undefined;
        target[at++] = second === undefined ? byte : CR;
        if (second === undefined) continue;
        if (at < target.length) target[at++] = second;
        else pending = second;
      }
    }
    return { offset: mark.offset + at, fileOffset, pending };
  }

  #markBefore(offset: number): Mark {
    return this.#marks.findLast((mark) => mark.offset <= offset) ?? { offset: 0, fileOffset: 0, pending: undefined };
  }

  #remember(mark: Mark): void {
    const last = this.#marks.at(-1);
    if (last === undefined || mark.offset > last.offset) this.#marks.push(mark);
  }
}

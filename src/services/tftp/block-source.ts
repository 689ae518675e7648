import type { ServedFile } from '../../domain/ports.ts';

/** The bytes that a transfer cuts into blocks. */
export interface BlockSource {
  /** Undefined: known when a read comes out short. */
  readonly sizeBytes: number | undefined;
  /** As ServedFile.read: fewer bytes only at the end, the view is valid until the next read. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** Nothing before this offset will be read again. */
  acknowledged(offset: number): void;
  close(): void;
}

/** Mode `octet`: the file as it is. */
export class OctetSource implements BlockSource {
  readonly #file: ServedFile;

  constructor(file: ServedFile) {
    this.#file = file;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    return this.#file.read(offset, length);
  }

  acknowledged(): void {}

  close(): void {
    this.#file.close();
  }
}

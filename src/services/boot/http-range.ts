/** Bytes of a file, both ends included (RFC 9110 section 14.1.2). */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * One range of a Range header. `whole`: send everything, which is what a header that is malformed, of another unit or of
 * several ranges asks for too (RFC 9110 section 14.2 lets a server ignore it). `unsatisfiable`: answer 416.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '');
  if (match === null) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '') return to === '' ? 'whole' : suffix(Number(to), sizeBytes);
  const first = Number(from);
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== '' && Number(to) < first) return 'whole';
  return first >= sizeBytes ? 'unsatisfiable' : { first, last };
}

function suffix(lengthBytes: number, sizeBytes: number): ByteRange | 'unsatisfiable' {
  if (lengthBytes === 0 || sizeBytes === 0) return 'unsatisfiable';
  return { first: Math.max(0, sizeBytes - lengthBytes), last: sizeBytes - 1 };
}

/** What a client holds already, and what of it is current (RFC 9110 section 13). */
export interface Validators {
  /** With its quotes; strong. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
}

interface ConditionalHeaders {
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
  readonly 'if-range'?: string | undefined;
}

/** True: answer 304. If-None-Match goes before If-Modified-Since. */
export function isNotModified(headers: ConditionalHeaders, validators: Validators): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    return tags.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === validators.etag);
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && Math.floor(validators.mtimeMs / 1_000) * 1_000 <= since;
}

/** False: If-Range names another version, so the whole file is sent. */
export function rangeStillHolds(headers: ConditionalHeaders, validators: Validators): boolean {
  const condition = headers['if-range'];
  if (condition === undefined) return true;
  if (/^(W\/)?"/.test(condition)) return condition === validators.etag;
  return Date.parse(condition) === Math.floor(validators.mtimeMs / 1_000) * 1_000;
}

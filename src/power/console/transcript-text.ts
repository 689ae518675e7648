import type { TimeMark, TranscriptPart } from './transcript-shelf.ts';

const LINE_FEED = 0x0a;

/** One text of it all: what was left out of the middle is said, and lines have the time before them where asked for. */
export function transcriptText(parts: readonly TranscriptPart[], withTimes: boolean): Buffer {
  const pieces: Buffer[] = [];
  let end = 0;
  for (const part of parts) {
    const missing = part.offset - end;
    if (missing > 0) pieces.push(Buffer.from(`\r\n[podboot: ${missing} bytes were left out here]\r\n`));
    pieces.push(withTimes ? timed(part) : part.bytes);
    end = part.offset + part.bytes.length;
  }
  return Buffer.concat(pieces);
}

/** A time stands before the first line that begins at its place or after it. */
function timed({ bytes, offset, times }: TranscriptPart): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  let mark = 0;
  for (let at = 0; at < bytes.length && mark < times.length; ) {
    const isDue = times[mark]!.offset - offset <= at;
    if (isDue) {
      // Of several in one line the last is nearest.
      while (mark + 1 < times.length && times[mark + 1]!.offset - offset <= at) mark += 1;
      pieces.push(bytes.subarray(from, at), stamp(times[mark]!));
      from = at;
      mark += 1;
    }
    const feed = bytes.indexOf(LINE_FEED, at);
    if (feed < 0) break;
    at = feed + 1;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

function stamp({ atMs }: TimeMark): Buffer {
  return Buffer.from(`[${new Date(atMs).toISOString().slice(0, 19)}Z] `);
}

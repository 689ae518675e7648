import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTS, TIMES, type Transcript } from './transcript.ts';

export interface TranscriptEntry {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Of the last that was written. */
  readonly changedAt: number;
  readonly sizeBytes: number;
}

/** A part of what was said: from `offset` of the whole on. */
export interface TranscriptPart {
  readonly offset: number;
  readonly bytes: Buffer;
  readonly times: readonly TimeMark[];
}

export interface TimeMark {
  readonly offset: number;
  readonly atMs: number;
}

const ID = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/;
/** What never had a log to it, or more than anybody wrote. */
const MAX_FILES = 1_000;

export function isTranscriptId(text: string): boolean {
  return ID.test(text);
}

/** The transcripts of one node, latest first. */
export async function listTranscripts(folder: string): Promise<TranscriptEntry[]> {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.log')).slice(-MAX_FILES);
  const entries = await Promise.all(names.map((name) => entryOf(folder, name.slice(0, -'.log'.length))));
  return entries.filter((entry) => entry !== undefined).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/** Parts in their order; undefined where there is no such transcript. */
export async function readTranscript(folder: string, id: string): Promise<TranscriptPart[] | undefined> {
  const parts: TranscriptPart[] = [];
  for (const part of PARTS) {
    const path = join(folder, `${id}.${part}`);
    const bytes = await readFile(path).catch(absent);
    if (bytes === undefined) continue;
    const times = timesOf((await readFile(`${path}${TIMES}`, 'utf8').catch(absent)) ?? '');
    parts.push({ offset: times[0]?.offset ?? 0, bytes, times });
  }
  parts.sort((one, other) => one.offset - other.offset);
  return parts.length === 0 ? undefined : parts;
}

/** Removes all but the latest `keep`. */
export async function pruneTranscripts(folder: string, keep: number): Promise<void> {
  const names = await namesIn(folder);
  const ids = [...new Set(names.map((name) => name.split('.')[0]!).filter(isTranscriptId))].sort();
  const old = new Set(ids.slice(0, Math.max(0, ids.length - keep)));
  for (const name of names) if (old.has(name.split('.')[0]!)) await rm(join(folder, name), { force: true });
}

/** @param current what is being written, so that its last words are read too */
export async function readLatest(
  folder: string,
  id: string,
  current: Transcript | undefined,
): Promise<TranscriptPart[] | undefined> {
  if (current?.id === id) await current.flush();
  return readTranscript(folder, id);
}

async function entryOf(folder: string, id: string): Promise<TranscriptEntry | undefined> {
  const match = ID.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, ms] = match.map(Number);
  const startedAt = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!, ms!);
  const found = await Promise.all(PARTS.map((part) => stat(join(folder, `${id}.${part}`)).catch(absent)));
  const files = found.filter((file) => file !== undefined);
  return {
    id,
    startedAt,
    changedAt: Math.max(startedAt, ...files.map(({ mtimeMs }) => Math.round(mtimeMs))),
    sizeBytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

function timesOf(text: string): TimeMark[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+) (\d+)$/.exec(line);
    return match === null ? [] : [{ offset: Number(match[1]), atMs: Number(match[2]) }];
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return ((await readdir(folder).catch(absent)) ?? []).sort();
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

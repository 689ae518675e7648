import { randomBytes } from 'node:crypto';
import type { RunId } from '../domain/hand-off.ts';

const RUN_ID = /^run-[a-z0-9]{1,16}-[a-f0-9]{6}$/;

/** Sorts as time does; it names a folder and a unit of systemd. */
export function newRunId(now: number): RunId {
  return `run-${now.toString(36)}-${randomBytes(3).toString('hex')}`;
}

export function isRunId(text: string): text is RunId {
  return RUN_ID.test(text);
}

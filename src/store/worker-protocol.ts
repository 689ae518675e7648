import type { EventQuery } from '../domain/stored-event.ts';
import type { Flat } from './batch-codec.ts';

/** Each has the number that its answers carry. Answers come in the order of the requests. */
export type StoreRequest =
  | readonly [id: number, kind: 'commit', batch: Flat]
  | readonly [id: number, kind: 'commit-with-events', batch: Flat, events: Flat]
  | readonly [id: number, kind: 'load']
  | readonly [id: number, kind: 'setting', name: string]
  | readonly [id: number, kind: 'document', of: string, documentId: string]
  | readonly [id: number, kind: 'append', batch: Flat]
  | readonly [id: number, kind: 'events', query: EventQuery]
  | readonly [id: number, kind: 'sequence-before', at: number]
  | readonly [id: number, kind: 'close'];

/** What a request is answered with: a setting, a number, a page of events. */
export type StoreValue = string | number | Flat | undefined;

export type StoreReply =
  | readonly [id: number, kind: 'done', value?: StoreValue]
  | readonly [id: number, kind: 'failed', code: string, message: string]
  /** Pieces of a snapshot, before its 'done'. */
  | readonly [id: number, kind: 'leases' | 'nodes' | 'documents' | 'settings', rows: Flat];

/** The answer to opening the store, which nobody asked for by number. */
export const OPENED = 0;

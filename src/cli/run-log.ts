import { setTimeout as pause } from 'node:timers/promises';
import type { LogPageView } from '../api/schemas/run.ts';
import { HostRefused } from '../domain/errors.ts';
import type { ApiClient } from './api-client.ts';
import type { Output } from './output.ts';

const WAIT_SECONDS = 20;
const RETRY_MS = 1_000;
/** A daemon that is being restarted is back by then. */
const RETRIES = 120;

/** What there is of a run's log now. */
export async function readLog(api: ApiClient, id: string, output: Output): Promise<void> {
  for await (const page of logPages(api, id)) show(page, output);
}

/** As it is now, page by page. */
export async function* logPages(api: ApiClient, id: string): AsyncGenerator<LogPageView> {
  for (let after = 0; ; ) {
    const page = await pageOf(api, id, after, 0);
    if (page.text === '' && page.next === after) return;
    yield page;
    after = page.next;
  }
}

/** Until it has ended; a restart of the daemon in between loses no line, since we know how far we are. */
export async function followLog(api: ApiClient, id: string, output: Output): Promise<void> {
  let failures = 0;
  for (let after = 0; ; ) {
    try {
      const page = await pageOf(api, id, after, WAIT_SECONDS);
      failures = 0;
      show(page, output);
      after = page.next;
      if (page.isEnd) return;
    } catch (error) {
      failures += 1;
      if (!(error instanceof HostRefused) || failures > RETRIES) throw error;
      await pause(RETRY_MS);
    }
  }
}

async function pageOf(api: ApiClient, id: string, after: number, waitSeconds: number): Promise<LogPageView> {
  const path = `/runs/${encodeURIComponent(id)}/log?after=${after}&wait=${waitSeconds}`;
  return (await api.call<LogPageView>('GET', path)).body;
}

function show({ text }: LogPageView, output: Output): void {
  if (text !== '') output.print(text.replace(/\n$/, ''));
}

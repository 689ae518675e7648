import { Agent, request } from 'node:http';
import { type FetchedFile, FileCollector } from './fetched-file.ts';

export interface HttpJob {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  /** The machine's own address: servers know a machine by it. */
  readonly from: string;
  readonly userAgent: string;
  /** iPXE says `Connection: keep-alive`; EDK2 and GRUB do not. */
  readonly keepAlive: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** Content-Length, where the server told it. */
  readonly lengthBytes: number | undefined;
  readonly file: FetchedFile;
  readonly milliseconds: number;
}

/** Rejects with a sentence for people: no connection, a body that is cut short, silence. */
export type HttpClient = (job: HttpJob) => Promise<HttpAnswer>;

/** No byte for this long: EDK2 and iPXE give up as well. */
const SILENCE_MS = 30_000;

/** HTTP/1.1 of boot firmware: no redirects, no encodings, one connection for each request unless it is kept. */
export function createHttpClient(): { readonly fetch: HttpClient; close(): void } {
  // iPXE keeps its connection for the few files of one boot only.
  const kept = new Agent({ keepAlive: true, keepAliveMsecs: 1_000, maxFreeSockets: 64, timeout: 5_000 });
  const single = new Agent({ keepAlive: false });
  return {
    fetch: (job) => fetchFile(job, job.keepAlive ? kept : single),
    close: () => {
      kept.destroy();
      single.destroy();
    },
  };
}

function fetchFile(job: HttpJob, agent: Agent): Promise<HttpAnswer> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new Error(`${job.method} ${job.url}: ${error.message}`));
    const outgoing = request(
      job.url,
      { method: job.method, agent, localAddress: job.from, headers: headers(job), timeout: SILENCE_MS },
      (incoming) => {
        const collector = new FileCollector();
        const told = Number(incoming.headers['content-length'] ?? Number.NaN);
        const lengthBytes = Number.isNaN(told) ? undefined : told;
        incoming.on('data', (chunk: Buffer) => collector.add(chunk));
        incoming.on('error', fail);
        incoming.on('end', () => {
          if (job.method === 'GET' && lengthBytes !== undefined && collector.sizeBytes !== lengthBytes) {
            fail(new Error(`${collector.sizeBytes} of ${lengthBytes} bytes came`));
            return;
          }
          const milliseconds = performance.now() - startedAt;
          resolve({ status: incoming.statusCode ?? 0, lengthBytes, file: collector.finish(job.url), milliseconds });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`silence for ${SILENCE_MS / 1_000} s`)));
    outgoing.on('error', fail);
    outgoing.end();
  });
}

function headers(job: HttpJob): Record<string, string> {
  return { 'user-agent': job.userAgent, ...(job.keepAlive ? { connection: 'keep-alive' } : { accept: '*/*' }) };
}

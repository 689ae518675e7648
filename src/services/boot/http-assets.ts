import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BootEvent } from '../../domain/events.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Clock, EventSink } from '../../domain/ports.ts';
import type { AssetCatalogue, OpenAsset } from './asset-catalogue.ts';
import { answerText, contentType } from './http-answer.ts';
import { type ByteRange, isNotModified, parseRange, rangeStillHolds } from './http-range.ts';
import { type Requester, subjectOf } from './requester.ts';
import { type SendParts, type SendResult, sendFile } from './send-file.ts';

export interface AssetParts {
  readonly clock: Clock;
  readonly events: EventSink;
  readonly send: SendParts;
  readonly catalogue: () => AssetCatalogue;
  /** Whether the boot of a node hangs on it: then each download is worth a line of the log. */
  readonly isBootFile: (name: string) => boolean;
}

export interface AssetCounters {
  downloads: number;
  downloadsEnded: number;
  sentBytes: number;
}

/** Files over HTTP: GET and HEAD, one range, and the conditions of RFC 9110 section 13. */
export class AssetDownloads {
  readonly counters: AssetCounters = { downloads: 0, downloadsEnded: 0, sentBytes: 0 };
  readonly #parts: AssetParts;

  constructor(parts: AssetParts) {
    this.#parts = parts;
  }

  /** @throws NotFound, AccessDenied, PodbootError, with nothing answered yet; `asset-changed` with the connection broken off */
  async answer(request: IncomingMessage, response: ServerResponse, name: string, requester: Requester): Promise<void> {
    const asset = await this.#parts.catalogue().open(name);
    try {
      await this.#send(request, response, asset, requester);
    } finally {
      await asset.handle.close();
    }
  }

  async #send(
    request: IncomingMessage,
    response: ServerResponse,
    asset: OpenAsset,
    requester: Requester,
  ): Promise<void> {
    const validators = { etag: `"${asset.identity}"`, mtimeMs: asset.mtimeMs };
    response.setHeader('ETag', validators.etag);
    response.setHeader('Last-Modified', new Date(asset.mtimeMs).toUTCString());
    response.setHeader('Accept-Ranges', 'bytes');
    response.setHeader('Cache-Control', 'no-cache');
    if (isNotModified(request.headers, validators)) {
      response.writeHead(304).end();
      return;
    }
    // RFC 9110 section 14.2: a range is for GET alone.
    const wanted = request.method === 'GET' && rangeStillHolds(request.headers, validators);
    const range = parseRange(wanted ? request.headers.range : undefined, asset.sizeBytes);
    if (range === 'unsatisfiable') {
      const headers = { 'Content-Range': `bytes */${asset.sizeBytes}` };
      answerText(request, response, 416, `${asset.name} has ${asset.sizeBytes} bytes.\n`, headers);
      return;
    }
    const { first, last } = range === 'whole' ? { first: 0, last: asset.sizeBytes - 1 } : range;
    this.#writeHead(response, asset, range);
    if (request.method === 'HEAD' || last < first) {
      response.end();
      return;
    }
    await this.#body(response, asset, first, last - first + 1, requester);
  }

  #writeHead(response: ServerResponse, asset: OpenAsset, range: ByteRange | 'whole'): void {
    response.setHeader('Content-Type', contentType(asset.name));
    if (range === 'whole') {
      response.setHeader('Content-Length', asset.sizeBytes);
      response.writeHead(200);
      return;
    }
    response.setHeader('Content-Length', range.last - range.first + 1);
    response.setHeader('Content-Range', `bytes ${range.first}-${range.last}/${asset.sizeBytes}`);
    response.writeHead(206);
  }

  async #body(
    response: ServerResponse,
    asset: OpenAsset,
    offset: number,
    lengthBytes: number,
    requester: Requester,
  ): Promise<void> {
    const { clock, events, send } = this.#parts;
    const startedAt = clock.monotonic();
    this.counters.downloads += 1;
    const result = await sendFile(response, asset, offset, lengthBytes, send);
    this.counters.sentBytes += result.sentBytes;
    if (result.outcome !== 'sent') this.counters.downloadsEnded += 1;
    const told = this.#event(asset, lengthBytes, requester, result, clock.monotonic() - startedAt);
    if (told.level !== 'debug' || events.wantsDebug) events.emit(told);
  }

  #event(
    asset: OpenAsset,
    lengthBytes: number,
    requester: Requester,
    { outcome, sentBytes }: SendResult,
    elapsedMs: number,
  ): BootEvent {
    const who = requester.port?.node.name ?? formatIpv4(requester.address);
    const megabytes = sentBytes / 1e6;
    const seconds = elapsedMs / 1_000;
    const rate = megabytes / Math.max(seconds, 0.001);
    const data = {
      file: asset.name,
      bytes: sentBytes,
      seconds: round(seconds),
      megabytesPerSecond: round(rate),
      outcome,
    };
    const subject = subjectOf(requester);
    const throttle = `${formatIpv4(requester.address)} ${asset.name}`;
    if (outcome === 'sent') {
      const text = `${who} got ${asset.name} by HTTP: ${megabytes.toFixed(1)} MB in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`;
      const level = this.#parts.isBootFile(asset.name) ? 'info' : 'debug';
      return { type: 'http.asset', level, subject, text, data, throttle };
    }
    const why = outcome === 'stalled' ? 'took nothing for a minute and was cut off' : 'broke off';
    return {
      type: 'http.asset',
      level: 'warn',
      subject,
      text: `${who} ${why} after ${megabytes.toFixed(1)} of ${(lengthBytes / 1e6).toFixed(1)} MB of ${asset.name}`,
      ...(outcome === 'stalled' ? { mend: 'Look at its console, its cable and its switch port.' } : {}),
      data,
      throttle: formatIpv4(requester.address),
    };
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { SecureVersion } from 'node:tls';
import type { RedfishBmc } from './redfish-bmc.ts';
import type { RedfishAnswer } from './redfish-messages.ts';
import type { CertifiedKey } from './self-signed-certificate.ts';

const MAX_BODY_BYTES = 65_536;

export interface ListeningOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port?: number;
  readonly certificate: CertifiedKey;
  /** Of an old BMC: TLSv1.2. */
  readonly maxVersion?: SecureVersion;
}

/** A simulated BMC's web service, for real clients. */
export class HttpsRedfish implements AsyncDisposable {
  readonly #server: Server;
  readonly port: number;
  /** TLS connections that were made. */
  connections = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on('secureConnection', () => {
      this.connections += 1;
    });
  }

  static async listen(bmc: RedfishBmc, options: ListeningOptions): Promise<HttpsRedfish> {
    const { address, port = 0, certificate, maxVersion } = options;
    const { key, cert } = certificate;
    const server = createServer(
      { key, cert, ...(maxVersion === undefined ? {} : { maxVersion }) },
      (request, response) => void serve(bmc, request, response),
    );
    // A client that does not like the certificate goes away in the middle.
    server.on('tlsClientError', () => {});
    server.listen(port, address);
    await once(server, 'listening');
    const bound = server.address();
    return new HttpsRedfish(server, typeof bound === 'object' && bound !== null ? bound.port : port);
  }

  /** As after it was renewed at the BMC, or by somebody in between. */
  changeCertificate({ key, cert }: CertifiedKey): void {
    this.#server.setSecureContext({ key, cert });
    this.#server.closeAllConnections();
  }

  /** As a BMC that restarts. */
  cutConnections(): void {
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function serve(bmc: RedfishBmc, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await bodyOf(request);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    );
    send(response, await bmc.answer({ method: request.method ?? '', path: request.url ?? '', headers, body }));
  } catch {
    // The client is gone, or sent more than a BMC takes.
    response.destroy();
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request) {
    const bytes: Buffer = piece;
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new RangeError('the body is too large');
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function send(response: ServerResponse, { status, headers = {}, body }: RedfishAnswer): void {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    'odata-version': '4.0',
    ...headers,
  });
  response.end(text);
}

import type { IncomingMessage, ServerResponse } from 'node:http';

/** A short text, whole: a script, a configuration, or a sentence that says what is wrong. */
export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(text, 'utf8');
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    // Rendered for one machine at one moment.
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** UEFI's HTTP boot tells a program from a disk image by its type. */
export function contentType(name: string): string {
  return name.endsWith('.efi') ? 'application/efi' : 'application/octet-stream';
}

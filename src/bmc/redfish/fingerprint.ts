import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { BmcError } from '../driver.ts';
import type { RedfishClock } from './ports.ts';

export const REDFISH_PORT = 443;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * SHA-256 of a certificate, as people paste it: 64 hexadecimal digits, with colons or without.
 *
 * @returns lower-case hex
 * @throws RangeError
 */
export function readFingerprint(text: string): string {
  const digits = text.replaceAll(':', '').trim().toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new RangeError('a certificate’s fingerprint has 64 hexadecimal digits (SHA-256)');
}

/**
 * Of the certificate that is shown there now, for a person to compare and to store. Nothing is sent: no credentials.
 *
 * @returns lower-case hex
 * @throws BmcError `unreachable`, `not-trusted` where it does not speak TLS
 */
export async function fetchFingerprint(
  host: string,
  port: number,
  { clock, timeoutMs }: { readonly clock: RedfishClock; readonly timeoutMs: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    openTls({ host, port }, clock, timeoutMs, (error, socket) => {
      if (socket === null) return reject(error);
      const fingerprint = fingerprintOf(socket);
      socket.destroy();
      if (fingerprint === undefined) reject(new BmcError('not-trusted', `${host} shows no certificate`));
      else resolve(fingerprint);
    });
  });
}

export type Opened = (...result: [error: null, socket: TLSSocket] | [error: Error, socket: null]) => void;

/**
 * A connection to the BMC that shows the pinned certificate, and to no other: it is compared before a byte of HTTP is
 * written. The chain, the name and the dates do not count; BMCs sign for themselves, and their clocks are wrong.
 */
export function openPinned(to: Endpoint, pin: string, clock: RedfishClock, timeoutMs: number, done: Opened): TLSSocket {
  return openTls(to, clock, timeoutMs, (error, socket) => {
    if (socket === null) return done(error, null);
    const shown = fingerprintOf(socket);
    if (shown === pin) return done(null, socket);
    socket.destroy();
    const message =
      `${to.host} shows another certificate than the one that is stored for it. Nothing was sent. Shown: ` +
      `${shown ?? 'none'}; stored: ${pin}. If its certificate was renewed, compare the one shown at the BMC and store it`;
    done(new BmcError('not-trusted', message), null);
  });
}

function openTls({ host, port }: Endpoint, clock: RedfishClock, timeoutMs: number, done: Opened): TLSSocket {
  const socket = connect({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // The pin takes its place. A resumed session would show no certificate, so none is kept.
    rejectUnauthorized: false,
    // What BMCs before 2019 or so have.
    minVersion: 'TLSv1.2',
  });
  let isDone = false;
  const settle: Opened = (...result) => {
    if (isDone) return;
    isDone = true;
    timer.cancel();
    done(...result);
  };
  const timer = clock.setTimeout(() => {
    socket.destroy();
    settle(new BmcError('unreachable', `${host} does not take a connection at port ${port}`), null);
  }, timeoutMs);
  // It stays: an error after the connection was given up is nobody's.
  socket.on('error', (error) => settle(connectionError(host, port, error), null));
  socket.once('close', () => {
    const message = `${host} ends the connection at port ${port} before it is protected`;
    settle(new BmcError('unreachable', message), null);
  });
  socket.once('secureConnect', () => settle(null, socket));
  return socket;
}

function fingerprintOf(socket: TLSSocket): string | undefined {
  // The type promises one; a server without a certificate gives an empty object.
  const shown: { readonly fingerprint256?: string } = socket.getPeerCertificate();
  return shown.fingerprint256?.replaceAll(':', '').toLowerCase();
}

function connectionError(host: string, port: number, error: Error & { readonly code?: string }): BmcError {
  const isTls = error.code === 'EPROTO' || error.code?.startsWith('ERR_SSL') === true;
  if (isTls) {
    const message = `${host} does not speak TLS 1.2 or 1.3 at port ${port} (${error.code}): is it the BMC’s web service?`;
    return new BmcError('not-trusted', message, { cause: error });
  }
  return new BmcError('unreachable', `${host} can’t be reached at port ${port}: ${error.message}`, { cause: error });
}

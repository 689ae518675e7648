import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from './process.ts';

export interface Issued {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface Authority {
  /** PEM of the authority's own certificate. */
  readonly cert: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: Issued;
  readonly client: Issued;
}

/** An authority for one test, with a server's and a client's certificate, made by openssl. */
export function makeAuthority(clientName = 'podboot'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-ca-'));
  const at = (name: string) => join(folder, name);
  const request = (name: string, subject: string) =>
    must([
      'openssl',
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      at(`${name}.key`),
      '-subj',
      subject,
      '-out',
      at(`${name}.csr`),
    ]);
  const issue = (name: string, subject: string, extensions: string): Issued => {
    request(name, subject);
    writeFileSync(at(`${name}.ext`), extensions);
    must([
      'openssl',
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      '-CA',
      at('ca.crt'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.crt`),
    ]);
    return { cert: readFileSync(at(`${name}.crt`), 'utf8'), key: readFileSync(at(`${name}.key`), 'utf8') };
  };
  try {
    must([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.crt'),
      '-subj',
      '/CN=a cluster of a test',
    ]);
    return {
      cert: readFileSync(at('ca.crt'), 'utf8'),
      server: issue('server', '/CN=kube-apiserver', 'subjectAltName=IP:127.0.0.1,DNS:localhost\n'),
      client: issue('client', `/O=podboot/CN=${clientName}`, 'extendedKeyUsage=clientAuth\n'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

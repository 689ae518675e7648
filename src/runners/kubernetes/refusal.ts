import { PodbootError } from '../../domain/errors.ts';

/** The API server said no. Its words are bounded; it never gets to quote a token, which stands in a header alone. */
export class KubernetesRefused extends PodbootError {
  readonly status: number;

  constructor(status: number, message: string, mend: string | undefined) {
    super('kubernetes-refused', message, mend === undefined ? {} : { mend });
    this.status = status;
  }
}

export class KubernetesUnreachable extends PodbootError {
  constructor(message: string, mend: string, cause?: unknown) {
    super('kubernetes-unreachable', message, { mend, cause });
  }
}

const MENDS: Readonly<Record<number, string>> = {
  401: 'Its certificate or token has ended, or is of another cluster: write a new kubeconfig file.',
  403: 'Give podboot’s user the role that docs/services.md lists.',
  409: 'Somebody else changed it at the same time: look at it, and try again.',
  422: 'The server takes no such value: compare its version with those that docs/services.md names.',
};

const MAX_WORDS = 300;

export function refusal(status: number, body: unknown, what: string): KubernetesRefused {
  const said = messageOf(body);
  const words = said === undefined ? '' : `: ${said}`;
  return new KubernetesRefused(status, `Kubernetes refused to ${what} (${status})${words}`, MENDS[status]);
}

/** `message` of a `Status` object (meta/v1). */
export function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('message' in body) || typeof body.message !== 'string')
    return undefined;
  return printable(body.message, MAX_WORDS);
}

export function printable(text: string, maxChars: number): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return clean.length > maxChars ? `${clean.slice(0, maxChars - 1)}…` : clean;
}

const TLS_WORDS: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: compare the clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not of the kubeconfig file’s CA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not of the kubeconfig file’s CA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not of the kubeconfig file’s CA',
  CERT_SIGNATURE_FAILURE: 'its certificate is not of the kubeconfig file’s CA, though it has that name',
};

export function unreachable(error: unknown, origin: string, isLate: boolean, timeoutMs: number): KubernetesUnreachable {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const trust = TLS_WORDS[code];
  if (trust !== undefined)
    return new KubernetesUnreachable(
      `${origin} is not trusted: ${trust}`,
      'Compare certificate-authority-data of the kubeconfig file with the CA of the cluster.',
      error,
    );
  const why = isLate
    ? `nothing came for ${Math.round(timeoutMs / 1_000)} s`
    : printable(error instanceof Error ? error.message || code : 'for no known reason', 120);
  return new KubernetesUnreachable(
    `no answer of ${origin}: ${why}`,
    `Is the API server there? curl -k ${origin}/livez`,
    error,
  );
}

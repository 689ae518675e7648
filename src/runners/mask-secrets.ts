const MASK = '[secret]';

/** What passwords, keys and tokens look like in the words of programs; each keeps what says which it was. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  // https://user:password@host
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]{1,256}):[^\s@/]{1,256}@/gi, `$1:${MASK}@`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
  // JSON Web Tokens: Kubernetes' of service accounts.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, MASK],
  // kubeadm's bootstrap tokens.
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, MASK],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bnvapi-[A-Za-z0-9_-]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}/g, MASK],
  [
    /((?:\b|_|-)(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|certificate[-_]?key)\b["']?\s*(?:[=:]|\s(?=['"]))\s*)(?:"[^"]*"|'[^']*'|[^\s,;"'}\]]+)/gi,
    `$1${MASK}`,
  ],
  [/(--?(?:password|passwd|pass|token|secret|api-key)\s+)(?:"[^"]*"|'[^']*'|\S+)/gi, `$1${MASK}`],
];

/**
 * What programs say, without what looks like a secret.
 * @param known secrets by their values; those of fewer than four characters would hide ordinary words
 */
export function maskSecrets(text: string, known: readonly string[] = []): string {
  let masked = text;
  for (const secret of known) if (secret.length >= 4) masked = masked.replaceAll(secret, MASK);
  for (const [pattern, replacement] of PATTERNS) masked = masked.replace(pattern, replacement);
  return masked;
}

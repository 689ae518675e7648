/** A request that bore an Idempotency-Key: what it was, and what it was answered. */
export interface KeptRequest {
  readonly key: string;
  /** SHA-256 in hex of method, path, content type and body. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Absent while it is worked on; and for good where podboot ended meanwhile: whether it was done is not known. */
  readonly answer?: KeptAnswer;
}

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent where it was too long to be kept. */
  readonly body?: string;
}

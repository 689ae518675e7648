/** Payload numbers of the algorithms (IPMI 2.0 tables 13-17 to 13-19). */
export interface AlgorithmNumbers {
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

/** What a session is protected with. Others are weaker and never used: suites 0 to 2 leave out one of the three. */
export interface CipherSuite {
  /** IPMI 2.0 table 22-20. */
  readonly id: 3 | 17;
  readonly algorithms: AlgorithmNumbers;
  readonly hash: 'sha1' | 'sha256';
  /** Of the codes of RAKP messages 2 and 3. */
  readonly hashBytes: 20 | 32;
  /** Of the AuthCode of each packet, and of the integrity check value of RAKP message 4. */
  readonly integrityBytes: 12 | 16;
}

export const SUITE_3: CipherSuite = {
  id: 3,
  algorithms: { authentication: 1, integrity: 1, confidentiality: 1 },
  hash: 'sha1',
  hashBytes: 20,
  integrityBytes: 12,
};

export const SUITE_17: CipherSuite = {
  id: 17,
  algorithms: { authentication: 3, integrity: 4, confidentiality: 1 },
  hash: 'sha256',
  hashBytes: 32,
  integrityBytes: 16,
};

/** Best first. */
export const CIPHER_SUITES: readonly CipherSuite[] = [SUITE_17, SUITE_3];

export function suiteOf({ authentication, integrity, confidentiality }: AlgorithmNumbers): CipherSuite | undefined {
  return CIPHER_SUITES.find(
    ({ algorithms }) =>
      algorithms.authentication === authentication &&
      algorithms.integrity === integrity &&
      algorithms.confidentiality === confidentiality,
  );
}

/**
 * - `unreachable`    nothing answers at that address and port
 * - `no-answer`      it answered before, and does not now
 * - `wrong-password` the code of RAKP message 2 is not made with our password: never tried again, accounts lock
 * - `unknown-user`   the BMC does not know the name: never tried again
 * - `privilege`      the user may not do this
 * - `no-session`     all of the BMC's sessions are taken
 * - `downgrade`      the BMC granted weaker protection than was asked for
 * - `refused`        a completion code that is not 0
 * - `protocol`       the BMC breaks the specification in a way that can't be lived with
 * - `unreadable`     its answer is too short, or of something else
 * - `closed`         the client was closed
 */
export type IpmiFailure =
  | 'unreachable'
  | 'no-answer'
  | 'wrong-password'
  | 'unknown-user'
  | 'privilege'
  | 'no-session'
  | 'downgrade'
  | 'refused'
  | 'protocol'
  | 'unreadable'
  | 'closed';

export class IpmiError extends Error {
  readonly failure: IpmiFailure;
  /** Of a `refused` one (IPMI 2.0 table 5-2). */
  readonly completionCode: number | undefined;
  /**
   * The command may have been carried out all the same: it left, and nobody knows what became of it. For what is not
   * repeatable, look before it is sent again.
   */
  readonly mayHaveActed: boolean;

  constructor(
    failure: IpmiFailure,
    message: string,
    details: { readonly completionCode?: number; readonly mayHaveActed?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'IpmiError';
    this.failure = failure;
    this.completionCode = details.completionCode;
    this.mayHaveActed = details.mayHaveActed ?? false;
  }
}

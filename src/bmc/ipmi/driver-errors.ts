import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import { CompletionCode } from '../../codecs/ipmi/completion-codes.ts';
import { BmcError, type BmcFailure } from '../driver.ts';
import type { IpmiClient } from './client.ts';
import { IpmiError, type IpmiFailure } from './errors.ts';

/** It does not know the command, its form, the parameter or the record. BMCs differ in the code that they say it with. */
const ABSENT: ReadonlySet<number | undefined> = new Set([
  CompletionCode.UNKNOWN_COMMAND,
  CompletionCode.WRONG_UNIT,
  CompletionCode.WRONG_LENGTH,
  CompletionCode.OUT_OF_RANGE,
  CompletionCode.NO_SUCH_RECORD,
  CompletionCode.INVALID_FIELD,
  CompletionCode.NOT_FOR_RECORD,
  CompletionCode.SWITCHED_OFF,
  0x80,
]);

function isAbsent({ failure, completionCode }: IpmiError): boolean {
  return failure === 'unreadable' || (failure === 'refused' && ABSENT.has(completionCode));
}

/** What the driver's contract knows. @throws BmcError */
export async function translated<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw asBmcError(error);
  }
}

const FAILURES: Readonly<Record<IpmiFailure, BmcFailure>> = {
  unreachable: 'unreachable',
  'no-answer': 'no-answer',
  'wrong-password': 'credentials',
  'unknown-user': 'credentials',
  privilege: 'privilege',
  'no-session': 'busy',
  downgrade: 'not-trusted',
  refused: 'refused',
  protocol: 'refused',
  unreadable: 'refused',
  closed: 'no-answer',
};

function asBmcError(error: unknown): unknown {
  if (!(error instanceof IpmiError)) return error;
  const { failure, message, mayHaveActed, completionCode } = error;
  const isOfState = failure === 'refused' && completionCode === CompletionCode.WRONG_STATE;
  return new BmcError(FAILURES[failure], message, { mayHaveActed, isOfState, cause: error });
}

/** IPMI 2.0 table 5-2; undefined for an error that is no refusal. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof BmcError && error.cause instanceof IpmiError ? error.cause.completionCode : undefined;
}

/** Undefined where the BMC does not have it, or says something that can't be read. @throws BmcError */
export async function optional<Result>(
  client: IpmiClient,
  command: IpmiCommand<Result>,
  deadlineMs: number,
): Promise<Result | undefined> {
  try {
    return await client.run(command, deadlineMs);
  } catch (error) {
    if (error instanceof IpmiError && isAbsent(error)) return undefined;
    throw asBmcError(error);
  }
}

/** Undefined too where the BMC keeps it from this user: what it tells of itself otherwise is worth having. @throws BmcError */
export async function part<Result>(
  client: IpmiClient,
  command: IpmiCommand<Result>,
  deadlineMs: number,
): Promise<Result | undefined> {
  try {
    return await optional(client, command, deadlineMs);
  } catch (error) {
    if (codeOf(error) === CompletionCode.PRIVILEGE) return undefined;
    throw error;
  }
}

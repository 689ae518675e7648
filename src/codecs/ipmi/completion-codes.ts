/** IPMI 2.0 table 5-2, as sentences for people. */
const GENERIC: ReadonlyMap<number, string> = new Map([
  [0x00, 'done'],
  [0xc0, 'the BMC is busy'],
  [0xc1, 'the BMC does not know this command'],
  [0xc2, 'the BMC does not take this command for that unit'],
  [0xc3, 'the BMC ran out of time'],
  [0xc4, 'the BMC has no room left'],
  [0xc5, 'the reservation was taken away by another reader'],
  [0xc6, 'the BMC took the request for cut short'],
  [0xc7, 'the BMC wants another length of the request'],
  [0xc8, 'the request is longer than the BMC’s field'],
  [0xc9, 'a value of the request is out of range'],
  [0xca, 'the BMC can’t return that many bytes'],
  [0xcb, 'the BMC has no such sensor, record or data'],
  [0xcc, 'the BMC refuses a field of the request'],
  [0xcd, 'the command is not for that sensor or record'],
  [0xce, 'the BMC could not give an answer'],
  [0xcf, 'the BMC saw the request twice'],
  [0xd0, 'the sensor records are being updated'],
  [0xd1, 'the BMC’s firmware is being updated'],
  [0xd2, 'the BMC is starting'],
  [0xd3, 'there is nothing at that address of the BMC'],
  [0xd4, 'the user’s privilege is too low for this command'],
  [0xd5, 'the BMC can’t do that in its present state'],
  [0xd6, 'the command is switched off in the BMC'],
  [0xff, 'the BMC gives no reason'],
]);

/** Busy, out of time, updating its records, starting, no reason: the same again, later, may well be done. */
const PASSING: ReadonlySet<number> = new Set([0xc0, 0xc3, 0xd0, 0xd2, 0xff]);

export const CompletionCode = {
  OK: 0x00,
  BUSY: 0xc0,
  UNKNOWN_COMMAND: 0xc1,
  WRONG_UNIT: 0xc2,
  TIMEOUT: 0xc3,
  RESERVATION_LOST: 0xc5,
  WRONG_LENGTH: 0xc7,
  OUT_OF_RANGE: 0xc9,
  NO_SUCH_RECORD: 0xcb,
  INVALID_FIELD: 0xcc,
  NOT_FOR_RECORD: 0xcd,
  PRIVILEGE: 0xd4,
  WRONG_STATE: 0xd5,
  SWITCHED_OFF: 0xd6,
} as const;

/** The same request may be answered otherwise in a moment. */
export function isPassing(code: number): boolean {
  return PASSING.has(code);
}

/** Always a sentence: `(c1) the BMC does not know this command`. */
export function completionText(code: number, own: Readonly<Record<number, string>> = {}): string {
  const hex = code.toString(16).padStart(2, '0');
  return `(${hex}) ${own[code] ?? GENERIC.get(code) ?? rangeText(code)}`;
}

function rangeText(code: number): string {
  if (code >= 0x01 && code <= 0x7e) return 'the BMC answers with a code of its maker';
  if (code >= 0x80 && code <= 0xbe) return 'the BMC answers with a code that this command has of its own';
  return 'the BMC answers with a code that no specification has';
}

/** Status codes of Open Session and RAKP (IPMI 2.0 table 13-15). */
const SESSION_STATUS: ReadonlyMap<number, string> = new Map([
  [0x01, 'all of the BMC’s sessions are taken'],
  [0x02, 'the BMC does not know the session'],
  [0x03, 'the BMC does not know the kind of payload'],
  [0x04, 'the BMC does not have this way of authentication'],
  [0x05, 'the BMC does not have this way of integrity'],
  [0x06, 'the BMC knows no authentication of that kind'],
  [0x07, 'the BMC knows no integrity of that kind'],
  [0x08, 'the session is not active any more'],
  [0x09, 'the BMC refuses the role'],
  [0x0a, 'the user may not have this privilege'],
  [0x0b, 'no session is left for this role'],
  [0x0c, 'the BMC refuses the length of the user’s name'],
  [0x0d, 'the BMC does not know the user'],
  [0x0e, 'the BMC’s identifier is not as it should be'],
  [0x0f, 'a code of the exchange is wrong'],
  [0x10, 'the BMC does not have this way of encryption'],
  [0x11, 'the BMC does not have this cipher suite'],
  [0x12, 'the BMC refuses a parameter'],
]);

export const SessionStatus = {
  NO_SESSION_LEFT: 0x01,
  UNKNOWN_SESSION: 0x02,
  INACTIVE_SESSION: 0x08,
  NO_SESSION_FOR_ROLE: 0x0b,
  UNKNOWN_USER: 0x0d,
  WRONG_CODE: 0x0f,
} as const;

/** Another suite may be granted where this one was not. */
export function isSuiteRefused(status: number): boolean {
  return status === 0x04 || status === 0x05 || status === 0x10 || status === 0x11;
}

export function sessionStatusText(status: number): string {
  const hex = status.toString(16).padStart(2, '0');
  return `(${hex}) ${SESSION_STATUS.get(status) ?? 'the BMC answers with a status that the specification does not have'}`;
}

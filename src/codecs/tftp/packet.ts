/** Opcodes (RFC 1350 section 5, RFC 2347). */
export const TftpOp = { RRQ: 1, WRQ: 2, DATA: 3, ACK: 4, ERROR: 5, OACK: 6 } as const;
export type TftpOp = (typeof TftpOp)[keyof typeof TftpOp];

/** RFC 1350 appendix, RFC 2347 for 8. EDK2 sends 8 to end a transfer of which it only wanted the size. */
export const TftpErrorCode = {
  NOT_DEFINED: 0,
  FILE_NOT_FOUND: 1,
  ACCESS_VIOLATION: 2,
  DISK_FULL: 3,
  ILLEGAL_OPERATION: 4,
  UNKNOWN_TRANSFER_ID: 5,
  FILE_EXISTS: 6,
  NO_SUCH_USER: 7,
  OPTIONS_REFUSED: 8,
} as const;
export type TftpErrorCode = (typeof TftpErrorCode)[keyof typeof TftpErrorCode];

/** Names of options, in lower case as the decoder gives them (RFC 2348, 2349, 7440). */
export const TftpOption = {
  BLOCK_SIZE: 'blksize',
  TRANSFER_SIZE: 'tsize',
  TIMEOUT: 'timeout',
  WINDOW_SIZE: 'windowsize',
} as const;

/** Lower-case name to value, in the order in which they were sent. */
export type TftpOptions = ReadonlyMap<string, string>;

export interface TftpRequest {
  readonly op: typeof TftpOp.RRQ | typeof TftpOp.WRQ;
  /** As it was sent: it may begin with `/`, or climb with `..`. */
  readonly name: string;
  /** In lower case; `octet` and `netascii` are those in use. */
  readonly mode: string;
  readonly options: TftpOptions;
}

export interface TftpData {
  readonly op: typeof TftpOp.DATA;
  readonly block: number;
  /** A view of the packet. */
  readonly data: Uint8Array;
}

export interface TftpAck {
  readonly op: typeof TftpOp.ACK;
  readonly block: number;
}

export interface TftpError {
  readonly op: typeof TftpOp.ERROR;
  /** A TftpErrorCode, or what the peer made up. */
  readonly code: number;
  readonly message: string;
}

export interface TftpOack {
  readonly op: typeof TftpOp.OACK;
  readonly options: TftpOptions;
}

export type TftpPacket = TftpRequest | TftpData | TftpAck | TftpError | TftpOack;

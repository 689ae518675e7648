import { TftpErrorCode, TftpOp, type TftpRequest } from '../../codecs/tftp/packet.ts';

export interface Refusal {
  readonly code: TftpErrorCode;
  /** For the client's screen. */
  readonly message: string;
}

/** Longer than any asset's; a request is one packet. */
const LONGEST_NAME_BYTES = 512;

/** What can be refused without a look at the files. Undefined: go on. */
export function refuseRequest(request: TftpRequest): Refusal | undefined {
  if (request.op === TftpOp.WRQ) {
    return { code: TftpErrorCode.ACCESS_VIOLATION, message: 'this server is read only' };
  }
  if (request.mode !== 'octet' && request.mode !== 'netascii') {
    // RFC 1350 itself calls `mail` obsolete.
    return { code: TftpErrorCode.ILLEGAL_OPERATION, message: 'only the modes octet and netascii are served' };
  }
  if (Buffer.byteLength(request.name) > LONGEST_NAME_BYTES) {
    return {
      code: TftpErrorCode.ACCESS_VIOLATION,
      message: `the file name is longer than ${LONGEST_NAME_BYTES} bytes`,
    };
  }
  if (/\p{Cc}/u.test(request.name)) {
    return { code: TftpErrorCode.ACCESS_VIOLATION, message: 'the file name has control characters' };
  }
  return undefined;
}

import { Rcode } from '../../codecs/dns/wire-format.ts';

/** Plain counters since the start. */
export interface DnsTally {
  udpQuestions: number;
  tcpQuestions: number;
  /** Answers by what they say. */
  noError: number;
  noSuchName: number;
  serverFailure: number;
  refused: number;
  otherErrors: number;
  /** Of these, from the cache of our own answers. */
  fromCache: number;
  truncated: number;
  malformed: number;
  /** Held back, as they may go to someone whose address was forged. */
  limited: number;
  /** Answers that nobody asked for, half headers. */
  ignored: number;
  /** From an upstream, and no answer to what it was asked: forged, or too late. */
  foreign: number;
}

export function newTally(): DnsTally {
  return {
    udpQuestions: 0,
    tcpQuestions: 0,
    noError: 0,
    noSuchName: 0,
    serverFailure: 0,
    refused: 0,
    otherErrors: 0,
    fromCache: 0,
    truncated: 0,
    malformed: 0,
    limited: 0,
    ignored: 0,
    foreign: 0,
  };
}

/** Counts an answer by its header. */
export function countAnswer(tally: DnsTally, bytes: Uint8Array): void {
  if ((bytes[2]! & 0x02) !== 0) tally.truncated += 1;
  switch (bytes[3]! & 0x0f) {
    case Rcode.NOERROR:
      tally.noError += 1;
      break;
    case Rcode.NXDOMAIN:
      tally.noSuchName += 1;
      break;
    case Rcode.SERVFAIL:
      tally.serverFailure += 1;
      break;
    case Rcode.REFUSED:
      tally.refused += 1;
      break;
    default:
      tally.otherErrors += 1;
  }
}

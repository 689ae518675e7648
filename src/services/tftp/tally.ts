/** Plain counters since the start. Those of ended transfers are named after TransferOutcome. */
export interface TftpTally {
  started: number;
  done: number;
  unconfirmed: number;
  probe: number;
  aborted: number;
  stalled: number;
  failed: number;
  cancelled: number;
  notFound: number;
  refused: number;
  busy: number;
  /** Turned away for what the client itself has running. */
  clientBusy: number;
  malformed: number;
  /** On the request port, where only requests belong. */
  unexpected: number;
  bytes: number;
  retransmits: number;
}

export function newTally(): TftpTally {
  return {
    started: 0,
    done: 0,
    unconfirmed: 0,
    probe: 0,
    aborted: 0,
    stalled: 0,
    failed: 0,
    cancelled: 0,
    notFound: 0,
    refused: 0,
    busy: 0,
    clientBusy: 0,
    malformed: 0,
    unexpected: 0,
    bytes: 0,
    retransmits: 0,
  };
}

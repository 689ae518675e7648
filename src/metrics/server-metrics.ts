import { counter, each, gauge, label, type Metric, named, one } from './metric.ts';

/** TFTP, HTTP boot, DNS and syslog. */
export const SERVER_METRICS: readonly Metric[] = [
  counter(
    'tftp_transfers',
    'TFTP transfers by how they ended.',
    ({ tftp }) =>
      each(
        'outcome',
        named(tftp(), {
          done: 'done',
          unconfirmed: 'unconfirmed',
          probe: 'probe',
          aborted: 'aborted',
          stalled: 'stalled',
          failed: 'failed',
          cancelled: 'cancelled',
        }),
      ),
    label(
      'outcome',
      '`done`, `unconfirmed` (no last ACK), `probe` (size alone), `aborted`, `stalled`, `failed`, `cancelled`',
    ),
  ),
  counter(
    'tftp_refused',
    'TFTP requests that no transfer came of.',
    ({ tftp }) =>
      each(
        'reason',
        named(tftp(), {
          'not-found': 'notFound',
          refused: 'refused',
          busy: 'busy',
          'client-busy': 'clientBusy',
          malformed: 'malformed',
          unexpected: 'unexpected',
        }),
      ),
    label('reason', '`not-found`, `refused`, `busy`, `client-busy`, `malformed`, `unexpected`'),
  ),
  counter('tftp_sent_bytes', 'Bytes of files that were sent by TFTP.', ({ tftp }) => one(tftp().bytes)),
  counter('tftp_retransmits', 'TFTP packets that were sent again.', ({ tftp }) => one(tftp().retransmits)),
  gauge('tftp_running_transfers', 'TFTP transfers under way.', ({ tftp }) => one(tftp().running)),
  counter('http_requests', 'HTTP requests of machines that boot.', ({ http }) => one(http().httpRequests)),
  counter(
    'http_answers',
    'HTTP answers of note.',
    ({ http }) =>
      each(
        'kind',
        named(http(), {
          script: 'httpScripts',
          download: 'httpDownloads',
          'answer-file': 'httpAnswerFiles',
          callback: 'httpCallbacks',
        }),
      ),
    label('kind', '`script`, `download`, `answer-file`, `callback`'),
  ),
  counter(
    'http_refused',
    'HTTP requests and connections that were not served.',
    ({ http }) =>
      each(
        'reason',
        named(http(), {
          refused: 'httpRefused',
          failed: 'httpFailed',
          malformed: 'httpMalformed',
          'too-many-connections': 'httpTurnedAway',
          'install-refused': 'httpInstallRefused',
          'download-broken-off': 'httpDownloadsEnded',
        }),
      ),
    label(
      'reason',
      '`refused`, `failed`, `malformed`, `too-many-connections`, `install-refused`, `download-broken-off`',
    ),
  ),
  counter('http_sent_bytes', 'Bytes of files that were sent by HTTP.', ({ http }) => one(http().httpSentBytes)),
  gauge('http_connections', 'HTTP connections that are open.', ({ http }) => one(http().httpConnections)),
  counter(
    'dns_questions',
    'DNS questions.',
    ({ dns }) => each('transport', named(dns(), { udp: 'udpQuestions', tcp: 'tcpQuestions' })),
    label('transport', '`udp`, `tcp`'),
  ),
  counter(
    'dns_answers',
    'DNS answers by their code.',
    ({ dns }) =>
      each(
        'code',
        named(dns(), {
          noerror: 'noError',
          nxdomain: 'noSuchName',
          servfail: 'serverFailure',
          refused: 'refused',
          other: 'otherErrors',
        }),
      ),
    label('code', '`noerror`, `nxdomain`, `servfail`, `refused`, `other`'),
  ),
  counter('dns_limited', 'DNS answers that were held back, as they may go to a forged address.', ({ dns }) =>
    one(dns().limited),
  ),
];

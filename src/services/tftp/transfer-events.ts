import type { BootEvent, EventSubject } from '../../domain/events.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { Endpoint } from '../../domain/ports.ts';
import type { Negotiated } from './negotiate.ts';
import type { TransferFigures, TransferOutcome } from './transfer.ts';

/** Whose transfer it is, and of what. */
export interface TransferSubject {
  readonly peer: Endpoint;
  readonly peerAddress: Ipv4;
  readonly serverAddress: Ipv4;
  readonly interfaceName: string;
  readonly file: string;
  readonly negotiated: Negotiated;
}

export function startEvent(subject: TransferSubject, sizeBytes: number | undefined): BootEvent {
  return {
    type: 'tftp.start',
    level: 'debug',
    subject: eventSubject(subject),
    throttle: `${subject.peer.address} ${subject.file}`,
    text: `${subject.peer.address} fetches ${subject.file}`,
    data: { ...optionsData(subject), ...(sizeBytes === undefined ? {} : { sizeBytes }) },
  };
}

/** Undefined for an end that nobody has to know of. */
export function endEvent(
  subject: TransferSubject,
  outcome: TransferOutcome,
  figures: TransferFigures,
): BootEvent | undefined {
  const base = { subject: eventSubject(subject), data: { ...optionsData(subject), ...figuresData(figures) } };
  const { file } = subject;
  const { address } = subject.peer;
  const throttle = `${address} ${file}`;
  switch (outcome.end) {
    case 'done':
      return { type: 'tftp.done', level: 'info', ...base, throttle, text: `${address} got ${file}: ${rate(figures)}` };
    case 'unconfirmed':
      return {
        type: 'tftp.unconfirmed',
        level: 'info',
        ...base,
        throttle,
        text: `all of ${file} was sent to ${address}, which never acknowledged the end of it: it may have started it at once`,
      };
    case 'probe':
      return {
        type: 'tftp.probe',
        level: 'debug',
        ...base,
        throttle,
        text: `${address} asked for the size of ${file}`,
      };
    case 'aborted':
      return {
        type: 'tftp.aborted',
        level: 'warn',
        ...base,
        throttle: address,
        text: `${address} gave up on ${file} after ${figures.bytes} bytes: ${said(outcome.code, outcome.message)}`,
      };
    case 'stalled':
      return stalledEvent(subject, outcome, base);
    case 'failed':
      return {
        type: 'tftp.failed',
        level: 'error',
        ...base,
        throttle: file,
        text: `${file} could not be sent to ${address}: ${outcome.error.message}`,
        mend: 'look at the file and at the disk or file server that it is on',
      };
    case 'cancelled':
      return undefined;
  }
}

function stalledEvent(
  subject: TransferSubject,
  outcome: Extract<TransferOutcome, { end: 'stalled' }>,
  base: Pick<BootEvent, 'subject' | 'data'>,
): BootEvent {
  const { file } = subject;
  const { address } = subject.peer;
  const server = formatIpv4(subject.serverAddress);
  const seconds = Math.round(outcome.silentMs / 1000);
  const kernel = outcome.sendError === undefined ? '' : `; the last send ended with "${outcome.sendError.message}"`;
  return {
    type: 'tftp.stalled',
    level: 'warn',
    ...base,
    throttle: address,
    ...(outcome.heardOf
      ? {
          text: `${address} fell silent for ${seconds} s in the middle of ${file}${kernel}`,
          mend: `look at the machine (power, console) and for lost packets on the way (ip -s link show ${subject.interfaceName})`,
        }
      : {
          text: `${address} asked for ${file} and never acknowledged the answer${kernel}`,
          mend: `let UDP pass between ${address} and all ports of ${server}: TFTP answers from a port of its own, not from 69. If it does pass, the machine's boot ROM is at fault: use HTTP boot or iPXE`,
        }),
  };
}

function eventSubject(subject: TransferSubject): EventSubject {
  return { address: subject.peerAddress, interfaceName: subject.interfaceName };
}

function optionsData(subject: TransferSubject) {
  const { blockBytes, windowBlocks, timeoutMs } = subject.negotiated;
  return { file: subject.file, blockBytes, windowBlocks, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function figuresData(figures: TransferFigures) {
  const { bytes, durationMs, retransmits, roundTripMs } = figures;
  return {
    bytes,
    seconds: round(durationMs / 1000),
    retransmits,
    megabytesPerSecond: round(megabytesPerSecond(figures)),
    ...(roundTripMs === undefined ? {} : { roundTripMs: round(roundTripMs) }),
  };
}

function rate(figures: TransferFigures): string {
  const again = figures.retransmits === 0 ? '' : `, ${figures.retransmits} packets sent again`;
  const seconds = (figures.durationMs / 1000).toFixed(2);
  return `${figures.bytes} bytes in ${seconds} s, ${megabytesPerSecond(figures).toFixed(1)} MB/s${again}`;
}

function megabytesPerSecond(figures: TransferFigures): number {
  return figures.durationMs <= 0 ? 0 : figures.bytes / figures.durationMs / 1000;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** What a client wrote into its ERROR is a stranger's text. */
function said(code: number, message: string): string {
  const text = printable(message).slice(0, 80);
  return text === '' ? `error ${code}` : `error ${code}, "${text}"`;
}

/** Control characters could move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

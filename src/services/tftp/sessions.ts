import { encodeError } from '../../codecs/tftp/encode.ts';
import { TftpErrorCode, type TftpRequest } from '../../codecs/tftp/packet.ts';
import { ClientCounts } from '../../domain/client-counts.ts';
import { AccessDenied, NotFound, PodbootError } from '../../domain/errors.ts';
import { parseIpv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint, EventSink, FileSource, Network } from '../../domain/ports.ts';
import type { TftpSettings } from '../../domain/settings.ts';
import { type BlockSource, OctetSource } from './block-source.ts';
import { DataSockets } from './data-sockets.ts';
import type { Listener } from './listeners.ts';
import { negotiate, type TftpLimits } from './negotiate.ts';
import { NetasciiSource } from './netascii-source.ts';
import type { TftpTally } from './tally.ts';
import { Transfer, type TransferOutcome } from './transfer.ts';
import { endEvent, printable, startEvent, type TransferSubject } from './transfer-events.ts';
import { WindowWriter } from './window-writer.ts';

export interface SessionParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly files: FileSource;
  readonly events: EventSink;
  readonly tally: TftpTally;
}

/** One client's request, from its RRQ to the end of its transfer. */
interface Session {
  /** The client's address. */
  readonly client: string;
  /** What was asked for: a copy of the request is none of a new one. */
  readonly asked: string;
  /** Undefined while file and socket are being opened. */
  transfer: Transfer | undefined;
  /** Set while they are being opened: do not begin. */
  dropped: boolean;
}

/** `busy`: as many as there may be are running; `client-busy`: as many as this client may have. */
export type Beginning = 'begun' | 'busy' | 'client-busy';

/** A copy of an RRQ that the network made comes at once; a machine that was reset needs longer to ask again. */
const RESET_SILENCE_MS = 3_000;

/** All transfers that run, one for each client endpoint. */
export class SessionTable {
  readonly #parts: SessionParts;
  readonly #writer = new WindowWriter();
  readonly #sockets: DataSockets;
  readonly #sessions = new Map<string, Session>();
  readonly #ofClients = new ClientCounts();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#sockets = new DataSockets(parts.network, parts.clock);
  }

  get size(): number {
    return this.#sessions.size;
  }

  begin(listener: Listener, request: TftpRequest, peer: Endpoint, limits: TftpSettings): Beginning {
    const key = `${listener.interfaceName} ${peer.address}:${peer.port}`;
    const asked = [request.mode, request.name, ...[...request.options].flat()].join('\0');
    const running = this.#sessions.get(key);
    if (running !== undefined) {
      if (!this.#isNew(running, asked)) {
        running.transfer?.askedAgain();
        return 'begun';
      }
      // Silently: an ERROR would end the new request at the client.
      this.#drop(key, running);
    }
    const client = peer.address;
    if (this.#ofClients.of(client) >= limits.maxTransfersPerClient) return 'client-busy';
    if (this.#sessions.size >= limits.maxTransfers) return 'busy';
    const session: Session = { client, asked, transfer: undefined, dropped: false };
    this.#sessions.set(key, session);
    this.#ofClients.add(client);
    void this.#run(key, session, listener, request, peer, limits);
    return 'begun';
  }

  /** The interface came, went or changed: transfers that begin from now on get new sockets. */
  interfaceChanged(name: string): void {
    this.#sockets.retire(name);
  }

  /** Ends all, telling the clients. */
  cancelAll(message: string): void {
    for (const [key, session] of this.#sessions) this.#drop(key, session, message);
  }

  #isNew(running: Session, asked: string): boolean {
    if (running.asked !== asked) return true;
    const { transfer } = running;
    if (transfer === undefined || !transfer.heardOf) return false;
    return this.#parts.clock.monotonic() - transfer.heardAt >= RESET_SILENCE_MS;
  }

  #drop(key: string, session: Session, message?: string): void {
    session.dropped = true;
    session.transfer?.cancel(message);
    this.#forget(key, session);
  }

  #forget(key: string, session: Session): void {
    if (this.#sessions.get(key) !== session) return;
    this.#sessions.delete(key);
    this.#ofClients.remove(session.client);
  }

  async #run(
    key: string,
    session: Session,
    listener: Listener,
    request: TftpRequest,
    peer: Endpoint,
    limits: TftpLimits,
  ): Promise<void> {
    let source: BlockSource | undefined;
    try {
      const peerAddress = parseIpv4(peer.address) ?? 0;
      const file = await this.#parts.files.open(request.name, peerAddress, listener.address);
      source = request.mode === 'netascii' ? new NetasciiSource(file) : new OctetSource(file);
      const negotiated = negotiate(request.options, source.sizeBytes, limits);
      const { interfaceName, address: serverAddress } = listener;
      const subject = { peer, peerAddress, serverAddress, interfaceName, file: printable(file.name), negotiated };
      await this.#transfer(key, session, subject, source, file.sizeBytes);
    } catch (error) {
      source?.close();
      this.#forget(key, session);
      if (!session.dropped) this.#refuse(listener, request, peer, error);
    }
  }

  async #transfer(
    key: string,
    session: Session,
    subject: TransferSubject,
    source: BlockSource,
    sizeBytes: number,
  ): Promise<void> {
    const { clock, events, tally } = this.#parts;
    const { peer, negotiated } = subject;
    const socket = await this.#sockets.open(subject, peer, negotiated);
    if (session.dropped) {
      socket.close();
      source.close();
      return;
    }
    tally.started += 1;
    if (events.wantsDebug) events.emit(startEvent(subject, sizeBytes));
    session.transfer = new Transfer({
      socket,
      peer,
      source,
      negotiated,
      clock,
      writer: this.#writer,
      onEnd: (outcome, figures) => {
        this.#forget(key, session);
        tally.bytes += figures.bytes;
        tally.retransmits += figures.retransmits;
        this.#count(outcome);
        const event = endEvent(subject, outcome, figures);
        if (event !== undefined && (event.level !== 'debug' || events.wantsDebug)) events.emit(event);
      },
    });
    session.transfer.start();
  }

  #count(outcome: TransferOutcome): void {
    const { tally } = this.#parts;
    tally[outcome.end] += 1;
  }

  #refuse(listener: Listener, request: TftpRequest, peer: Endpoint, error: unknown): void {
    const { events, tally } = this.#parts;
    const name = printable(request.name).slice(0, 120);
    const subject = { address: parseIpv4(peer.address) ?? 0, interfaceName: listener.interfaceName };
    const reply = (code: number, message: string) => listener.socket.send(encodeError(code, message), peer);
    const throttle = peer.address;
    if (error instanceof NotFound) {
      tally.notFound += 1;
      reply(TftpErrorCode.FILE_NOT_FOUND, 'file not found');
      const text = `${peer.address} asked for ${name}, which is not there`;
      events.emit({ type: 'tftp.not-found', level: 'info', subject, throttle, text });
    } else if (error instanceof AccessDenied) {
      tally.refused += 1;
      reply(TftpErrorCode.ACCESS_VIOLATION, 'access denied');
      const text = `${peer.address} asked for ${name} and was refused: ${error.message}`;
      events.emit({ type: 'tftp.refused', level: 'warn', subject, throttle, text });
    } else {
      tally.failed += 1;
      reply(TftpErrorCode.NOT_DEFINED, 'the server could not open the file');
      const text = `${name} could not be sent to ${peer.address}: ${error instanceof Error ? error.message : String(error)}`;
      const mend = error instanceof PodbootError ? error.mend : undefined;
      const event = { type: 'tftp.failed', level: 'error', subject, throttle: 'open', text } as const;
      events.emit(mend === undefined ? event : { ...event, mend });
    }
  }
}

import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { decodeTftp } from '../../codecs/tftp/decode.ts';
import { encodeError } from '../../codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp, type TftpPacket, type TftpRequest } from '../../codecs/tftp/packet.ts';
import { HostRefused } from '../../domain/errors.ts';
import type { BootEvent } from '../../domain/events.ts';
import { parseIpv4 } from '../../domain/ipv4.ts';
import type { Clock, Endpoint, EventSink, FileSource, Network } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { type Listener, ListenerSet } from './listeners.ts';
import { refuseRequest } from './request-check.ts';
import { SessionTable } from './sessions.ts';
import { newTally } from './tally.ts';
import { printable } from './transfer-events.ts';

export interface TftpServiceParts {
  readonly settings: Settings;
  readonly network: Network;
  readonly clock: Clock;
  readonly files: FileSource;
  readonly events: EventSink;
}

export interface TftpService {
  /** @throws HostRefused when one of its sockets can't be opened; then none is. */
  start(): Promise<void>;
  /** @throws HostRefused; then the settings from before are in force. Running transfers go on. */
  reload(settings: Settings): Promise<void>;
  stop(): Promise<void>;
  /** The interface came, went or changed: its socket is opened anew. One that is not there is an event. */
  interfaceChanged(name: string): Promise<void>;
  statistics(): Record<string, number>;
}

/** TFTP, read only (RFC 1350, 2347, 2348, 2349, 7440), on each interface with `tftp: true`. */
export function createTftpService(parts: TftpServiceParts): TftpService {
  return new Tftp(parts);
}

class Tftp implements TftpService {
  readonly #events: EventSink;
  readonly #tally = newTally();
  readonly #sessions: SessionTable;
  readonly #listeners: ListenerSet;
  #settings: Settings;
  /** One change of the listeners at a time. */
  #changes: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: TftpServiceParts) {
    this.#events = parts.events;
    this.#settings = parts.settings;
    this.#sessions = new SessionTable({ ...parts, tally: this.#tally });
    this.#listeners = new ListenerSet(parts.network, {
      onDatagram: (listener, data, from) => this.#receive(listener, data, from),
      onError: (listener, error) => this.#socketFailed(listener, error),
    });
  }

  start(): Promise<void> {
    return this.#change(() => this.#listeners.replace(this.#settings));
  }

  reload(settings: Settings): Promise<void> {
    return this.#change(async () => {
      await this.#listeners.replace(settings);
      this.#settings = settings;
    });
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#sessions.cancelAll('the server is stopping');
    return this.#change(async () => this.#listeners.close(), true);
  }

  interfaceChanged(name: string): Promise<void> {
    return this.#change(async () => {
      this.#sessions.interfaceChanged(name);
      try {
        await this.#listeners.reopen(name);
      } catch (error) {
        if (!(error instanceof HostRefused)) throw error;
        this.#events.emit({
          type: 'tftp.interface-lost',
          level: 'warn',
          subject: { interfaceName: name },
          text: `no TFTP on ${name} at the moment: ${error.message}`,
          ...(error.mend === undefined ? {} : { mend: error.mend }),
        });
      }
    });
  }

  statistics(): Record<string, number> {
    return { ...this.#tally, running: this.#sessions.size, listening: this.#listeners.size };
  }

  #change(step: () => Promise<void>, last = false): Promise<void> {
    const done = this.#changes.then(async () => {
      if (!this.#stopped || last) await step();
    });
    this.#changes = done.catch(() => {});
    return done;
  }

  #receive(listener: Listener, data: Uint8Array, from: Endpoint): void {
    // Nobody can be answered at port 0.
    if (this.#stopped || from.port === 0) return;
    const packet = this.#decode(listener, data, from);
    if (packet === undefined) return;
    if (packet.op === TftpOp.RRQ || packet.op === TftpOp.WRQ) this.#request(listener, packet, from);
    else this.#tally.unexpected += 1;
  }

  #decode(listener: Listener, data: Uint8Array, from: Endpoint): TftpPacket | undefined {
    try {
      return decodeTftp(data);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#tally.malformed += 1;
      const text = `malformed packet from ${from.address}: ${error.message}`;
      this.#tell(listener, from, { type: 'tftp.malformed', level: 'warn', text, throttle: from.address });
      return undefined;
    }
  }

  #request(listener: Listener, request: TftpRequest, from: Endpoint): void {
    const refusal = refuseRequest(request);
    if (refusal !== undefined) {
      this.#tally.refused += 1;
      listener.socket.send(encodeError(refusal.code, refusal.message), from);
      const verb = request.op === TftpOp.WRQ ? 'write' : 'read';
      const name = printable(request.name).slice(0, 120);
      const text = `${from.address} wanted to ${verb} ${name} and was refused: ${refusal.message}`;
      this.#tell(listener, from, { type: 'tftp.refused', level: 'warn', text, throttle: from.address });
      return;
    }
    const beginning = this.#sessions.begin(listener, request, from, this.#settings.tftp);
    if (beginning === 'busy') this.#turnAway(listener, from);
    else if (beginning === 'client-busy') this.#turnClientAway(listener, from);
  }

  #turnAway(listener: Listener, from: Endpoint): void {
    const { maxTransfers } = this.#settings.tftp;
    this.#tally.busy += 1;
    listener.socket.send(encodeError(TftpErrorCode.NOT_DEFINED, 'too many transfers at the moment'), from);
    this.#tell(listener, from, {
      type: 'tftp.busy',
      level: 'warn',
      text: `${from.address} was turned away: ${maxTransfers} transfers are running`,
      mend: 'power on fewer machines at once, or raise tftp.maxTransfers',
      throttle: 'busy',
    });
  }

  #turnClientAway(listener: Listener, from: Endpoint): void {
    const { maxTransfersPerClient } = this.#settings.tftp;
    this.#tally.clientBusy += 1;
    listener.socket.send(encodeError(TftpErrorCode.NOT_DEFINED, 'too many transfers of yours at the moment'), from);
    this.#tell(listener, from, {
      type: 'tftp.client-busy',
      level: 'warn',
      text: `${from.address} was turned away: ${maxTransfersPerClient} transfers of its own are running`,
      mend: 'look what asks there for so many files at once; if many machines share the address (NAT), raise tftp.maxTransfersPerClient',
      throttle: from.address,
    });
  }

  #socketFailed(listener: Listener, error: Error): void {
    this.#events.emit({
      type: 'tftp.socket-error',
      level: 'warn',
      subject: { interfaceName: listener.interfaceName },
      text: `the TFTP socket of ${listener.interfaceName} reports: ${error.message}`,
      throttle: listener.interfaceName,
    });
  }

  #tell(listener: Listener, from: Endpoint, event: Omit<BootEvent, 'subject'>): void {
    const { interfaceName } = listener;
    this.#events.emit({ ...event, subject: { address: parseIpv4(from.address) ?? 0, interfaceName } });
  }
}

import { nameText } from '../../codecs/dns/name.ts';
import { readQuery } from '../../codecs/dns/query.ts';
import { HEADER_BYTES, typeName } from '../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { latin1 } from '../../codecs/text.ts';
import type { Ipv4Subnet } from '../../domain/ipv4.ts';
import type { DatagramSocket, Endpoint } from '../../domain/ports.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { ClientTable, KnownClient } from './client-table.ts';
import type { DnsEvents } from './dns-events.ts';
import { countAnswer, type DnsTally } from './dns-tally.ts';
import type { Place } from './listeners.ts';
import { type Responder, type Response, truncated } from './responder.ts';
import type { ResponseRate } from './response-rate.ts';

/** A longer question has options, and is not asked twice. */
const MAX_KEY_BYTES = 300;

export interface DatagramParts {
  readonly tally: DnsTally;
  readonly events: DnsEvents;
  readonly clients: ClientTable;
  readonly cache: AnswerCache;
  readonly rate: ResponseRate;
  readonly responder: Responder;
  readonly networksOf: (interfaceName: string) => readonly Ipv4Subnet[];
  /** Clears `cache` where something has changed. */
  readonly refresh: () => void;
}

/** What comes by UDP and goes out by UDP. The way of a known question is as short as it can be. */
export class DatagramAnswers {
  readonly #parts: DatagramParts;

  constructor(parts: DatagramParts) {
    this.#parts = parts;
  }

  receive(place: Place, socket: DatagramSocket, data: Uint8Array, from: Endpoint): void {
    const { tally, clients, cache, networksOf } = this.#parts;
    tally.udpQuestions += 1;
    const client = clients.client(place.interfaceName, from.address, networksOf);
    // Nobody can be answered at port 0, and nothing is asked without a header.
    if (client === undefined || from.port === 0 || data.length < HEADER_BYTES) {
      tally.ignored += 1;
      return;
    }
    this.#parts.refresh();
    if (clients.isFirstQuestion(client)) this.#tellFirst(place, client, data);
    const mayKeep = client.mayRecurse && data.length <= MAX_KEY_BYTES;
    const key = mayKeep ? latin1(data, 2) : '';
    const known = mayKeep ? cache.get(key) : undefined;
    if (known !== undefined) {
      tally.fromCache += 1;
      known[0] = data[0]!;
      known[1] = data[1]!;
      countAnswer(tally, known);
      socket.send(known, from);
      return;
    }
    const { address, mayRecurse } = client;
    const asked = { address, mayRecurse, transport: 'udp', via: place.address } as const;
    const response = this.#parts.responder.respond(data, asked);
    if (response instanceof Promise) {
      void response.then((late) => this.#send(client, socket, from, late));
      return;
    }
    if (mayKeep && response?.keepSeconds !== undefined) {
      const { keepSeconds } = response;
      // A copy: the id of the kept one changes with each question.
      cache.put(key, response.bytes.slice(), keepSeconds === Number.POSITIVE_INFINITY ? undefined : keepSeconds);
    }
    this.#send(client, socket, from, response);
  }

  #send(client: KnownClient, socket: DatagramSocket, from: Endpoint, response: Response | undefined): void {
    const { tally, rate, events } = this.#parts;
    if (response === undefined) {
      tally.ignored += 1;
      return;
    }
    let { bytes } = response;
    const verdict = client.mayRecurse ? 'send' : rate.judge(client.address);
    if (verdict !== 'send') {
      tally.limited += 1;
      events.limited(client.address);
      if (verdict === 'drop') return;
      bytes = truncated(bytes);
    }
    countAnswer(tally, bytes);
    socket.send(bytes, from);
  }

  #tellFirst(place: Place, client: KnownClient, data: Uint8Array): void {
    try {
      const { question } = readQuery(data);
      this.#parts.events.firstQuestion(
        client.address,
        place.interfaceName,
        nameText(question.name),
        typeName(question.type),
      );
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
    }
  }
}

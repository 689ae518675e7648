import { createHash } from 'node:crypto';
import { BootOp, type DhcpMessage, MessageType } from '../../src/codecs/dhcp/message.ts';
import { parseMac } from '../../src/domain/mac.ts';
import type { DhcpTransport } from '../../src/rehearsal/dhcp-client.ts';
import type { MachineIdentity } from '../../src/rehearsal/dhcp-dialect.ts';
import type { FetchedFile } from '../../src/rehearsal/fetched-file.ts';

export const IDENTITY: MachineIdentity = {
  mac: parseMac('52:54:00:77:00:01') ?? fail(),
  uuid: '77000000-0000-4000-8000-000000000001',
};

function fail(): never {
  throw new Error('no MAC address');
}

export const SERVER = 0x0a4d0001;

export function fileOf(name: string, content: string | Uint8Array): FetchedFile {
  const head = typeof content === 'string' ? Buffer.from(content) : content;
  return { name, head, sizeBytes: head.length, sha256: createHash('sha256').update(head).digest('hex') };
}

export interface Answer {
  readonly address: number;
  readonly bootFile?: string;
  readonly vendorClass?: string;
  readonly nextServer?: number;
  readonly server?: number;
}

export function replyTo(message: DhcpMessage, type: number, answer: Answer): DhcpMessage {
  const options = new Map<number, Uint8Array>([
    [53, Uint8Array.of(type)],
    [54, ipv4Bytes(answer.server ?? SERVER)],
    [51, ipv4Bytes(3600)],
  ]);
  if (answer.bootFile !== undefined) options.set(67, Buffer.from(`${answer.bootFile}\0`));
  if (answer.vendorClass !== undefined) options.set(60, Buffer.from(answer.vendorClass));
  return { ...message, op: BootOp.BOOTREPLY, yiaddr: answer.address, siaddr: answer.nextServer ?? 0, options };
}

export function typeOf(message: DhcpMessage): number {
  return message.options.get(53)?.[0] ?? 0;
}

export function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

/** A link with one server on it, which a test scripts. Replies come in a later microtask. */
export class ScriptedLink implements DhcpTransport {
  readonly sent: DhcpMessage[] = [];
  readonly #listeners = new Map<number, (message: DhcpMessage) => void>();
  answer: (message: DhcpMessage) => readonly DhcpMessage[] = () => [];

  send(message: DhcpMessage): void {
    this.sent.push(message);
    for (const reply of this.answer(message)) queueMicrotask(() => this.deliver(reply));
  }

  deliver(reply: DhcpMessage): void {
    this.#listeners.get(reply.xid)?.(reply);
  }

  attach(xid: number, listener: (message: DhcpMessage) => void): void {
    this.#listeners.set(xid, listener);
  }

  detach(xid: number): void {
    this.#listeners.delete(xid);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** A server that gives each client what `choose` says, by OFFER and ACK. */
export function honestServer(choose: (message: DhcpMessage) => Answer): ScriptedLink['answer'] {
  return (message) => {
    const reply = typeOf(message) === MessageType.DISCOVER ? MessageType.OFFER : MessageType.ACK;
    return [replyTo(message, reply, choose(message))];
  };
}

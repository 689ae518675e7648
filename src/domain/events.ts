import type { Ipv4 } from './ipv4.ts';
import type { InterfaceKey } from './lease.ts';
import type { NodeId } from './node.ts';

/** Whom an event is about, as far as it is known. */
export interface EventSubject {
  readonly nodeId?: NodeId;
  readonly nodeName?: string;
  readonly key?: InterfaceKey;
  readonly address?: Ipv4;
  /** Of a datagram or a connection that no node could be found for. */
  readonly interfaceName?: string;
}

export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * One step of a boot, or something that the operator has to know. `type` is stable: `dhcp.offer`, `tftp.done`,
 * `http.script`, `dhcp.pool-full`. `text` is one sentence for people. `data` holds plain figures with units in their names.
 * Never holds a secret.
 */
export interface BootEvent {
  readonly type: string;
  readonly level: EventLevel;
  readonly subject: EventSubject;
  readonly text: string;
  readonly mend?: string;
  /**
   * Events of one type and one `throttle` key are told at most once a second; the next one says how many were held back.
   * For whatever a stranger can cause at will: malformed packets, refused names.
   */
  readonly throttle?: string;
  readonly data?: Readonly<Record<string, string | number | boolean>>;
}

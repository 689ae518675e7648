import type { Logger } from 'pino';
import type { BootEvent, EventSubject } from '../domain/events.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Clock, EventSink } from '../domain/ports.ts';
import { createThrottle } from './throttle.ts';

/**
 * Events as lines of the log that a person can follow: who it is about, then what happened; the mend stands in its field and,
 * on a terminal, behind an arrow. A program finds the same in the line's fields: `type`, `node`, `key`, `address`, `interface`, `mend`, and the event's figures.
 */
export function createEventLog(
  logger: Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'isLevelEnabled'>,
  clock: Clock,
): EventSink {
  const throttle = createThrottle(clock);
  return {
    get wantsDebug() {
      return logger.isLevelEnabled('debug');
    },
    emit(event) {
      if (!logger.isLevelEnabled(event.level)) return;
      for (const { event: late, heldBack, ageMs } of throttle.late()) {
        logger[late.level]({ ...fieldsOf(late, heldBack), ageMs: Math.round(ageMs) }, lineOf(late, heldBack, ageMs));
      }
      const verdict = throttle.judge(event);
      if (verdict.tell) logger[event.level](fieldsOf(event, verdict.heldBack), lineOf(event, verdict.heldBack));
    },
  };
}

/** `dgx01 52:54:00:77:00:01 10.77.0.100  DHCP offer: iPXE (snponly.efi)`. */
export function lineOf(event: BootEvent, heldBack = 0, ageMs = 0): string {
  const who = inWords(event.subject, event.text);
  const notes = [
    ...(ageMs === 0 ? [] : [`${Math.round(ageMs / 1_000)} s ago`]),
    ...(heldBack === 0 ? [] : [`and ${heldBack} more like it that were not told`]),
  ];
  const more = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  return plain(`${who === '' ? '' : `${who}  `}${event.text}${more}`);
}

/** A text that names the node or its addresses already needs no second time. */
function inWords(subject: EventSubject, text: string): string {
  const { nodeName, key, address, interfaceName } = subject;
  const words = [nodeName, key?.replace(/^mac:/, ''), address === undefined ? undefined : formatIpv4(address)];
  const known = words.filter((word): word is string => word !== undefined);
  const named = known.length > 0 || interfaceName === undefined ? known : [interfaceName];
  return named.filter((word) => !text.includes(word)).join(' ');
}

function fieldsOf(event: BootEvent, heldBack: number): Record<string, unknown> {
  const { nodeId, nodeName, key, address, interfaceName } = event.subject;
  return {
    ...event.data,
    type: event.type,
    ...(nodeName === undefined ? {} : { node: nodeName }),
    ...(nodeId === undefined ? {} : { nodeId }),
    ...(key === undefined ? {} : { key }),
    ...(address === undefined ? {} : { address: formatIpv4(address) }),
    ...(interfaceName === undefined ? {} : { interface: interfaceName }),
    ...(event.mend === undefined ? {} : { mend: event.mend }),
    ...(heldBack === 0 ? {} : { heldBack }),
  };
}

/** A file name in a TFTP request may hold an escape sequence: a terminal must not obey it, a log must not get a second line. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '�');
}

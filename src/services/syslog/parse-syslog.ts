import { installerWords } from '../../domain/installer-words.ts';

/** One message, as far as it says. */
export interface SyslogMessage {
  /** 0 emergency to 7 debug (RFC 5424 section 6.2.1); absent where there is no PRI. */
  readonly severity?: number;
  /** Program or tag: `debootstrap`, `anaconda`. */
  readonly program?: string;
  readonly text: string;
}

const PRI = /^<([0-9]{1,3})>/;
/** RFC 5424 section 6: VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA [SP MSG]. */
const RFC_5424 = /^1 (\S+) (\S+) (\S+) (\S+) (\S+) /;
/** RFC 3164 section 4.1.2: `Nov 24 11:02:03`; busybox's syslogd sends no host name behind it. */
const RFC_3164_TIME = /^[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} /;
/** `partman[123]: `, or `partman: `. */
const TAG = /^([A-Za-z0-9_./-]{1,48})(?:\[[0-9]{1,10}\])?: ?/;
const HOST = /^[A-Za-z0-9_.:-]{1,255} (?=[A-Za-z0-9_./-]{1,48}(?:\[[0-9]{1,10}\])?:)/;

/** RFC 5424, RFC 3164, and whatever installers send instead: every text is a message. */
export function parseSyslog(raw: string): SyslogMessage {
  const line = raw.replace(/^\uFEFF/, '');
  const priority = PRI.exec(line);
  const value = Number(priority?.[1]);
  // 23 facilities of 8 severities each.
  const severity = priority !== null && value <= 191 ? { severity: value & 7 } : {};
  const rest = line.slice(priority?.[0].length ?? 0);
  const modern = RFC_5424.exec(rest);
  if (modern !== null) {
    const [head, , , program] = modern;
    const text = afterStructuredData(rest.slice(head.length));
    return {
      ...severity,
      ...(program === undefined || program === '-' ? {} : { program }),
      text: installerWords(text),
    };
  }
  const time = RFC_3164_TIME.exec(rest);
  let body = rest.slice(time?.[0].length ?? 0);
  if (time !== null) body = body.slice(HOST.exec(body)?.[0].length ?? 0);
  const tag = TAG.exec(body);
  const text = installerWords(tag === null ? body : body.slice(tag[0].length));
  return { ...severity, ...(tag?.[1] === undefined ? {} : { program: tag[1] }), text };
}

/** `-` or elements in brackets, in which a backslash escapes (RFC 5424 section 6.3.3). */
function afterStructuredData(text: string): string {
  if (!text.startsWith('[')) return text.replace(/^- ?/, '');
  let at = 0;
  while (text[at] === '[') {
    let isQuoted = false;
    for (at += 1; at < text.length; at += 1) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === '"') isQuoted = !isQuoted;
      else if (text[at] === ']' && !isQuoted) break;
    }
    at += 1;
  }
  return text
    .slice(at)
    .replace(/^ /, '')
    .replace(/^\uFEFF/, '');
}

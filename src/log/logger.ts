import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import type { LogSettings } from '../domain/settings.ts';
import { LogOutput, openStandardOutput } from './log-output.ts';
import { CENSOR, SECRET_WORDS, withoutSecrets } from './without-secrets.ts';

/** Four megabytes are some 20,000 lines: minutes of a pod that boots, while the reader restarts. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
const FLUSH_TIMEOUT_MS = 500;

/**
 * The daemon's log. One JSON object a line, `level` as a word and `time` as ISO 8601; on a terminal (`format: auto`) or
 * with `format: pretty`, lines for people. A slow reader never holds up the daemon: see LogOutput.
 *
 * @param stream where the lines go, for tests; standard output unless told
 */
export function createLogger(settings: LogSettings, stream?: DestinationStream): Logger {
  // Not process.stdout: to look at it would open it, and make a pipe's other holders non-blocking.
  const onTerminal = stream === undefined && isatty(1);
  const forPeople = settings.format === 'pretty' || (settings.format === 'auto' && onTerminal);
  const destination = stream ?? standardOutput((count) => tellLost(logger, count));
  const logger: Logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
      // withoutSecrets has made an object of it already.
      serializers: { err: (error: unknown) => error },
      // For what a child logger is made with, which no formatter of ours sees.
      redact: { paths: [...SECRET_WORDS], censor: CENSOR },
    },
    forPeople ? prettyLines(destination, onTerminal) : destination,
  );
  return logger;
}

function standardOutput(onLost: (count: number) => void): LogOutput {
  const options = { maxWaitingBytes: MAX_WAITING_BYTES, flushTimeoutMs: FLUSH_TIMEOUT_MS, onLost };
  const output = new LogOutput(openStandardOutput(), options);
  process.on('exit', () => output.flushSync());
  return output;
}

function tellLost(logger: Logger, count: number): void {
  const mend = 'Look at what reads standard output (journald, a pipe, a terminal that was stopped with Ctrl-S).';
  logger.warn({ type: 'log.lost', count, mend }, `${count} lines of the log were lost: its reader is too slow`);
}

/** pino-pretty as a function of a line: its stream would hold lines back when the process ends. */
function prettyLines(destination: DestinationStream & Partial<LogOutput>, colorize: boolean): DestinationStream {
  // Loaded for those who look: 8 MB that a service has no use for.
  const pretty: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  const format = pretty.prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    include: 'time,level,err',
    messageFormat: (line, key) => {
      const mend = typeof line.mend === 'string' ? ` → ${line.mend}` : '';
      return `${String(line[key] ?? '')}${mend}`;
    },
  });
  return {
    write: (line: string) => destination.write(format(line)),
    // pino looks for these two: at a fatal error, and for whoever ends the process.
    ...(destination.flushSync === undefined ? {} : { flushSync: () => destination.flushSync?.() }),
    ...(destination.flush === undefined
      ? {}
      : { flush: (done?: (error?: Error) => void) => destination.flush?.(done) }),
  } as DestinationStream;
}

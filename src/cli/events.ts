import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { TimelineEntryView } from '../api/schemas/timeline.ts';
import { durationNotation } from '../config/notations.ts';
import { InvalidInput } from '../domain/errors.ts';
import { createApiClient, withApi } from './api-client.ts';
import { type ApiEnvironment, type ApiOptions, REAL_ENVIRONMENT } from './api-environment.ts';
import { eventLine } from './event-text.ts';
import { followEvents } from './follow-events.ts';

interface EventsOptions extends ApiOptions {
  readonly follow?: boolean;
  readonly node?: string;
  readonly type?: string;
  readonly level?: string;
  readonly since?: string;
}

const DEFAULT_SINCE = '1h';

/** `podboot events`: what happens to everybody, or to one machine. */
export function registerEvents(program: Command, { output, env }: ApiEnvironment = REAL_ENVIRONMENT): void {
  withApi(program.command('events').description('what happened to nodes, other machines and the daemon'))
    .option('-f, --follow', 'go on with what happens, until it is interrupted')
    .option('--node <node>', 'of one machine: name, id or MAC address, enrolled or not')
    .option('--type <type>', 'whose type begins so: dhcp., tftp.done')
    .option('--level <level>', 'info, warn or error, and what is above it')
    .option(
      '--since <time>',
      `what came since then: 10m, 2h, 7d ago, or a time as 2026-01-31T12:00:00Z (${DEFAULT_SINCE} unless told; with --follow, from now on)`,
    )
    .option('--json', 'print one JSON object a line')
    .action(async (options: EventsOptions) => {
      const query = queryOf(options, Date.now());
      const print = (event: TimelineEntryView) =>
        output.print(options.json === true ? JSON.stringify(event) : eventLine(event));
      if (options.follow === true) {
        await followEvents({
          path: `/events?${query}`,
          connect: () => createApiClient(options, env),
          onEvent: print,
          onBreak: (reason, waitMs) => output.tell(`${reason} Trying again in ${waitMs / 1_000} s.`),
          pause: async (ms) => void (await pause(ms)),
        });
        return;
      }
      const client = createApiClient(options, env);
      let count = 0;
      for await (const page of client.pages<TimelineEntryView>('/events', query)) {
        for (const event of page) print(event);
        count += page.length;
      }
      if (count === 0) output.tell(`nothing since ${query.get('since')}: look further back with --since 7d`);
    });
}

/** @throws InvalidInput */
export function queryOf(options: EventsOptions, now: number): URLSearchParams {
  const since = options.since ?? (options.follow === true ? undefined : DEFAULT_SINCE);
  return new URLSearchParams({
    ...(options.node === undefined ? {} : { node: options.node }),
    ...(options.type === undefined ? {} : { type: options.type }),
    ...(options.level === undefined ? {} : { level: options.level }),
    ...(since === undefined ? {} : { since: timeOf(since, now) }),
  });
}

function timeOf(text: string, now: number): string {
  const duration = durationNotation.parse(text.trim());
  if (duration !== undefined && 'value' in duration) return new Date(now - duration.value * 1_000).toISOString();
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new InvalidInput(`${text} is no time`, [], 'Write --since 10m, 2h or 7d, or 2026-01-31T12:00:00Z.');
}

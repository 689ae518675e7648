import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Static } from 'typebox';
import { Conflict, HostRefused, NotFound, type Problem } from '../../domain/errors.ts';
import type { LeaseState } from '../../domain/lease.ts';
import type { Clock, LeaseDirectory } from '../../domain/ports.ts';
import { ReloadView } from '../schemas/problem.ts';
import { type InterfaceStatus, StatusView } from '../schemas/status.ts';

/** What main.ts tells about the daemon. */
export interface DaemonStatus {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly interfaces: readonly Static<typeof InterfaceStatus>[];
  readonly nodes: number;
  readonly residentBytes: number;
  /** By service, then by counter. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface DaemonRouteOptions {
  readonly version: string;
  readonly clock: Clock;
  readonly leases: LeaseDirectory;
  readonly status: () => DaemonStatus;
  /** Reads the configuration again; resolves with its warnings. Rejects where the old one stays in force. */
  readonly reload: () => Promise<readonly Problem[]>;
}

const tags = ['daemon'];

/** Status and reload. */
export function daemonRoutes(options: DaemonRouteOptions): FastifyPluginAsyncTypebox {
  const bornMs = options.clock.monotonic();
  let reloading = false;

  return async (app) => {
    app.get(
      '/status',
      {
        schema: {
          tags,
          summary: 'Version, uptime, interfaces, and the counters of each service',
          response: { 200: StatusView },
        },
      },
      async () => {
        const status = options.status();
        return {
          ...status,
          version: options.version,
          startedAt: new Date(status.startedAt).toISOString(),
          // By the clock that does not jump.
          uptimeSeconds: Math.floor((options.clock.monotonic() - bornMs) / 1_000),
          interfaces: [...status.interfaces],
          leases: countByState(options.leases),
          counters: status.counters,
        };
      },
    );

    app.post(
      '/reload',
      { schema: { tags, summary: 'Read podboot.yaml again', response: { 200: ReloadView } } },
      async () => {
        if (reloading) throw new Conflict('A reload is under way.', [], 'Wait for its end, then ask again.');
        reloading = true;
        try {
          return { warnings: [...(await options.reload())] };
        } catch (error) {
          // The file is what is not found, not the route.
          if (error instanceof NotFound)
            throw new HostRefused(error.message, error.mend ?? 'Put the file back.', error);
          throw error;
        } finally {
          reloading = false;
        }
      },
    );
  };
}

function countByState(leases: LeaseDirectory): Record<LeaseState, number> {
  const counts = { bound: 0, released: 0, declined: 0 };
  for (const lease of leases.all()) counts[lease.state] += 1;
  return counts;
}

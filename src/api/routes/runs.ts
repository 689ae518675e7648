import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { NotFound } from '../../domain/errors.ts';
import type { RunRequest, RunStatus } from '../../domain/hand-off.ts';
import type { HandOffDesk } from '../../runners/hand-off/hand-off-desk.ts';
import type { RunLedger } from '../../runners/run-ledger.ts';
import type { RunLog } from '../../runners/run-log.ts';
import { planView, runView } from '../run-views.ts';
import { PageQuery, pageLimit, pageOf } from '../schemas/page.ts';
import { ByBody, LogPageView, LogQuery, ResumeRunBody, RunBody, RunPlanView, RunView } from '../schemas/run.ts';

/** What the routes of runs and of the hand-off ask. */
export interface RunRooms {
  readonly runs: RunLedger;
  readonly log: RunLog;
  readonly desk: HandOffDesk;
}

const tags = ['hand-off'];
const RunParams = Type.Object({ run: Type.String({ minLength: 1, maxLength: 64, description: 'Its id.' }) });

/** Runs of deployment runners: begin, watch, read, stop, go on. */
export function runRoutes({ runs, log }: RunRooms): FastifyPluginAsyncTypebox {
  const find = (id: string): RunStatus => {
    const run = runs.get(id);
    if (run === undefined) throw new NotFound(`There is no run ${id}.`, 'podboot runs list shows them.');
    return run;
  };
  return async (app) => {
    app.get(
      '/runs',
      {
        schema: {
          tags,
          summary: 'Runs, newest first; the latest 200 are kept',
          querystring: PageQuery,
          response: { 200: pageOf(RunView) },
        },
      },
      async (request) => {
        const { after } = request.query;
        const limit = pageLimit(request.query);
        const all = runs.all();
        const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
        const page = all.slice(from, from + limit);
        const last = page.at(-1);
        return {
          items: page.map(runView),
          ...(last !== undefined && all.length > from + limit ? { next: last.id } : {}),
        };
      },
    );

    app.get(
      '/runs/:run',
      { schema: { tags, summary: 'One run, with each of its nodes', params: RunParams, response: { 200: RunView } } },
      async (request) => runView(find(request.params.run)),
    );

    app.post(
      '/runs',
      { schema: { tags, summary: 'Begin a run', body: RunBody, response: { 202: RunView } } },
      async (request, reply) => {
        const run = await runs.start(requestOf(request.body));
        return reply.code(202).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
      },
    );

    app.post(
      '/run-plans',
      {
        schema: {
          tags,
          summary: 'What a run would do, and what stands against it; nothing is begun',
          body: RunBody,
          response: { 200: RunPlanView },
        },
      },
      async (request) => planView(await runs.plan(requestOf(request.body))),
    );

    app.get(
      '/runs/:run/log',
      {
        schema: {
          tags,
          summary: 'What a run said, from where the reader is; waits for more where that is asked for',
          params: RunParams,
          querystring: LogQuery,
          response: { 200: LogPageView },
        },
      },
      async (request) => {
        const { id } = find(request.params.run);
        const { after = '0', wait = '0' } = request.query;
        const isOver = () => runs.get(id)?.state !== 'running';
        const page = await log.await(id, Number(after), isOver, Number(wait) * 1_000);
        return { ...page, isEnd: page.isEnd && isOver() };
      },
    );

    app.post(
      '/runs/:run/stop',
      {
        schema: {
          tags,
          summary: 'Stop a run: its processes are asked, then told, then killed',
          params: RunParams,
          body: ByBody,
          response: { 200: RunView },
        },
      },
      async (request) => runView(await runs.stop(find(request.params.run).id, request.body.by)),
    );

    app.post(
      '/runs/:run/resume',
      {
        schema: {
          tags,
          summary: 'Begin it again for the nodes that it did not bring to their end',
          params: RunParams,
          body: ResumeRunBody,
          response: { 202: RunView },
        },
      },
      async (request, reply) => {
        const { by, confirmInventory = false } = request.body;
        const run = await runs.resume(find(request.params.run).id, by, { confirmInventory });
        return reply.code(202).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
      },
    );
  };
}

function requestOf({ nodes = [], ...body }: Omit<RunRequest, 'hosts'> & { nodes?: readonly string[] }): RunRequest {
  return { ...body, hosts: nodes };
}

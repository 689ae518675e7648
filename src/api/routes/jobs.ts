import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { InvalidInput } from '../../domain/errors.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { checkRequest, type JobRequest } from '../../power/job-request.ts';
import type { PowerService } from '../../power/power-service.ts';
import { selectedNodes } from '../node-selected.ts';
import { forecastView, jobDetailView, jobView } from '../power-views.ts';
import { PageQuery, pageLimit, pageOf } from '../schemas/page.ts';
import { CancelBody, ForecastView, JobBody, JobDetailView, JobQuery, JobView } from '../schemas/power.ts';

const tags = ['power'];
const JobParams = Type.Object({ job: Type.String({ minLength: 1, maxLength: 64, description: 'Its id.' }) });

/** What was asked of the power of many nodes: order, follow, pause, cancel. */
export function jobRoutes(power: PowerService, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/jobs',
      {
        schema: {
          tags,
          summary: 'Power all nodes that are asked for, staggered, at once, later, or again and again',
          querystring: JobQuery,
          body: JobBody,
          response: { 200: ForecastView, 202: ForecastView },
        },
      },
      async (request, reply) => {
        const { dryRun, ...selection } = request.query;
        const nodes = selectedNodes(registry, selection);
        const asked = jobRequest(request.body);
        checkRequest(nodes, asked);
        const items = forecastView(power.forecast(nodes, asked));
        if (dryRun === 'true') return reply.code(200).send({ dryRun: true, items });
        const record = await power.jobs.submit(nodes, asked);
        const job = jobView(record, record.counts());
        return reply.code(202).header('location', `/api/v1/jobs/${job.id}`).send({ dryRun: false, job, items });
      },
    );

    app.get(
      '/jobs',
      {
        schema: {
          tags,
          summary: 'Jobs, newest first; of those that have ended the latest 200',
          querystring: PageQuery,
          response: { 200: pageOf(JobView) },
        },
      },
      async (request) => {
        const { after } = request.query;
        const limit = pageLimit(request.query);
        const all = power.jobs.list().filter(({ job }) => job.origin === 'person');
        const from = after === undefined ? 0 : all.findIndex(({ job }) => job.id === after) + 1;
        const page = all.slice(from, from + limit);
        const last = page.at(-1);
        const items = page.map((record) => jobView(record, record.counts()));
        return { items, ...(last !== undefined && all.length > from + limit ? { next: last.job.id } : {}) };
      },
    );

    app.get(
      '/jobs/:job',
      {
        schema: { tags, summary: 'A job, with each of its nodes', params: JobParams, response: { 200: JobDetailView } },
      },
      async (request) => jobDetailView(power.jobs.get(request.params.job)),
    );

    app.post(
      '/jobs/:job/pause',
      {
        schema: {
          tags,
          summary: 'Begin no more nodes; what is under way comes to its end',
          params: JobParams,
          response: { 200: JobDetailView },
        },
      },
      async (request) => jobDetailView(await power.jobs.pause(request.params.job)),
    );

    app.post(
      '/jobs/:job/resume',
      { schema: { tags, summary: 'Go on with a paused job', params: JobParams, response: { 200: JobDetailView } } },
      async (request) => jobDetailView(await power.jobs.resume(request.params.job)),
    );

    app.post(
      '/jobs/:job/cancel',
      {
        schema: {
          tags,
          summary: 'End a job; no machine is left half-way',
          params: JobParams,
          body: CancelBody,
          response: { 200: JobDetailView },
        },
      },
      async (request) => jobDetailView(await power.jobs.cancel(request.params.job, request.body.by)),
    );
  };
}

/** @throws InvalidInput */
function jobRequest(body: JobBody): JobRequest {
  const { action, by, reason, at, every, timeZone, window, stagger, expiresInSeconds } = body;
  const startAt = at === undefined ? undefined : Date.parse(at);
  if (startAt !== undefined && !Number.isSafeInteger(startAt)) {
    const mend = 'Write 2026-03-14T02:00:00+01:00.';
    throw new InvalidInput('The job was refused.', [{ path: '/at', message: 'It is no time.', mend }]);
  }
  return {
    action,
    by,
    ...(reason === undefined ? {} : { reason }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(every === undefined ? {} : { recurrence: { every, ...(timeZone === undefined ? {} : { timeZone }) } }),
    ...(window === undefined
      ? {}
      : {
          window: {
            opens: window.opens,
            lengthMs: window.minutes * 60_000,
            ...(window.timeZone === undefined ? {} : { timeZone: window.timeZone }),
          },
        }),
    ...(stagger === undefined
      ? {}
      : { stagger: { nodes: stagger.nodes, perMs: stagger.perSeconds * 1_000, by: stagger.by ?? 'rack' } }),
    ...(expiresInSeconds === undefined ? {} : { expiresInMs: expiresInSeconds * 1_000 }),
  };
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Deployments } from '../../domain/deployment.ts';
import type { ServiceBoard } from '../../domain/services.ts';
import type { Updates } from '../../domain/update.ts';
import { serviceView, updatePlanView } from '../deployment-views.ts';
import { runView } from '../run-views.ts';
import { RunView } from '../schemas/run.ts';
import {
  PersonBody,
  SecretsView,
  ServiceListView,
  ServiceParams,
  ServicesParams,
  ServicesQuery,
  ServiceView,
  UpdateBody,
  UpdatePlanView,
} from '../schemas/service.ts';

const tags = ['services'];

/** What the routes of services, updates and deployment plans ask. */
export interface PodRooms {
  readonly services: ServiceBoard;
  readonly updates: Updates;
  readonly deployments: Deployments;
}

/** Services of clusters from the catalogue, and the updates of clusters. */
export function serviceRoutes(pod: PodRooms): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/clusters/:cluster/services',
      {
        schema: {
          tags,
          summary: 'The catalogue of services, and what of it is in a cluster',
          params: ServicesParams,
          querystring: ServicesQuery,
          response: { 200: ServiceListView },
        },
      },
      async (request) => {
        const views = await pod.services.list(request.params.cluster, { probe: request.query.probe === 'true' });
        return { items: views.map(serviceView) };
      },
    );

    app.get(
      '/clusters/:cluster/services/:service',
      {
        schema: {
          tags,
          summary: 'One service, with its pages asked',
          params: ServiceParams,
          response: { 200: ServiceView },
        },
      },
      async (request) => serviceView(await pod.services.status(request.params.cluster, request.params.service)),
    );

    app.post(
      '/clusters/:cluster/services/:service/deploy',
      {
        schema: {
          tags,
          summary: 'Deploy a service, or bring it up to what the checkout has',
          params: ServiceParams,
          body: PersonBody,
          response: { 202: RunView },
        },
      },
      async (request, reply) => {
        const { cluster, service } = request.params;
        const run = await pod.services.deploy(cluster, service, request.body.by);
        return reply.code(202).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
      },
    );

    app.post(
      '/clusters/:cluster/services/:service/reveal',
      {
        config: { isShownOnce: true },
        schema: {
          tags,
          summary: 'What a service’s run told in secret; it is shown once, and is nowhere any more then',
          params: ServiceParams,
          body: PersonBody,
          response: { 200: SecretsView },
        },
      },
      async (request) => {
        const { cluster, service } = request.params;
        return { items: [...(await pod.services.reveal(cluster, service, request.body.by))] };
      },
    );

    app.get(
      '/clusters/:cluster/update',
      {
        schema: {
          tags,
          summary: 'What an update of a cluster to what it is pinned to would do',
          params: ServicesParams,
          response: { 200: UpdatePlanView },
        },
      },
      async (request) => updatePlanView(await pod.updates.plan(request.params.cluster)),
    );

    app.post(
      '/clusters/:cluster/update',
      {
        schema: {
          tags,
          summary: 'Update a cluster: the control plane first, then workers in batches',
          params: ServicesParams,
          body: UpdateBody,
          response: { 202: RunView },
        },
      },
      async (request, reply) => {
        const { to, by } = request.body;
        const run = await pod.updates.run(request.params.cluster, to, by);
        return reply.code(202).header('location', `/api/v1/runs/${run.id}`).send(runView(run));
      },
    );
  };
}

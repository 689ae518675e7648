import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { deploymentView, forecastOfPlanView } from '../deployment-views.ts';
import {
  DeploymentListView,
  DeploymentParams,
  DeploymentView,
  ForecastOfPlanView,
  PlanBody,
  StartDeploymentBody,
  StepBody,
  StopDeploymentBody,
} from '../schemas/deployment.ts';
import { PersonBody } from '../schemas/service.ts';
import type { PodRooms } from './services.ts';

const tags = ['deployments'];

/** Deployment plans: what they would do, begin, watch, stop, go on. */
export function deploymentRoutes(pod: PodRooms): FastifyPluginAsyncTypebox {
  const planOf = (text: string | undefined) =>
    text === undefined ? pod.deployments.standard() : pod.deployments.read(text);
  return async (app) => {
    app.post(
      '/deployments/forecast',
      {
        schema: {
          tags,
          summary: 'What a plan would do, step for step; nothing is begun',
          body: PlanBody,
          response: { 200: ForecastOfPlanView },
        },
      },
      async (request) => {
        const plan = planOf(request.body.plan);
        return forecastOfPlanView(await pod.deployments.forecast(plan), pod.deployments.write(plan));
      },
    );

    app.post(
      '/deployments',
      {
        schema: {
          tags,
          summary: 'Begin a plan; the number of nodes that it installs has to be the one that is confirmed',
          body: StartDeploymentBody,
          response: { 202: DeploymentView },
        },
      },
      async (request, reply) => {
        const { plan, by, installs } = request.body;
        const deployment = await pod.deployments.start(planOf(plan), by, installs);
        const location = `/api/v1/deployments/${deployment.plan.name}`;
        return reply.code(202).header('location', location).send(deploymentView(deployment));
      },
    );

    app.get(
      '/deployments',
      { schema: { tags, summary: 'Plans, newest first; 20 are kept', response: { 200: DeploymentListView } } },
      async () => ({ items: pod.deployments.all().map(deploymentView) }),
    );

    app.get(
      '/deployments/:deployment',
      {
        schema: {
          tags,
          summary: 'Where a plan is: what each step waits for, and what came of it',
          params: DeploymentParams,
          response: { 200: DeploymentView },
        },
      },
      async (request) => deploymentView(pod.deployments.get(request.params.deployment)),
    );

    app.post(
      '/deployments/:deployment/stop',
      {
        schema: {
          tags,
          summary: 'Begin nothing more of a plan',
          params: DeploymentParams,
          body: StopDeploymentBody,
          response: { 200: DeploymentView },
        },
      },
      async (request) => {
        const { by, runs = false } = request.body;
        return deploymentView(await pod.deployments.stop(request.params.deployment, by, runs));
      },
    );

    app.post(
      '/deployments/:deployment/resume',
      {
        schema: {
          tags,
          summary: 'Take a plan up; what failed is tried again',
          params: DeploymentParams,
          body: PersonBody,
          response: { 200: DeploymentView },
        },
      },
      async (request) => deploymentView(await pod.deployments.resume(request.params.deployment, request.body.by)),
    );

    app.post(
      '/deployments/:deployment/confirm',
      {
        schema: {
          tags,
          summary: 'A person’s word that a step waits for',
          params: DeploymentParams,
          body: StepBody,
          response: { 200: DeploymentView },
        },
      },
      async (request) => {
        const { step, by } = request.body;
        return deploymentView(await pod.deployments.confirm(request.params.deployment, step, by));
      },
    );

    app.post(
      '/deployments/:deployment/leave-out',
      {
        schema: {
          tags,
          summary: 'Do without a step that has not ended, or has failed',
          params: DeploymentParams,
          body: StepBody,
          response: { 200: DeploymentView },
        },
      },
      async (request) => {
        const { step, by } = request.body;
        return deploymentView(await pod.deployments.leaveOut(request.params.deployment, step, by));
      },
    );
  };
}

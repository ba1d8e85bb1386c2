import type { FastifyRequest } from 'fastify';
import type { PassReport } from '../../../core/fleet/ports.ts';
import type { OperatorRequest } from '../../../core/fleet/snapshot.ts';
import { stateInReport, viewFleet } from '../../../core/fleet/view.ts';
import type { Askers } from '../asker.ts';
import type { ApiDependencies } from '../dependencies.ts';
import {
  acceptedWish,
  decisionPage,
  decisionQuery,
  fleetView,
  forceStopWish,
  operatorWish,
  passFacts,
  taskParams,
} from '../ops-schemas.ts';
import { HttpProblem } from '../problems.ts';
import { problems, tokenNeeded, type Api } from './route.ts';

/** A pass takes about 10 s. */
const later = { 'retry-after': '10' };

/** For people who run the platform. Nothing here is cached: answers say `private, no-store` by default. */
export function opsRoutes(app: Api, deps: ApiDependencies, askers: Askers): void {
  const { fleet, clock, newId, log } = deps;
  const shared = { tags: ['Operations'], security: tokenNeeded };

  const lastPass = async (): Promise<PassReport> => {
    const report = await fleet.report();
    if (report !== undefined) return report;
    throw new HttpProblem(503, 'The scheduler has not finished a pass yet: try again in some seconds.', {
      headers: later,
    });
  };

  app.route({
    method: 'GET',
    url: '/api/ops/fleet',
    schema: {
      ...shared,
      summary: 'The fleet as the scheduler’s last pass saw it, as an operator',
      response: { 200: fleetView, ...problems },
    },
    handler: async (request, reply) => {
      await askers.requireOperator(request);
      return reply.send(viewFleet(await lastPass()));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/ops/decisions',
    schema: {
      ...shared,
      summary: 'What the scheduler decided and why, newest first, by pages, as an operator. Kept a week',
      querystring: decisionQuery,
      response: { 200: decisionPage, ...problems },
    },
    handler: async (request, reply) => {
      await askers.requireOperator(request);
      const { task, before, limit } = request.query;
      return reply.send(await fleet.decisions({ taskId: task, before, limit, now: clock.now() }));
    },
  });

  app.route({
    method: 'GET',
    url: '/api/ops/snapshot',
    schema: {
      ...shared,
      summary: 'The facts and the policy of the last pass, to plan again from, as an operator',
      response: { 200: passFacts, ...problems },
    },
    handler: async (request, reply) => {
      await askers.requireOperator(request);
      const { snapshot, policy, at } = await lastPass();
      return reply.send({ snapshot: { ...snapshot }, policy: { ...policy }, at });
    },
  });

  /** Leaves the wish for the scheduler, which answers for what becomes of it. */
  const wish = async (
    request: FastifyRequest,
    wanted: Pick<OperatorRequest, 'kind' | 'taskId' | 'reason'>,
  ): Promise<{ readonly requestId: string }> => {
    const { subject: by } = await askers.requireOperator(request);
    const { kind, taskId, reason } = wanted;
    const state = stateInReport(await lastPass(), taskId);
    if (state === undefined)
      throw new HttpProblem(404, 'The scheduler’s last pass saw no such task: look at /api/ops/fleet.');
    if (state === 'stopped')
      throw new HttpProblem(409, 'This task has stopped: there is nothing left to do.');
    const requestId = newId();
    await fleet.request({ requestId, kind, taskId, by, reason, at: clock.now() });
    log.warn({ request: request.id, requestId, kind, taskId, by, reason }, 'an operator asks');
    return { requestId };
  };

  const wishes = [
    { kind: 'drain', summary: 'Have a task go: no new broadcasts, stopped when its last one ends' },
    { kind: 'keep', summary: 'Take it back that a task is to go' },
  ] as const;
  for (const { kind, summary } of wishes)
    app.route({
      method: 'POST',
      url: `/api/ops/tasks/:taskId/${kind}`,
      schema: {
        ...shared,
        summary: `${summary}, as an operator`,
        params: taskParams,
        body: operatorWish,
        response: { 202: acceptedWish, ...problems },
      },
      handler: async (request, reply) => {
        const { taskId } = request.params;
        return reply.code(202).send(await wish(request, { kind, taskId, ...request.body }));
      },
    });

  app.route({
    method: 'POST',
    url: '/api/ops/tasks/:taskId/force-stop',
    schema: {
      ...shared,
      summary: 'Stop a task at once and cut off what it holds, as an operator',
      params: taskParams,
      body: forceStopWish,
      response: { 202: acceptedWish, ...problems },
    },
    handler: async (request, reply) => {
      const { taskId } = request.params;
      const { reason, confirm } = request.body;
      // Who may not do it learns that first.
      await askers.requireOperator(request);
      if (confirm !== taskId) {
        const message = 'must be the id of the task that is to be stopped';
        throw new HttpProblem(400, `confirm: ${message}.`, { errors: [{ path: '/confirm', message }] });
      }
      return reply.code(202).send(await wish(request, { kind: 'force-stop', taskId, reason }));
    },
  });
}

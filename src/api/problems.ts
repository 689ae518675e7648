import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import {
  AccessDenied,
  Conflict,
  HostRefused,
  InvalidInput,
  NotFound,
  PodbootError,
  type Problem,
} from '../domain/errors.ts';
import type { EventSink } from '../domain/ports.ts';
import { VersionMismatch } from '../lifecycle/registry-port.ts';
import type { ProblemView } from './schemas/problem.ts';
import { MAX_PROBLEMS, validationProblems } from './validation-problems.ts';

/** Most special first. */
const STATUS_OF: readonly (readonly [abstract new (...args: never[]) => PodbootError, number])[] = [
  [VersionMismatch, 412],
  [InvalidInput, 422],
  [Conflict, 409],
  [NotFound, 404],
  [AccessDenied, 403],
  [HostRefused, 503],
];

/** Mends for what the framework refuses before a route sees it. */
const MENDS: Readonly<Record<number, string>> = {
  400: 'Look at the body (`jq .` says where JSON is wrong) and at the address.',
  413: 'Send less at once.',
  415: 'Send JSON, with content-type: application/json.',
};

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly mend?: string | undefined;
  readonly problems?: readonly Problem[] | undefined;
}

export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status, code, detail, mend, problems } = refusal;
  const body: ProblemView = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail,
    ...(mend === undefined ? {} : { mend }),
    ...(problems === undefined || problems.length === 0 ? {} : { problems: [...problems] }),
  };
  // As a string: no schema of an answer may take something out of an error.
  return reply.code(status).type('application/problem+json').send(JSON.stringify(body));
}

/** The one place that turns errors into answers. Faults of podboot are told to the log, not to the client. */
export function createErrorHandler(events: EventSink) {
  return (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = refusalOf(error);
    if (refusal.status === 500) {
      events.emit({
        type: 'api.fault',
        level: 'error',
        subject: {},
        text: `${request.method} ${request.routeOptions.url ?? 'an unknown route'} failed by a fault of podboot: ${error.message}`,
        mend: 'Please report it with the lines of data.stack.',
        throttle: error.message,
        data: { stack: error.stack ?? '' },
      });
    }
    return sendProblem(reply, refusal);
  };
}

function refusalOf(error: FastifyError | Error): Refusal {
  if (error instanceof PodbootError) {
    const status = STATUS_OF.find(([kind]) => error instanceof kind)?.[1] ?? 500;
    const problems = error instanceof InvalidInput || error instanceof Conflict ? error.problems : undefined;
    return {
      status,
      code: status === 412 ? 'version-changed' : error.code,
      detail: error.message,
      mend: error.mend,
      problems,
    };
  }
  if ('validation' in error && error.validation !== undefined) {
    const found = error.validation;
    const problems = validationProblems(found.slice(0, MAX_PROBLEMS), error.validationContext ?? 'body');
    const more = found.length > MAX_PROBLEMS ? ` (the first ${MAX_PROBLEMS} of ${found.length} problems)` : '';
    const detail = `The request was refused; nothing was changed${more}.`;
    return { status: 422, code: 'invalid-input', detail, problems };
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status >= 400 && status < 500) {
    return { status, code: 'bad-request', detail: error.message, mend: MENDS[status] };
  }
  return { status: 500, code: 'fault', detail: 'A fault of podboot.', mend: 'Its log says more.' };
}

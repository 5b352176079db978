import type { FastifyReply, FastifyRequest } from 'fastify';
import { redactPath } from '../logging/redact.js';
import type { Problem, ProblemHeaders } from './problem.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
const RETRY_AFTER_SECONDS = 1;

const headersOf = ({ status, code }: Problem, answer: ProblemHeaders): Record<string, string> => {
  const headers: Record<string, string> = { ...answer.headers };
  if (status === 429 || status === 503) {
    headers['retry-after'] ??= Math.max(1, Math.ceil(answer.retryAfterSeconds ?? RETRY_AFTER_SECONDS)).toString();
  }
  if (status === 401 && code === 'unauthenticated') headers['www-authenticate'] ??= 'Bearer realm="verdict"';
  return headers;
};

/** Completes the problem with what is known of the request, and sends it. */
export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  problem: Problem,
  answer: ProblemHeaders = {},
): void => {
  const body = { ...problem, instance: redactPath(request.url), request_id: request.id };
  // Bytes, since Fastify would add a charset to a string, and would look for a serializer for an object.
  void reply
    .status(problem.status)
    .headers({ ...headersOf(problem, answer), 'cache-control': 'no-store', 'content-type': PROBLEM_MEDIA_TYPE })
    .send(Buffer.from(JSON.stringify(body)));
};

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem } from '../problems/problem.js';

const JSON_TYPES = ['application/json', /^application\/[a-z0-9.!#$&^_-]+\+json(?:;|$)/i] as const;

type Done = (error: Error | null, body?: Buffer) => void;

const asBytes = (request: FastifyRequest, body: Buffer, done: Done): void => {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() === 'identity') done(null, body);
  else done(problem('media_type_unsupported', { detail: 'The body must not be compressed.' }));
};

/** JSON bodies reach the controllers as bytes, so that one strict reader sees exactly what was sent. */
export const takeBodiesAsBytes = (fastify: FastifyInstance): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'text/csv',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: Done) => {
      const takesCsv = request.routeOptions.config.endpoint?.takesCsv === true;
      if (takesCsv) asBytes(request, body, done);
      else done(problem('media_type_unsupported'));
    },
  );
  for (const type of JSON_TYPES) fastify.addContentTypeParser(type, { parseAs: 'buffer' }, asBytes);
};

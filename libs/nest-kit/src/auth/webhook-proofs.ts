import { createHash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { bearerSecretSha256, type IntegrationProof, pathSecretSha256, sha256Of } from '@verdict/domain';
import type { FastifyRequest } from 'fastify';

const BEARER = /^Bearer +(\S+) *$/i;

const clientKey = ({ raw: { socket } }: FastifyRequest): IntegrationProof | undefined => {
  // Only what ends in the configured authority counts; the hash alone would trust anybody who copied a certificate.
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return { way: 'mtls', sha256: sha256Of(createHash('sha256').update(key).digest('hex')) };
};

const bearer = ({ headers }: FastifyRequest): IntegrationProof | undefined => {
  const token = BEARER.exec(headers.authorization ?? '')?.[1];
  const sha256 = token === undefined ? undefined : bearerSecretSha256(token);
  return sha256 === undefined ? undefined : { way: 'bearer', sha256 };
};

const segmentOf = (params: unknown): unknown =>
  typeof params === 'object' && params !== null && 'segment' in params ? params.segment : undefined;

const path = ({ params }: FastifyRequest): IntegrationProof | undefined => {
  const segment = segmentOf(params);
  const sha256 = typeof segment === 'string' ? pathSecretSha256(segment) : undefined;
  return sha256 === undefined ? undefined : { way: 'path', sha256 };
};

/**
 * What a webhook's call proves itself with, as far as its form is right: its client certificate's public key, its bearer
 * secret, the last segment of its path. No secret leaves this function, only hashes of them.
 *
 * @source contract section 2.1
 */
export const webhookProofs = (request: FastifyRequest): readonly IntegrationProof[] =>
  [clientKey(request), bearer(request), path(request)].filter((proof) => proof !== undefined);

/** What was shown, whether its form is right or not; for counting failures. */
export const shownWay = (request: FastifyRequest): 'mtls' | 'bearer' | 'path' | 'none' => {
  const [first] = webhookProofs(request);
  if (first !== undefined) return first.way;
  if (request.headers.authorization !== undefined) return 'bearer';
  return segmentOf(request.params) === undefined ? 'none' : 'path';
};

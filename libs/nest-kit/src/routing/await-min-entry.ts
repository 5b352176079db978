import { type JournalKind, journalName, type Platform } from '@verdict/application';
import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import { problem, type ProblemException } from '../problems/problem.js';
import { minEntryOf } from './headers.js';

/** What tells where an entry has arrived. */
export type Arrivals = Pick<Platform, 'barrier' | 'log'>;

interface Named {
  readonly tenantId: string;
  readonly kind: JournalKind;
  readonly revision: bigint;
}

const WAIT_MS = 2_000;

/** False also while the log is away: a read that needs it says so itself. */
const isInLog = async ({ log }: Arrivals, { tenantId, kind, revision }: Named): Promise<boolean> => {
  const [head] = await log.heads([journalName(kind, tenantId)]).catch(() => []);
  return head !== undefined && head >= revision;
};

const arrival = async (arrivals: Arrivals, named: Named, readsLog: boolean): Promise<ProblemException | undefined> => {
  if (readsLog && (await isInLog(arrivals, named))) return undefined;
  const { tenantId, kind, revision } = named;
  const isThere = await arrivals.barrier.waitFor(tenantId, kind, revision, WAIT_MS);
  return isThere ? undefined : problem('read_model_behind');
};

/**
 * Makes every read wait for the entry that `Verdict-Min-Entry` names, at most two seconds: 503 when it has not come then,
 * 422 when the header names none. What answers from the log shows all that the log has; the rest is in the read models.
 *
 * @source contract section 1, "read your writes"
 */
export const awaitMinEntry = (fastify: FastifyInstance, arrivals: Arrivals): void => {
  const hook = (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const { verdictCaller: caller } = request;
    const spec = request.routeOptions.config.endpoint;
    if (spec?.method !== 'GET' || caller === null || request.headers['verdict-min-entry'] === undefined) {
      done();
      return;
    }
    const named = minEntryOf(request.headers);
    if (named === null) done();
    else arrival(arrivals, { tenantId: caller.tenantId, ...named }, spec.readsLog === true).then(done, done);
  };
  fastify.addHook('preHandler', hook);
};

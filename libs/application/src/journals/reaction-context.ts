import { type Cause, toHex } from '@verdict/ledger';
import type { EntryLog } from './entry-log.js';
import { journalName, originOf } from './kinds.js';
import type { CommandContext, Reaction } from './service-definition.js';

type Caused = Pick<CommandContext, 'causes' | 'traceparent'>;

/** The entry that a reaction answers, and the trace that it belongs to. */
const causeOf = async (
  log: EntryLog,
  at: { readonly tenantId: string; readonly logHost: string },
  { kind, revision }: NonNullable<Reaction<unknown>['cause']>,
): Promise<Caused> => {
  const origin = originOf(at.logHost, at.tenantId, kind);
  for await (const { leafHash, traceparent } of log.read(journalName(kind, at.tenantId), revision, 1)) {
    const cause: Cause = { origin, revision: Number(revision), leaf_hash: toHex(leafHash) };
    return { causes: [cause], traceparent };
  }
  return { causes: [], traceparent: null };
};

const prefixOf = (service: string): string => `reaction:${service}:`;
/** Whether a command was one that this service gave itself. */
export const isReactionOf = (service: string, commandId: string): boolean => commandId.startsWith(prefixOf(service));

/** Who and what stands behind a command that nobody sent: the service itself, and the entry that made it due. */
export const reactionContext = async (
  log: EntryLog,
  at: { readonly tenantId: string; readonly logHost: string; readonly service: string; readonly anchor: string },
  cause: Reaction<unknown>['cause'],
): Promise<CommandContext> => ({
  commandId: `${prefixOf(at.service)}${at.anchor}`,
  actor: { kind: 'system', id: `verdict:${at.service}`, roles: [] },
  correlationId: null,
  ...(cause === null ? { causes: [], traceparent: null } : await causeOf(log, at, cause)),
});

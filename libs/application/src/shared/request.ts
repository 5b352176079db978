import { type Actor, type Json, jcsText, type Keyed, sha256Hex } from '@verdict/domain';
import type { CallersWait } from '../journals/callers-wait.js';
import type { CommandContext } from '../journals/service-definition.js';

/** The authenticated caller as use cases know him. */
export interface RequestCaller {
  readonly tenantId: string;
  readonly subject: string;
  readonly actor: Actor;
  /** Groups that the token names. */
  readonly groups: readonly string[];
  /** Projects the identity may act for; null: all. */
  readonly projects: readonly string[] | null;
  /** The person behind a pipeline. */
  readonly onBehalfOf: string | null;
}

/** Whoever reads: of which tenant, and which projects of it he may see. */
export type Viewer = Pick<RequestCaller, 'tenantId' | 'projects'>;

/**
 * Whether an identity may act for a project, and see what is of it.
 * @source contract section 2
 */
export const mayActFor = ({ projects }: Pick<RequestCaller, 'projects'>, projectId: string): boolean =>
  projects === null || projects.includes(projectId);

export interface RequestMeta {
  readonly caller: RequestCaller;
  /** Idempotency-Key as sent, header or member. */
  readonly key: string | null;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  /** Given by an edge that answers at a deadline, whatever has become of the command by then. */
  readonly wait?: CallersWait | undefined;
}

export const contextOf = (
  meta: RequestMeta,
  commandId: string,
  causes: CommandContext['causes'] = [],
): CommandContext => ({
  commandId,
  actor: meta.caller.actor,
  correlationId: meta.correlationId,
  traceparent: meta.traceparent,
  causes,
});

/** Hash of what a command asks, so that a key that comes again with something else is recognised. */
export const keyedBy = (meta: RequestMeta, asked: Json): Keyed => ({
  key: meta.key,
  payload_hash: sha256Hex(jcsText(asked)),
});

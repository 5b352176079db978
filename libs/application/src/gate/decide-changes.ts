import {
  type AskForChange,
  type AskForChanges,
  type BatchAnswer,
  type BatchKey,
  type DecisionRecorded,
  type GateState,
  jcsText,
  sha256Hex,
} from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import { originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { CommittedEntry } from '../journals/service-definition.js';
import { LogUnreadable } from '../ports/journals.js';
import { contextOf, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { differingInBatch } from './differing-fields.js';
import type { GateAnswer } from './gate-service.js';
import {
  type ChangeRequest,
  type DecidedChange,
  type GateDeps,
  prepareQuestion,
  readRevision,
  refusalOf,
  UNREADABLE,
} from './decide-change.js';

/** A member of a batch: the question, and the key that it came with, if any. */
export interface BatchMember {
  readonly request: ChangeRequest;
  readonly key: string | null;
}
/** Several questions in one request. */
export interface AskedBatch {
  readonly members: readonly BatchMember[];
  readonly isAtomic: boolean;
}
/** What each member got, in their order. A member that was refused wrote nothing. */
export type DecidedBatch = readonly UseCaseResult<DecidedChange>[];

interface Committed {
  readonly deps: GateDeps;
  readonly tenantId: string;
  readonly entries: readonly CommittedEntry[];
}

const memberOutcome = async (
  { deps, tenantId, entries }: Committed,
  answer: BatchAnswer,
  command: AskForChange,
): Promise<UseCaseResult<DecidedChange>> => {
  if (answer.kind === 'refused') return refusalOf(deps, tenantId, answer.refusal, command);
  const entry =
    answer.kind === 'recorded'
      ? entries[answer.index]?.entry
      : await readRevision(deps.log, tenantId, 'decisions', answer.revision);
  if (entry === undefined) throw new Error('a member was recorded without a decision');
  const recorded = recordedDecision(entry);
  return done({
    recorded,
    origin: originOf(deps.logHost, tenantId, 'decisions'),
    entry,
    isReplayed: recorded.decision_id !== command.decisionId,
    isExpired: answer.kind === 'replay' && answer.isExpired,
  });
};

const unreadable = (error: unknown): UseCaseResult<never> => {
  if (error instanceof LogUnreadable) return UNREADABLE;
  throw error;
};

/** Pointers of a member's defects name it among the items. */
const ofItem = (index: number, result: UseCaseResult<DecidedChange>): UseCaseResult<DecidedChange> => {
  if (result.kind === 'done' || result.problem.errors === undefined) return result;
  const errors = result.problem.errors.map((error) => ({
    ...error,
    pointer: `/items/${String(index)}${error.pointer}`,
  }));
  return { kind: 'problem', problem: { ...result.problem, errors } };
};

/** Under the key of its batch, a member without one of its own is known by its place. */
const keyInBatch = (key: string | null, index: number): string | null =>
  key === null ? null : `batch:${key}:${String(index)}`;

/** What a batch asks: its members in their order, under which keys, and whether all of them or none. */
const batchKeyOf = (text: string, items: readonly AskForChange[], isAtomic: boolean): BatchKey => ({
  payload_hash: sha256Hex(
    jcsText({
      atomic: isAtomic,
      items: items.map(({ key, payloadHash }) => ({ key: key.text, payload_hash: payloadHash, scope: key.scope })),
      v: 1,
    }),
  ),
  text,
});

type BatchRefusal = Extract<GateAnswer, { kind: 'batch_refused' }>;

/** A member is refused, and the batch with it: what differs is named where it stands in the batch. */
const refusedMember = async (
  refused: Promise<UseCaseResult<DecidedChange>>,
  index: number,
): Promise<UseCaseResult<never>> => {
  const problem = problemIn(await refused);
  const fields: unknown = problem.extra?.['differing_fields'];
  if (!Array.isArray(fields)) return { kind: 'problem', problem };
  const differing_fields = fields.map((field) => `/items/${String(index)}${String(field)}`);
  return { kind: 'problem', problem: { ...problem, extra: { ...problem.extra, differing_fields } } };
};

const refusedBatch = async (
  deps: GateDeps,
  tenantId: string,
  { items, isAtomic, key }: AskForChanges,
  { refusal, index }: BatchRefusal,
): Promise<UseCaseResult<never>> => {
  const member = index === null ? undefined : items[index];
  if (index !== null && member !== undefined)
    return refusedMember(refusalOf(deps, tenantId, refusal, member), index).catch(unreadable);
  if (refusal.code !== 'idempotency_conflict' || key === null) throw new Error('a batch was refused for nothing');
  const again = { items, isAtomic, key: key.text };
  const fields = await differingInBatch(deps.log, tenantId, refusal.firstRevision, again).catch(unreadable);
  if ('kind' in fields) return fields;
  return problemOf('idempotency_conflict', {
    detail: 'this key answered another batch before',
    extra: { differing_fields: fields },
  });
};

const isOfAnother = ({ batch }: DecisionRecorded, { text, payload_hash: hash }: BatchKey): boolean =>
  batch?.key?.text === text && batch.key.payload_hash !== hash;

/** A key that has left memory: the decision that answered one of its members says which batch it stood for. */
const forgottenConflict = async (
  deps: GateDeps,
  tenantId: string,
  { items, key }: AskForChanges,
): Promise<BatchRefusal | undefined> => {
  if (key === null) return undefined;
  for (const { revision } of items.flatMap(({ rememberedAnswer }) => rememberedAnswer ?? [])) {
    if (!isOfAnother(recordedDecision(await readRevision(deps.log, tenantId, 'decisions', revision)), key)) continue;
    const refusal = { code: 'idempotency_conflict', firstRevision: revision } as const;
    return { kind: 'batch_refused', refusal, index: null };
  }
  return undefined;
};

const outcomesOf = async (
  committed: Committed,
  commands: readonly AskForChange[],
  answers: readonly BatchAnswer[],
): Promise<DecidedBatch> => {
  const results: UseCaseResult<DecidedChange>[] = [];
  for (const [index, item] of commands.entries()) {
    const answer = answers[index];
    if (answer === undefined) throw new Error('a member has no answer');
    results.push(ofItem(index, await memberOutcome(committed, answer, item).catch(unreadable)));
  }
  return results;
};

/** All or none: that is part of what a member of an atomic batch asks. @source contract section 6.2 */
const inBatch = (request: ChangeRequest, isAtomic: boolean): ChangeRequest =>
  isAtomic ? { ...request, options: { ...request.options, atomic: true } } : request;

type PreparedBatch =
  | { readonly kind: 'command'; readonly command: AskForChanges; readonly commandId: string }
  | Extract<UseCaseResult<never>, { kind: 'problem' }>;

const prepareBatch = async (
  deps: GateDeps,
  { members, isAtomic }: AskedBatch,
  meta: RequestMeta,
  state: GateState,
): Promise<PreparedBatch> => {
  const items: AskForChange[] = [];
  for (const [index, { request, key }] of members.entries()) {
    const ofMember = { ...meta, key: key ?? keyInBatch(meta.key, index) };
    const prepared = await prepareQuestion(deps, inBatch(request, isAtomic), ofMember, state);
    if (prepared.kind === 'problem') return { kind: 'problem', problem: problemIn(ofItem(index, prepared)) };
    items.push(prepared.command);
  }
  const [first] = items;
  if (first === undefined)
    return { kind: 'problem', problem: { code: 'validation_failed', detail: 'a batch has a member' } };
  const key = meta.key === null ? null : batchKeyOf(meta.key, items, isAtomic);
  return {
    kind: 'command',
    command: { kind: 'ask_for_changes', items, isAtomic, key },
    commandId: first.decisionId,
  };
};

const executeBatch = async (
  deps: GateDeps,
  meta: RequestMeta,
  { command, commandId }: Extract<PreparedBatch, { kind: 'command' }>,
): Promise<UseCaseResult<DecidedBatch>> => {
  const { tenantId } = meta.caller;
  const outcome = await deps.gate.execute(tenantId, command, contextOf(meta, commandId), meta.wait);
  if (outcome.kind !== 'committed') return notCommitted(outcome, 'verdict_not_durable');
  const { answer, entries } = outcome;
  if (answer.kind === 'batch_refused') return refusedBatch(deps, tenantId, command, answer);
  if (answer.kind !== 'batch') throw new Error('a batch was answered with something else');
  return done(await outcomesOf({ deps, tenantId, entries }, command.items, answer.answers));
};

/**
 * Asks for several changes at once: decided in order, each on the state that the earlier left, in one append. A member that
 * cannot even be asked refuses the whole batch; one whose key stands for something else is refused alone, unless the batch
 * has a key itself: then it is answered whole, or refused whole.
 *
 * @source contract sections 1 (Idempotency-Key), 5.4
 */
export const createDecideChanges =
  (deps: GateDeps) =>
  async (asked: AskedBatch, meta: RequestMeta): Promise<UseCaseResult<DecidedBatch>> => {
    const { tenantId } = meta.caller;
    const current = await deps.gate.current(tenantId).catch(nothingWhileAway);
    if (current === undefined) return notCommitted({ kind: 'unavailable' }, 'verdict_not_durable');
    const prepared = await prepareBatch(deps, asked, meta, current.state);
    if (prepared.kind === 'problem') return prepared;
    try {
      const conflict = await forgottenConflict(deps, tenantId, prepared.command);
      if (conflict !== undefined) return await refusedBatch(deps, tenantId, prepared.command, conflict);
    } catch (error) {
      return unreadable(error);
    }
    return executeBatch(deps, meta, prepared);
  };
export type DecideChanges = ReturnType<typeof createDecideChanges>;

const problemIn = (result: UseCaseResult<unknown>) => {
  if (result.kind === 'done') throw new TypeError('no problem');
  return result.problem;
};

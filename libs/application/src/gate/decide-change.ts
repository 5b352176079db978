import {
  answerKey,
  type ApprovalChannel,
  type Claim,
  charactersOf,
  approvalIdOf,
  type AskForChange,
  decisionIdOf,
  type DecisionRecorded,
  derivedKey,
  type Evidence,
  type KeySource,
  type RuleEngine,
  formatUsd4,
  formatUsd6,
  instantOf,
  isOfSameRun,
  labelOf,
  normaliseEnvironment,
  payloadHash,
  type RecordedRequest,
  type Sha256Hex,
  sha256Of,
  type Source,
} from '@verdict/domain';
import { recordedDecision } from '../journals/entries.codec.js';
import type { EntryLog, RecordedEntry } from '../journals/entry-log.js';
import { type JournalKind, journalName, originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import { LogUnreadable } from '../ports/journals.js';
import type { LaneOutcome } from '../journals/service-definition.js';
import type { ServiceHost } from '../journals/service-host.js';
import { type ReadModels, ReadModelsUnavailable } from '../ports/read-models.js';
import type { Clock, Ids } from '../ports/system.js';
import { contextOf, mayActFor, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { differingFields } from './differing-fields.js';
import { readEvidence, type ReadEvidence, type SentDocuments } from './evidence.js';
import type { GateAnswer, GateCommand } from './gate-service.js';
import type { GateState } from '@verdict/domain';

/** The key of an admission review is made by the decision itself, since it holds the fingerprint. */
export interface ReviewKey {
  readonly kind: 'review';
  readonly clusterId: string;
  /** The name that the API server made for an object with `generateName`; null: it had one. */
  readonly generatedName: string | null;
}

/** A checked gate request of any source. Money in micro-USD, metadata as RFC 8785 text. */
export interface ChangeRequest {
  readonly source: Source;
  readonly action: string;
  readonly resourceReference: string;
  readonly projectId: string;
  readonly environment: string | undefined;
  /** The caller's own figures. */
  readonly claim: Claim;
  readonly metadata: string;
  readonly documents: SentDocuments;
  /** Evidence that the edge has read itself, such as a Kubernetes object; goes before the documents. */
  readonly evidence?: Evidence;
  /** Of the caller's choice, beyond those that follow from run and documents. */
  readonly options?: RecordedRequest['options'];
  readonly planSha256: string | null;
  /** Default: token. */
  readonly channel?: ApprovalChannel;
  /** Where the key comes from if the caller sent none; default: the run, else the payload. */
  readonly keyFrom?: KeySource | ReviewKey;
  readonly run: RecordedRequest['run'];
  readonly event?: NonNullable<RecordedRequest['event']>;
  readonly isDryRun: boolean;
  /** Of a review that deletes an object; default: false. */
  readonly isRemoval?: boolean;
  readonly expectedFingerprint: string | null;
  readonly justification: string | null;
  readonly ticket: string | null;
}

/** The recorded decision, where it lies, and whether it is a repeated answer. */
export interface DecidedChange {
  readonly recorded: DecisionRecorded;
  readonly origin: string;
  readonly entry: RecordedEntry;
  readonly isReplayed: boolean;
  readonly isExpired: boolean;
}

export interface GateDeps {
  readonly gate: ServiceHost<GateState, GateCommand, GateAnswer>;
  readonly log: EntryLog;
  readonly readModels: Pick<ReadModels, 'findAnswers'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
  /** Evaluates the conditions of policies' rules. */
  readonly rules: RuleEngine;
}

const optionsOf = (request: ChangeRequest, read: ReadEvidence): RecordedRequest['options'] => {
  const { run, planSha256 } = request;
  const options = {
    ...(run === null ? {} : { stage: run.stage }),
    ...(run === null || run.workspace_id === null ? {} : { workspace_id: run.workspace_id }),
    ...(planSha256 === null ? {} : { plan_sha256: planSha256 }),
    ...read.options,
    ...request.options,
  };
  // In canonical order, so that sealing has nothing to sort.
  return Object.fromEntries(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const recordedRequest = (request: ChangeRequest, read: ReadEvidence, subject: string): AskForChange['request'] => {
  const raw = normaliseEnvironment(request.environment);
  const { monthly, hourly } = request.claim;
  // Members in canonical order, so that sealing has nothing to sort.
  return {
    action: request.action,
    declared_hourly_delta_usd: hourly === null ? null : formatUsd6(hourly),
    declared_monthly_delta_usd: monthly === null ? null : formatUsd4(monthly),
    environment_label: labelOf(raw),
    environment_raw: raw,
    ...(request.event === undefined ? {} : { event: request.event }),
    justification: request.justification === null ? null : { $seal: { subject, text: request.justification } },
    justification_length: request.justification === null ? 0 : charactersOf(request.justification),
    metadata: request.metadata,
    options: optionsOf(request, read),
    project_id: request.projectId,
    resource_reference: request.resourceReference,
    run: request.run,
    source: request.source,
    ticket: request.ticket,
  };
};

const keySourceOf = (recorded: AskForChange['request'], hash: Sha256Hex): KeySource => {
  const { run } = recorded;
  return run === null
    ? { kind: 'other', payloadHash: hash }
    : { kind: 'preflight', runId: run.run_id, stage: run.stage, change: recorded };
};

const keyOf = (
  meta: RequestMeta,
  request: ChangeRequest,
  recorded: AskForChange['request'],
  hash: Sha256Hex,
): AskForChange['key'] => {
  const scope = request.isDryRun ? `${request.source}:dry_run` : request.source;
  if (meta.key !== null) return { scope, text: meta.key, isDerived: false };
  const from = request.keyFrom ?? keySourceOf(recorded, hash);
  if (from.kind !== 'review') return { scope, text: derivedKey(from), isDerived: true };
  const { clusterId, generatedName } = from;
  return { scope, text: '', isDerived: true, review: { clusterId, generatedName } };
};

const SALT_BYTES = 16;

export const readRevision = async (
  log: EntryLog,
  tenantId: string,
  kind: JournalKind,
  revision: bigint,
): Promise<RecordedEntry> => {
  for await (const entry of log.read(journalName(kind, tenantId), revision, 1)) return entry;
  throw new Error(`the entry ${kind}@${revision.toString()} was folded and is not in the log`);
};

/** The first answer of a key that left memory. Asked only once something has been forgotten. */
const rememberedAnswer = async (
  deps: GateDeps,
  tenantId: string,
  state: GateState,
  { key, isBound }: { readonly key: AskForChange['key']; readonly isBound: boolean },
): Promise<AskForChange['rememberedAnswer']> => {
  if (state.answers.forgotten === 0 || key.isDerived || state.answers.has(answerKey(key.scope, key.text))) return null;
  const rows = await deps.readModels.findAnswers(tenantId, [{ scope: key.scope, text: key.text }]);
  const row = rows[0];
  if (row === undefined) return null;
  const { revision } = row;
  const first = isBound ? recordedDecision(await readRevision(deps.log, tenantId, 'decisions', revision)) : null;
  const requestFingerprint = first?.request_fingerprint ?? null;
  return { payloadHash: sha256Of(row.payloadHash), revision, requestFingerprint };
};

const decidedBy = (
  { logHost }: GateDeps,
  tenantId: string,
  entry: RecordedEntry,
  repeated: Pick<DecidedChange, 'isReplayed' | 'isExpired'>,
): DecidedChange => ({
  recorded: recordedDecision(entry),
  origin: originOf(logHost, tenantId, 'decisions'),
  entry,
  ...repeated,
});

export const refusalOf = async (
  deps: GateDeps,
  tenantId: string,
  refusal: Extract<GateAnswer, { kind: 'refused' }>['refusal'],
  command: AskForChange,
): Promise<UseCaseResult<DecidedChange>> => {
  switch (refusal.code) {
    case 'idempotency_conflict': {
      const first = await readRevision(deps.log, tenantId, 'decisions', refusal.firstRevision);
      const recorded = recordedDecision(first);
      // The key names one task, and what is asked about it is derived here: from a price book that may be newer by now.
      if (isOfSameRun(recorded.request.run, command.request.run))
        return done(
          decidedBy(deps, tenantId, first, { isReplayed: true, isExpired: command.now >= recorded.expires_at }),
        );
      const fields = differingFields(recorded, command);
      return problemOf('idempotency_conflict', {
        detail: 'this key answered another request before',
        extra: { differing_fields: fields },
      });
    }
    case 'fingerprint_mismatch':
      return problemOf('fingerprint_mismatch', { extra: { request_fingerprint: refusal.recomputed } });
    default: // For want of any policy: its first version could not be written.
      return problemOf('verdict_not_durable', { detail: 'the policy of this tenant could not be written yet' });
  }
};

interface Question {
  readonly request: ChangeRequest;
  readonly meta: RequestMeta;
  readonly read: ReadEvidence;
}

/** Time, ids and salt enter here, once; whatever repeats the decision repeats these. */
const commandOf = async (
  deps: GateDeps,
  { request, meta, read }: Question,
  state: GateState,
): Promise<AskForChange> => {
  const { tenantId, subject, onBehalfOf, actor, groups } = meta.caller;
  const recorded = recordedRequest(request, read, subject);
  const hash = payloadHash({ tenantId, dryRun: request.isDryRun, request: recorded });
  const key = keyOf(meta, request, recorded, hash);
  return {
    kind: 'ask_for_change',
    decisionId: decisionIdOf(deps.ids.uuid()),
    approvalId: approvalIdOf(deps.ids.uuid()),
    salt: deps.ids.randomText(SALT_BYTES),
    now: instantOf(deps.clock.nowMs()),
    key,
    payloadHash: hash,
    request: recorded,
    requester: { subject, on_behalf_of: onBehalfOf, kind: actor.kind, roles: actor.roles, groups },
    isDryRun: request.isDryRun,
    isRemoval: request.isRemoval ?? false,
    channel: request.channel ?? 'token',
    claim: request.claim,
    evidence: request.evidence ?? read.evidence,
    report: read.report,
    rules: deps.rules,
    expectedFingerprint: request.expectedFingerprint === null ? null : sha256Of(request.expectedFingerprint),
    rememberedAnswer: await rememberedAnswer(deps, tenantId, state, {
      key,
      isBound: request.expectedFingerprint !== null,
    }),
  };
};

type Committed = Extract<LaneOutcome<GateAnswer>, { kind: 'committed' }>;

/** The fresh entry of this question, or the one that answered its key before. */
const answerOf = async (deps: GateDeps, tenantId: string, { answer, entries }: Committed): Promise<DecidedChange> => {
  const fresh = entries.find(({ entry }) => entry.type === 'decision_recorded')?.entry;
  const isReplay = answer.kind === 'replay';
  const entry = fresh ?? (isReplay ? await readRevision(deps.log, tenantId, 'decisions', answer.revision) : undefined);
  if (entry === undefined) throw new Error('a question was accepted without a decision');
  return decidedBy(deps, tenantId, entry, {
    isReplayed: fresh === undefined,
    isExpired: isReplay && answer.isExpired,
  });
};

/** Whether the key was answered before cannot be told, so nothing may be decided under it (G3). */
const notLookedUp = (error: unknown): Extract<UseCaseResult<never>, { kind: 'problem' }> => {
  if (!(error instanceof ReadModelsUnavailable || error instanceof LogUnreadable)) throw error;
  return {
    kind: 'problem',
    problem: { code: 'verdict_not_durable', detail: 'earlier answers cannot be looked up; nothing was written' },
  };
};

export const UNREADABLE: UseCaseResult<never> = problemOf('outcome_unknown', {
  detail: 'the entry that answers this key cannot be read: repeat with the same key',
});

/** What was committed, or refused. An entry that has to be read for it may be out of reach, and then nothing is said. */
export const outcomeOf = async (
  deps: GateDeps,
  tenantId: string,
  committed: Committed,
  command: AskForChange,
): Promise<UseCaseResult<DecidedChange>> => {
  try {
    return committed.answer.kind === 'refused'
      ? await refusalOf(deps, tenantId, committed.answer.refusal, command)
      : done(await answerOf(deps, tenantId, committed));
  } catch (error) {
    if (error instanceof LogUnreadable) return UNREADABLE;
    throw error;
  }
};

/** A question that may be put to the decider, or why it may not. */
export type Prepared =
  { readonly kind: 'command'; readonly command: AskForChange } | Extract<UseCaseResult<never>, { kind: 'problem' }>;

/** Checks what needs no state, reads the documents, and gives the question its time and ids. */
export const prepareQuestion = async (
  deps: GateDeps,
  request: ChangeRequest,
  meta: RequestMeta,
  state: GateState,
): Promise<Prepared> => {
  if (!mayActFor(meta.caller, request.projectId)) return projectForbidden();
  const read = readEvidence(request.documents);
  if (read.kind === 'problem') return read;
  const command = await commandOf(deps, { request, meta, read: read.value }, state).catch(notLookedUp);
  return 'problem' in command ? command : { kind: 'command', command };
};

/** Asks the gate: may this change go ahead? Answers once the verdict is durable (G1), the same for the same key (G3). */
export const createDecideChange =
  (deps: GateDeps) =>
  async (request: ChangeRequest, meta: RequestMeta): Promise<UseCaseResult<DecidedChange>> => {
    const { tenantId } = meta.caller;
    const current = await deps.gate.current(tenantId).catch(nothingWhileAway);
    if (current === undefined) return notCommitted({ kind: 'unavailable' }, 'verdict_not_durable');
    const prepared = await prepareQuestion(deps, request, meta, current.state);
    if (prepared.kind === 'problem') return prepared;
    const { command } = prepared;
    const outcome = await deps.gate.execute(tenantId, command, contextOf(meta, command.decisionId), meta.wait);
    if (outcome.kind !== 'committed') return notCommitted(outcome, 'verdict_not_durable');
    return outcomeOf(deps, tenantId, outcome, command);
  };
export type DecideChange = ReturnType<typeof createDecideChange>;

import {
  type Approval,
  type ApprovalsEntry,
  type ConsumeCode,
  type ConsumeToken,
  type ExpectedBinding,
  formatUsd4,
  formatUsd6,
  instantOf,
  type Json,
  labelOf,
  type MicroUsd,
  normaliseEnvironment,
  type RefusedTokenEvent,
  refusedTokenEvent,
  sha256Hex,
} from '@verdict/domain';
import { consumedToken, refusedCode } from '../journals/entries.codec.js';
import { originOf } from '../journals/kinds.js';
import type { Clock, Ids } from '../ports/system.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { keyNotLookedUp } from '../shared/under-key.js';
import type { Told } from '../shared/differing-members.js';
import { keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import type { ApprovalTokens } from './approval-tokens.js';
import { firstAnswer, type FirstAnswerDeps, keyConflict } from './first-answers.js';
import { approvalCallerOf } from './manage-approvals.js';
import { earlierIn, executeUnderApprovalsKey } from './under-approvals-key.js';

export interface ConsumeDeps extends FirstAnswerDeps {
  readonly tokens: ApprovalTokens;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
  /** Told of every way a token ends, for the metric `approval_token_events_total`. */
  readonly onEvent: (event: 'consumed' | RefusedTokenEvent) => void;
}

export interface ConsumeInput {
  readonly token: string;
  readonly source: string;
  readonly projectId: string;
  readonly environment: string;
  readonly requestFingerprint: string;
  readonly resourceReference: string;
  readonly monthly: MicroUsd | null;
  readonly hourly: MicroUsd | null;
}

export interface Consumed {
  readonly approval: Approval;
  readonly consumed: Extract<ApprovalsEntry, { type: 'token_consumed' }>['payload'];
  readonly entry: EntryReference;
  readonly isReplayed: boolean;
}

const expectedOf = (input: ConsumeInput): ExpectedBinding => ({
  source: input.source,
  projectId: input.projectId,
  environmentLabel: labelOf(normaliseEnvironment(input.environment)),
  requestFingerprint: input.requestFingerprint,
  resourceReference: input.resourceReference,
  monthly: input.monthly,
  hourly: input.hourly,
});

/** Uses an approval token. Of any number of parallel calls one succeeds; every refusal is in the ledger. */
export class ConsumeApproval {
  constructor(private readonly deps: ConsumeDeps) {}

  async consume(input: ConsumeInput, meta: RequestMeta): Promise<UseCaseResult<Consumed>> {
    const { clock, tokens } = this.deps;
    const read = await tokens.read(input.token, clock.nowMs());
    if (read.kind === 'claims') await this.seeApproval(meta.caller.tenantId, read.claims.approvalId);
    const asked = {
      operation: 'consume',
      token_sha256: sha256Hex(input.token),
      source: input.source,
      project_id: input.projectId,
      environment: input.environment,
      request_fingerprint: input.requestFingerprint,
      resource_reference: input.resourceReference,
      monthly: input.monthly === null ? null : formatUsd4(input.monthly),
      hourly: input.hourly === null ? null : formatUsd6(input.hourly),
    };
    return this.run({ token: read, expected: expectedOf(input), asked }, meta);
  }

  /** Row 1: what could not even be read as a request is refused in the ledger of the caller, too. */
  async refuseShape(meta: RequestMeta): Promise<void> {
    const asked = { operation: 'consume', malformed: true };
    const token = { kind: 'unreadable', code: 'validation_failed' } as const;
    await this.run({ token, expected: null, asked }, { ...meta, key: null });
  }

  /** An approval granted a moment ago elsewhere is in the journal, if not yet in memory. */
  private async seeApproval(tenantId: string, approvalId: string): Promise<void> {
    const { state } = await this.deps.approvals.current(tenantId);
    if (state.approvals.get(approvalId)?.status !== 'granted') await this.deps.approvals.caughtUp(tenantId);
  }

  private async run(
    { asked, ...given }: Pick<ConsumeToken, 'token' | 'expected'> & { readonly asked: Told & Json },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Consumed>> {
    const { tenantId } = meta.caller;
    const nowMs = this.deps.clock.nowMs();
    const command: ConsumeToken = {
      kind: 'consume_token',
      tenantId,
      ...given,
      caller: approvalCallerOf(meta),
      now: instantOf(nowMs),
      nowMs,
      idempotency: keyedBy(meta, asked),
    };
    const outcome = await executeUnderApprovalsKey(this.deps, command, meta);
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    const earlier = earlierIn(outcome.answer);
    if (earlier !== undefined) return this.repeated(tenantId, earlier, { command, asked });
    if (outcome.answer.kind === 'refused') return keyNotLookedUp();
    const committed = outcome.entries[0];
    if (committed === undefined) throw new Error('a token was neither consumed nor refused');
    const { entry } = committed;
    if (entry.type === 'token_refused') return this.refuse(refusedCode(entry));
    this.deps.onEvent('consumed');
    const consumed = consumedToken(entry);
    const approval = (await this.deps.approvals.current(tenantId)).state.approvals.get(consumed.approval_id);
    if (approval === undefined) return problemOf('approval_not_found');
    const reference = entryReferenceOf(committed.origin, committed.entry);
    return done({ approval, consumed, entry: reference, isReplayed: false });
  }

  private refuse(code: ConsumeCode): UseCaseResult<Consumed> {
    this.deps.onEvent(refusedTokenEvent(code));
    return problemOf(code);
  }

  /** The same key got its 200 before; for another payload it stands for something else. */
  private async repeated(
    tenantId: string,
    revision: bigint,
    { command, asked }: { readonly command: ConsumeToken; readonly asked: Told },
  ): Promise<UseCaseResult<Consumed>> {
    const first = await firstAnswer(this.deps, tenantId, revision);
    if (first.keyed.payload_hash !== command.idempotency.payload_hash) return keyConflict(first, asked);
    const { approval, answer } = first;
    const entry = entryReferenceOf(originOf(this.deps.logHost, tenantId, 'approvals'), answer);
    return done({ approval, consumed: consumedToken(answer), entry, isReplayed: true });
  }
}

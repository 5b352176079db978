import {
  type Approval,
  type ApprovalsEntry,
  type ApprovalsState,
  type ConsumeCode,
  type ConsumeToken,
  type ExpectedBinding,
  formatUsd4,
  formatUsd6,
  instantOf,
  labelOf,
  type MicroUsd,
  normaliseEnvironment,
  type RefusedTokenEvent,
  refusedTokenEvent,
  sha256Hex,
} from '@verdict/domain';
import { consumedToken, refusedCode } from '../journals/entries.codec.js';
import type { EntryLog } from '../journals/entry-log.js';
import { journalName, originOf } from '../journals/kinds.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { Clock, Ids } from '../ports/system.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import type { ApprovalTokens } from './approval-tokens.js';
import type { ApprovalsAnswer, ApprovalsServiceCommand } from './approvals-service.js';
import { approvalCallerOf } from './manage-approvals.js';

export interface ConsumeDeps {
  readonly approvals: ServiceHost<ApprovalsState, ApprovalsServiceCommand, ApprovalsAnswer>;
  readonly tokens: ApprovalTokens;
  readonly log: EntryLog;
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
    const idempotency = keyedBy(meta, {
      operation: 'consume',
      token_sha256: sha256Hex(input.token),
      source: input.source,
      project_id: input.projectId,
      environment: input.environment,
      request_fingerprint: input.requestFingerprint,
      resource_reference: input.resourceReference,
      monthly: input.monthly === null ? null : formatUsd4(input.monthly),
      hourly: input.hourly === null ? null : formatUsd6(input.hourly),
    });
    return this.run({ token: read, expected: expectedOf(input), idempotency }, meta);
  }

  /** Row 1: what could not even be read as a request is refused in the ledger of the caller, too. */
  async refuseShape(meta: RequestMeta): Promise<void> {
    const idempotency = keyedBy(meta, { operation: 'consume', malformed: true });
    await this.run(
      { token: { kind: 'unreadable', code: 'validation_failed' }, expected: null, idempotency },
      { ...meta, key: null },
    );
  }

  /** An approval granted a moment ago elsewhere is in the journal, if not yet in memory. */
  private async seeApproval(tenantId: string, approvalId: string): Promise<void> {
    const { state } = await this.deps.approvals.current(tenantId);
    if (state.approvals.get(approvalId)?.status !== 'granted') await this.deps.approvals.caughtUp(tenantId);
  }

  private async run(
    given: Pick<ConsumeToken, 'token' | 'expected' | 'idempotency'>,
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
    };
    const outcome = await this.deps.approvals.execute(tenantId, command, contextOf(meta, this.deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    if (outcome.answer.kind === 'refused') return problemOf(outcome.answer.refusal.code);
    if (outcome.answer.kind === 'replay') return this.replay(tenantId, outcome.answer.revision);
    const committed = outcome.entries[0];
    if (committed === undefined) throw new Error('a token was neither consumed nor refused');
    const { entry } = committed;
    if (entry.type === 'token_refused') return this.refuse(refusedCode(entry));
    this.deps.onEvent('consumed');
    return this.consumed(consumedToken(entry), {
      tenantId,
      reference: entryReferenceOf(committed.origin, committed.entry),
      isReplayed: false,
    });
  }

  private refuse(code: ConsumeCode): UseCaseResult<Consumed> {
    this.deps.onEvent(refusedTokenEvent(code));
    return problemOf(code);
  }

  private async replay(tenantId: string, revision: bigint): Promise<UseCaseResult<Consumed>> {
    for await (const entry of this.deps.log.read(journalName('approvals', tenantId), revision, 1)) {
      const reference = entryReferenceOf(originOf(this.deps.logHost, tenantId, 'approvals'), entry);
      return this.consumed(consumedToken(entry), { tenantId, reference, isReplayed: true });
    }
    throw new Error('a consumption was folded and is not in the log');
  }

  private async consumed(
    payload: Consumed['consumed'],
    at: { readonly tenantId: string; readonly reference: EntryReference; readonly isReplayed: boolean },
  ): Promise<UseCaseResult<Consumed>> {
    const approval = (await this.deps.approvals.current(at.tenantId)).state.approvals.get(payload.approval_id);
    if (approval === undefined) return problemOf('approval_not_found');
    return done({ approval, consumed: payload, entry: at.reference, isReplayed: at.isReplayed });
  }
}

import {
  type DecisionId,
  instantOf,
  type Json,
  type MicroUsd,
  microUsd,
  NOTHING,
  type ReservationsEntry,
  type SweepAction,
  SWEPT_AT_ONCE,
  sweepTerms,
  usdOf,
} from '@verdict/domain';
import { reservationsEntryOf } from '../journals/entries.codec.js';
import { originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import type { Clock, Ids } from '../ports/system.js';
import type { Told } from '../shared/differing-members.js';
import { contextOf, keyedBy, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { refusedUnderKey } from './key-conflict.js';
import {
  executeUnderReservationsKey,
  type KeyedReconciliationDeps,
  reservationsEntryAt,
} from './under-reservations-key.js';

export interface SweepDeps extends KeyedReconciliationDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
}

export interface SweepInput {
  /** null: as policy says. */
  readonly olderThanSeconds: number | null;
  readonly limit: number;
  readonly action: SweepAction | null;
}

export interface Swept {
  readonly swept: Extract<ReservationsEntry, { type: 'overdue_swept' }>['payload'];
  readonly entry: EntryReference;
  readonly isReplayed: boolean;
}

interface Part {
  readonly decisionIds: readonly DecisionId[];
  readonly total: MicroUsd;
}

const partOf = (entries: readonly ReservationsEntry[]): Part =>
  entries.reduce<Part>(
    (part, { type, payload }) => {
      if (type !== 'reservation_assumed_spent' && type !== 'reservation_released') return part;
      const amount = type === 'reservation_assumed_spent' ? payload.total_usd : payload.released_usd;
      return {
        decisionIds: [...part.decisionIds, payload.decision_id],
        total: microUsd(part.total + usdOf(amount)),
      };
    },
    { decisionIds: [], total: NOTHING },
  );

/** What makes a sweep recognisable: as it was sent, whatever policy says of the rest. */
const sentOf = ({ olderThanSeconds, limit, action }: SweepInput): Told & Json => ({
  operation: 'sweep',
  older_than_seconds: olderThanSeconds,
  limit,
  action,
});

/** Ends overdue holds when somebody asks for it, as many appends as that takes, and records who did. */
export class SweepReservations {
  constructor(private readonly deps: SweepDeps) {}

  async sweep(input: SweepInput, meta: RequestMeta): Promise<UseCaseResult<Swept>> {
    const { tenantId } = meta.caller;
    const now = instantOf(this.deps.clock.nowMs());
    const caught = await this.deps.reconciliation.caughtUp(tenantId).catch(nothingWhileAway);
    if (caught === undefined) return notCommitted({ kind: 'unavailable' });
    const terms = sweepTerms(caught.state, now);
    if (terms === undefined) return problemOf('not_found', { detail: 'the tenant has no policy yet' });
    const asked = {
      olderThanSeconds: input.olderThanSeconds ?? terms.olderThanSeconds,
      action: input.action ?? terms.action,
      limit: input.limit,
    };
    const sent = sentOf(input);
    const swept = await this.sweepParts(asked, sent, meta);
    if ('kind' in swept) return swept;
    return this.finish({ ...asked, swept }, sent, meta);
  }

  /**
   * Part by part, since an append has its limit; fewer than fit into one: nothing more is to be ended. Each part has the
   * key, so that two at work under one key, or one that comes again, together end no more than was asked for.
   */
  private async sweepParts(
    asked: { readonly olderThanSeconds: number; readonly action: SweepAction; readonly limit: number },
    sent: Told & Json,
    meta: RequestMeta,
  ): Promise<Part | UseCaseResult<never>> {
    const { clock, ids } = this.deps;
    let sum: Part = { decisionIds: [], total: NOTHING };
    while (sum.decisionIds.length < asked.limit) {
      const command = {
        kind: 'sweep_overdue' as const,
        ...asked,
        limit: meta.key === null ? asked.limit - sum.decisionIds.length : asked.limit,
        by: meta.caller.subject,
        now: instantOf(clock.nowMs()),
        idempotency: keyedBy(meta, sent),
      };
      const outcome = await executeUnderReservationsKey(this.deps, command, meta, contextOf(meta, ids.uuid()));
      if (outcome.kind !== 'committed') return notCommitted(outcome);
      if (outcome.answer.kind !== 'accepted') break; // Finished by another, or not this sweep's key: see `finish`.
      const part = partOf(outcome.entries.map(({ entry }) => reservationsEntryOf(entry)));
      sum = {
        decisionIds: [...sum.decisionIds, ...part.decisionIds],
        total: microUsd(sum.total + part.total),
      };
      if (part.decisionIds.length < SWEPT_AT_ONCE) break;
    }
    return sum;
  }

  private async finish(
    totals: {
      readonly olderThanSeconds: number;
      readonly action: SweepAction;
      readonly limit: number;
      readonly swept: Part;
    },
    asked: Told & Json,
    meta: RequestMeta,
  ): Promise<UseCaseResult<Swept>> {
    const { clock, ids, logHost } = this.deps;
    const { tenantId, subject } = meta.caller;
    const command = {
      kind: 'finish_sweep' as const,
      sweepId: ids.uuid(),
      ...totals,
      by: subject,
      now: instantOf(clock.nowMs()),
      idempotency: keyedBy(meta, asked),
    };
    const outcome = await executeUnderReservationsKey(this.deps, command, meta, contextOf(meta, ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    const { answer } = outcome;
    if (answer.kind === 'refused') return refusedUnderKey(this.deps, tenantId, answer.refusal, asked);
    const fresh = outcome.entries[0]?.entry;
    const entry =
      fresh ?? (answer.kind === 'replay' ? await reservationsEntryAt(this.deps, tenantId, answer.revision) : undefined);
    const swept = entry === undefined ? undefined : reservationsEntryOf(entry);
    if (entry === undefined || swept?.type !== 'overdue_swept')
      throw new Error('a sweep was accepted without an entry');
    const reference = entryReferenceOf(originOf(logHost, tenantId, 'reservations'), entry);
    return done({ swept: swept.payload, entry: reference, isReplayed: fresh === undefined });
  }
}

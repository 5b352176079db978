import {
  approvalIdOf,
  type AskForChange,
  budgetIdOf,
  type DecisionRecorded,
  decisionIdOf,
  emptyGate,
  formatUsd4,
  formatUsd6,
  type GateState,
  type Instant,
  jcsText,
  labelOf,
  normaliseEnvironment,
  payloadHash,
  type PolicyDocument,
  REMOVAL_ACTION,
  type RuleEngine,
  sha256Hex,
} from '@verdict/domain';
import { readEvidence, type ReadEvidence } from '../gate/evidence.js';
import { gateService } from '../gate/gate-service.js';
import { asCanonical, recordedDecision } from '../journals/entries.codec.js';
import type { JournalKind } from '../journals/kinds.js';
import type { UseCaseResult } from '../shared/refusal.js';
import type { CaseGiven, CaseQuestion } from './policy-case.js';

const TENANT = 'policy-test';
const AUTHOR = 'policy-test';
const UNKEYED = { key: null, payload_hash: sha256Hex('') };

/** Ids of a case count up, so that a case has one outcome. */
const idOf = (count: number): string => `00000000-0000-7000-8000-${count.toString(16).padStart(12, '0')}`;

/** The gate of a tenant that has this policy and nothing but what is given; folds entries, writes none. */
export class CaseWorld {
  private state: GateState = emptyGate;
  private readonly heads = new Map<JournalKind, bigint>();
  private ids = 0;
  private versions = 0;

  constructor(
    document: PolicyDocument,
    private readonly now: Instant,
    private readonly rules: RuleEngine,
  ) {
    this.publish(document);
  }

  /** From here on this policy decides; what was decided before stays. */
  publish(document: PolicyDocument): void {
    this.versions += 1;
    this.fold('policy', 'policy_published', {
      version: this.versions,
      document,
      document_sha256: sha256Hex(jcsText(asCanonical(document))),
      message: 'tested',
      author: AUTHOR,
      published_at: this.now,
      effective_from: this.now,
      rolled_back_to: null,
      idempotency: UNKEYED,
    });
  }

  private id(): string {
    this.ids += 1;
    return idOf(this.ids);
  }

  private fold(kind: JournalKind, type: string, payload: unknown): void {
    const revision = (this.heads.get(kind) ?? -1n) + 1n;
    this.heads.set(kind, revision);
    this.state = gateService.evolve(this.state, kind, { type, payload, revision });
  }

  give({ priceBook, budgets, credits }: CaseGiven): void {
    if (priceBook !== null) this.givePriceBook(priceBook);
    for (const { scope, period, limit, monthsCharged } of budgets) {
      this.fold('policy', 'budget_set', {
        budget_id: budgetIdOf(this.id()),
        version: 1,
        scope,
        period,
        limit_usd: formatUsd4(limit),
        months_charged: monthsCharged,
        owner: null,
        active: true,
        set_by: AUTHOR,
        set_at: this.now,
        idempotency: UNKEYED,
      });
    }
    for (const { pool, scope, total, priority } of credits) {
      this.fold('policy', 'credit_granted', {
        credit_id: this.id(),
        pool,
        scope,
        total_amount_usd: formatUsd4(total),
        priority,
        expires_at: null,
        reason: 'given',
        owner: null,
        granted_by: AUTHOR,
        granted_at: this.now,
        idempotency: UNKEYED,
      });
    }
  }

  private givePriceBook(book: NonNullable<CaseGiven['priceBook']>): void {
    this.fold('policy', 'price_book_published', {
      version: book.version,
      book,
      book_sha256: sha256Hex(jcsText(asCanonical(book))),
      published_by: AUTHOR,
      published_at: this.now,
      idempotency: UNKEYED,
    });
  }

  /** Decides a question and folds what it makes; undefined: it is not decided. */
  decide(question: CaseQuestion): UseCaseResult<DecisionRecorded | undefined> {
    const read = readEvidence(question.documents);
    if (read.kind === 'problem') return read;
    const { entries } = gateService.decide(this.command(question, read.value), this.state);
    for (const { type, payload } of entries) this.fold('decisions', type, payload);
    const last = entries.at(-1);
    return { kind: 'done', value: last === undefined ? undefined : recordedDecision(last) };
  }

  private command(question: CaseQuestion, read: ReadEvidence): AskForChange {
    const { monthly, hourly, requester, isDryRun } = question;
    const raw = normaliseEnvironment(question.environment);
    const request: AskForChange['request'] = {
      action: question.action,
      declared_hourly_delta_usd: hourly === null ? null : formatUsd6(hourly),
      declared_monthly_delta_usd: monthly === null ? null : formatUsd4(monthly),
      environment_label: labelOf(raw),
      environment_raw: raw,
      justification: null,
      justification_length: 0,
      metadata: question.metadata,
      options: read.options,
      project_id: question.projectId,
      resource_reference: question.resourceReference,
      run: null,
      source: question.source,
      ticket: null,
    };
    return {
      kind: 'ask_for_change',
      decisionId: decisionIdOf(this.id()),
      approvalId: approvalIdOf(this.id()),
      salt: '',
      now: this.now,
      key: { scope: question.source, text: this.id(), isDerived: false },
      payloadHash: payloadHash({ tenantId: TENANT, dryRun: isDryRun, request }),
      request,
      requester: {
        subject: requester.subject,
        on_behalf_of: requester.onBehalfOf,
        kind: requester.kind,
        roles: requester.roles,
        groups: requester.groups,
      },
      isDryRun,
      isRemoval: question.source === 'k8s_admission' && question.action === REMOVAL_ACTION,
      channel: question.source === 'k8s_admission' ? 'grant' : 'token',
      claim: { method: 'declared', monthly, hourly, isInvalid: false },
      evidence: read.evidence,
      report: read.report,
      rules: this.rules,
      expectedFingerprint: null,
      rememberedAnswer: null,
    };
  }
}

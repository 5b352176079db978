import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import type { JsonValue } from '../json/json-value.js';
import type { LedgerEntry } from '../entry/read-entry.js';
import { toHex } from '../hash.js';
import { csvRecord } from './csv.js';
import type { ViewFile } from './layout.js';

/** A column and where its value is in the payload; of several places the first that exists. */
type Column = readonly [name: string, ...paths: readonly string[]];

export interface View {
  readonly file: ViewFile;
  /** Journal the view is made from: one row per entry, so that rows can be counted against entries. */
  readonly kind: string;
  readonly columns: readonly Column[];
  /** How many of the columns each earlier release wrote: new ones are put at the end. */
  readonly earlier: readonly number[];
}

const ENVELOPE_COLUMNS = ['revision', 'type', 'recorded_at', 'actor_kind', 'actor_id'] as const;

/** Columns follow the payloads of each journal. One that is added goes to the end, and `earlier` says where a release ended. */
export const VIEWS: readonly View[] = [
  {
    file: 'views/decisions.csv',
    kind: 'decisions',
    earlier: [31],
    columns: [
      ['decision_id', 'decision_id'],
      ['decision', 'decision'],
      ['finding', 'finding'],
      ['reason_codes', 'reason_codes'],
      ['mode', 'mode'],
      ['mode_scope', 'mode_scope'],
      ['source', 'request.source'],
      ['action', 'request.action'],
      ['resource_reference', 'request.resource_reference'],
      ['project_id', 'request.project_id'],
      ['environment_label', 'request.environment_label'],
      ['environment_class', 'request.environment_class'],
      ['requester', 'requester.subject'],
      ['on_behalf_of', 'requester.on_behalf_of'],
      ['dry_run', 'dry_run'],
      ['policy_version', 'policy_version'],
      ['policy_document_sha256', 'policy_document_sha256'],
      ['monthly_delta_usd', 'cost.monthly_delta_usd'],
      ['cost_method', 'cost.method'],
      ['cost_completeness', 'cost.completeness'],
      ['hold_total_usd', 'hold.total_usd'],
      ['unfunded_usd', 'hold.unfunded_usd'],
      ['exposure_usd', 'exposure_usd'],
      ['approval_id', 'approval.approval_id'],
      ['supersedes', 'supersedes'],
      ['cause', 'cause'],
      ['released_usd', 'released_usd'],
      ['request_fingerprint', 'request_fingerprint'],
      ['decided_at', 'decided_at'],
      ['expires_at', 'expires_at'],
      ['ended_at', 'voided_at', 'expired_at'],
      ['happened_at', 'decided_at', 'voided_at', 'expired_at', 'reduced_at', 'reanswered_at'],
      ['would_be', 'would_be.decision'],
      ['risk_class', 'risk.class'],
      ['rules_matched', 'rules_matched'],
      ['exceptions_used', 'exceptions_used'],
      ['auto_approved_usd', 'auto_approved_usd'],
      ['legs', 'hold.legs', 'legs'],
      ['channel', 'channel'],
      ['grant_approval_id', 'grant_use.approval_id'],
      ['grant_decision_id', 'grant_use.decision_id'],
      ['grant_use', 'grant_use.use'],
      ['batch_index', 'batch.index'],
      ['batch_rolled_back', 'batch.rolled_back'],
      ['integration_id', 'integration_id', 'request.run.task.integration_id'],
      ['run_id', 'run_id', 'request.run.run_id'],
      ['stage', 'stage', 'request.run.stage'],
      ['answered_by_revision', 'decision_revision'],
      ['is_permitted', 'is_permitted'],
      ['needs_approval', 'needs_approval'],
    ],
  },
  {
    file: 'views/approvals.csv',
    kind: 'approvals',
    earlier: [21],
    columns: [
      ['approval_id', 'approval_id'],
      ['decision_id', 'decision_id'],
      [
        'happened_at',
        ...[
          'requested',
          'filed',
          'voted',
          'granted',
          'denied',
          'expired',
          'withdrawn',
          'issued',
          'consumed',
          'refused',
          'used_up',
        ].map((verb) => `${verb}_at`),
      ],
      [
        'happened_by',
        'filed_by',
        'voter',
        'withdrawn_by',
        'issued_to',
        'consumed_by',
        'refused_to',
        'requester.subject',
      ],
      ['stage_id', 'stage_id'],
      ['vote', 'vote'],
      ['quorum', 'terms.quorum'],
      ['is_separation_required', 'terms.is_separation_required'],
      ['monthly_delta_usd', 'monthly_delta_usd'],
      ['cap_monthly_delta_usd', 'terms.cap_monthly_delta_usd'],
      ['hold_usd', 'hold_usd'],
      ['unfunded_usd', 'unfunded_usd', 'terms.unfunded_usd'],
      ['policy_version', 'policy_version'],
      ['ticket', 'ticket'],
      ['approve_by', 'approve_by'],
      ['use_by', 'use_by'],
      ['jti', 'jti'],
      ['token_sha256', 'token_sha256'],
      ['expires_at', 'expires_at'],
      ['cause', 'cause'],
      ['code', 'code'],
      ['decision', 'decision'],
      ['decision_revision', 'decision_revision'],
      ['reason_codes', 'reason_codes'],
      ['hourly_delta_usd', 'hourly_delta_usd'],
      ['justification_length', 'justification_length'],
      ['channel', 'terms.channel'],
      ['routing_rule', 'terms.routing_rule'],
      ['stages', 'stages'],
      ['uses', 'uses'],
      ['last_use', 'last_use'],
      ['supersedes_jti', 'supersedes_jti'],
      ['kid', 'kid'],
    ],
  },
  {
    file: 'views/reservations.csv',
    kind: 'reservations',
    earlier: [17],
    columns: [
      ['decision_id', 'decision_id'],
      ['status', 'status'],
      ['expected_usd', 'expected_usd'],
      ['actual_usd', 'actual_usd', 'actual_monthly_delta_usd'],
      ['drift_usd', 'drift_usd'],
      ['overrun_usd', 'overrun_usd'],
      ['amount_usd', 'amount_usd'],
      ['legs', 'legs'],
      ['exception_id', 'exception_id'],
      ['exception_kind', 'kind'],
      ['direction', 'direction'],
      ['owner', 'owner'],
      ['resolution', 'resolution'],
      ['trigger', 'trigger'],
      [
        'happened_at',
        ...['settled', 'recorded', 'found', 'opened', 'resolved', 'swept', 'corrected', 'imported'].map(
          (verb) => `${verb}_at`,
        ),
      ],
      [
        'happened_by',
        ...['settled', 'recorded', 'resolved', 'swept', 'corrected', 'imported'].map((verb) => `${verb}_by`),
      ],
      ['due_at', 'due_at'],
      ['cause', 'cause'],
      ['booked_at', 'booked_at'],
      ['assumed_usd', 'total_usd', 'total_settled_usd'],
      ['released_usd', 'released_usd', 'total_released_usd'],
      ['action', 'action'],
      ['older_than_seconds', 'older_than_seconds'],
      ['sweep_id', 'sweep_id'],
      ['limit', 'limit'],
      ['settled_count', 'settled_count'],
      ['released_count', 'released_count'],
      ['decision_ids', 'decision_ids'],
      ['import_id', 'import_id'],
      ['part', 'part'],
      ['parts', 'parts'],
    ],
  },
  {
    file: 'views/policy_changes.csv',
    kind: 'policy',
    earlier: [16],
    columns: [
      ['version', 'version'],
      ['document_sha256', 'document_sha256', 'book_sha256'],
      ['budget_id', 'budget_id'],
      ['scope', 'scope'],
      ['period', 'period'],
      ['limit_usd', 'limit_usd'],
      ['months_charged', 'months_charged'],
      ['active', 'active'],
      ['exception_id', 'exception_id'],
      ['decision_id', 'decision_id'],
      ['approval_id', 'approval_id'],
      ['message', 'message'],
      ['rolled_back_to', 'rolled_back_to'],
      ['effective_from', 'effective_from'],
      [
        'happened_at',
        ...['published', 'set', 'granted', 'cancelled', 'revoked', 'created', 'rotated', 'retired'].map(
          (verb) => `${verb}_at`,
        ),
      ],
      [
        'happened_by',
        'author',
        ...['set', 'published', 'granted', 'cancelled', 'revoked', 'created', 'rotated', 'retired'].map(
          (verb) => `${verb}_by`,
        ),
      ],
      ['kind', 'kind', 'terms.kind'],
      ['role', 'role'],
      ['cohort_percent', 'cohort_percent', 'rollout.cohort_percent'],
      ['basis', 'basis'],
      ['credit_savings', 'credit_savings'],
      ['alert_percents', 'alert_percents'],
      ['owner', 'owner'],
      ['credit_id', 'credit_id'],
      ['pool', 'pool'],
      ['priority', 'priority'],
      ['amount_usd', 'total_amount_usd', 'revoked_usd'],
      ['waives', 'waives'],
      ['max_monthly_delta_usd', 'max_monthly_delta_usd'],
      ['max_uses', 'max_uses'],
      ['reason', 'reason'],
      ['ticket', 'ticket'],
      ['expires_at', 'expires_at'],
      ['integration_id', 'integration_id'],
      ['name', 'name'],
      ['previous_valid_until', 'previous_valid_until'],
    ],
  },
];

/** The views that a verifier may meet in a file: as this release writes it, and as earlier ones did. */
export const viewsEverWritten = (view: View): readonly View[] => [
  view,
  ...view.earlier.map((count) => ({ ...view, columns: view.columns.slice(0, count) })),
];

export const viewOf = (kind: string): View | undefined => VIEWS.find((view) => view.kind === kind);

/** First line of a view, with its CRLF. */
export const viewHeader = ({ columns }: View): string =>
  csvRecord([...ENVELOPE_COLUMNS, ...columns.map(([name]) => name), 'leaf_hash']);

/** The line of one entry, with its CRLF. `leaf`: 32 raw bytes. */
export const viewRow = ({ columns }: View, { envelope, payload }: LedgerEntry, leaf: Uint8Array): string =>
  csvRecord([
    envelope.revision.toString(),
    envelope.type,
    envelope.recorded_at,
    envelope.actor.kind,
    envelope.actor.id,
    ...columns.map(([, ...paths]) => cellText(firstAt(payload, paths))),
    toHex(leaf),
  ]);

const firstAt = (payload: JsonValue, paths: readonly string[]): JsonValue => {
  for (const path of paths) {
    const value = valueAt(payload, path);
    if (value !== undefined) return value;
  }
  return null;
};

const valueAt = (payload: JsonValue, path: string): JsonValue | undefined => {
  let value: JsonValue | undefined = payload;
  for (const key of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
};

/** null is empty, a list of words is separated by spaces, anything nested is its canonical text. */
const cellText = (value: JsonValue): string => {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  const items = Array.isArray(value) ? (value as readonly JsonValue[]) : undefined;
  if (items?.every((item) => typeof item === 'string') === true) return items.join(' ');
  return canonicalText(value);
};

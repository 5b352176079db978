import { canonicalText } from '../json/canonical.js';
import { isJsonObject } from '../json/json-value.js';
import { toHex } from '../hash.js';
import { csvRecord } from './csv.js';
const ENVELOPE_COLUMNS = ['revision', 'type', 'recorded_at', 'actor_kind', 'actor_id'];
/** Columns follow the payloads of each journal. Adding one changes the bytes of every later bundle, never of an old one. */
export const VIEWS = [
    {
        file: 'views/decisions.csv',
        kind: 'decisions',
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
        ],
    },
    {
        file: 'views/approvals.csv',
        kind: 'approvals',
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
        ],
    },
    {
        file: 'views/reservations.csv',
        kind: 'reservations',
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
            ['happened_at', 'settled_at', 'recorded_at', 'found_at', 'opened_at', 'resolved_at'],
            ['happened_by', 'settled_by', 'recorded_by', 'resolved_by'],
            ['due_at', 'due_at'],
        ],
    },
    {
        file: 'views/policy_changes.csv',
        kind: 'policy',
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
            ['happened_at', 'published_at', 'set_at', 'granted_at'],
            ['happened_by', 'author', 'set_by', 'published_by'],
        ],
    },
];
export const viewOf = (kind) => VIEWS.find((view) => view.kind === kind);
/** First line of a view, with its CRLF. */
export const viewHeader = ({ columns }) => csvRecord([...ENVELOPE_COLUMNS, ...columns.map(([name]) => name), 'leaf_hash']);
/** The line of one entry, with its CRLF. `leaf`: 32 raw bytes. */
export const viewRow = ({ columns }, { envelope, payload }, leaf) => csvRecord([
    envelope.revision.toString(),
    envelope.type,
    envelope.recorded_at,
    envelope.actor.kind,
    envelope.actor.id,
    ...columns.map(([, ...paths]) => cellText(firstAt(payload, paths))),
    toHex(leaf),
]);
const firstAt = (payload, paths) => {
    for (const path of paths) {
        const value = valueAt(payload, path);
        if (value !== undefined)
            return value;
    }
    return null;
};
const valueAt = (payload, path) => {
    let value = payload;
    for (const key of path.split('.')) {
        if (!isJsonObject(value) || !Object.hasOwn(value, key))
            return undefined;
        value = value[key];
    }
    return value;
};
/** null is empty, a list of words is separated by spaces, anything nested is its canonical text. */
const cellText = (value) => {
    if (value === null)
        return '';
    if (typeof value === 'string')
        return value;
    const items = Array.isArray(value) ? value : undefined;
    if (items?.every((item) => typeof item === 'string') === true)
        return items.join(' ');
    return canonicalText(value);
};
//# sourceMappingURL=views.js.map
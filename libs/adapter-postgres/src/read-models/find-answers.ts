import type { DecisionRow } from '@verdict/application';
import type { QueryResultRow } from 'pg';
import { openPool } from '../shared/pool.js';
import { textArray } from '../journals/binary-arrays.js';
import { coalesce } from '../journals/coalesce.js';

export interface KeyQuestion {
  readonly tenantId: string;
  readonly scope: string;
  readonly text: string;
}

interface AnswerRecord extends QueryResultRow {
  readonly n: string;
  readonly decision_id: string;
  readonly revision: string;
  readonly decided_at: string;
  readonly expires_at: string;
  readonly project_id: string;
  readonly environment_class: string;
  readonly source: string;
  readonly resource_reference: string;
  readonly decision: string;
  readonly reason_codes: readonly string[];
  readonly monthly_delta_usd: string | null;
  readonly hold_usd: string;
  readonly request_fingerprint: string;
  readonly payload_hash: string;
  readonly approval_id: string | null;
  readonly is_dry_run: boolean;
  readonly hold_state: DecisionRow['holdState'];
}

const answerOf = ({ tenantId, scope, text }: KeyQuestion, record: AnswerRecord): DecisionRow => ({
  tenantId,
  decisionId: record.decision_id,
  revision: BigInt(record.revision),
  decidedAt: record.decided_at,
  expiresAt: record.expires_at,
  projectId: record.project_id,
  environmentClass: record.environment_class,
  source: record.source,
  resourceReference: record.resource_reference,
  decision: record.decision,
  reasonCodes: record.reason_codes,
  monthlyDeltaUsd: record.monthly_delta_usd,
  holdUsd: record.hold_usd,
  requestFingerprint: record.request_fingerprint,
  keyScope: scope,
  keyText: text,
  payloadHash: record.payload_hash,
  approvalId: record.approval_id,
  isDryRun: record.is_dry_run,
  holdState: record.hold_state,
});

const COLUMNS = [
  ...[
    'decision_id',
    'revision',
    'decided_at',
    'expires_at',
    'project_id',
    'environment_class',
    'source',
    'resource_reference',
  ],
  ...[
    'decision',
    'reason_codes',
    'monthly_delta_usd',
    'hold_usd',
    'request_fingerprint',
    'payload_hash',
    'approval_id',
  ],
  ...['is_dry_run', 'hold_state'],
];

/** One look into the index per key. The first comparison is that of the index, the second is the exact one. */
const textFor = (schema: string): string => `
SELECT k.n, ${COLUMNS.map((column) => `d.${column}`).join(', ')}
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k (tenant_id, scope, key_text, n)
 CROSS JOIN LATERAL (
   SELECT * FROM ${schema}.decisions
    WHERE tenant_id = k.tenant_id AND key_scope = k.scope
      AND left(key_text, 500) = left(k.key_text, 500) AND key_text = k.key_text
    ORDER BY revision DESC LIMIT 1) AS d`;

export interface AnswerFinder {
  /** In the order asked; undefined for a key that got no answer. */
  find(questions: readonly KeyQuestion[]): Promise<readonly (DecisionRow | undefined)[]>;
  close(): Promise<void>;
}

/**
 * Newest answers by key. The gate asks once per new decision, so this goes past the ORM: prepared, and what is asked at
 * the same moment, by whomever, travels together.
 */
export const openAnswerFinder = (url: string, schema: string, applicationName: string): AnswerFinder => {
  const pool = openPool({
    connectionString: url,
    application_name: applicationName,
    max: 2,
    connectionTimeoutMillis: 2_000,
    query_timeout: 3_000,
    keepAlive: true,
    options: '-c statement_timeout=2000 -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off',
  });
  const text = textFor(schema);
  const ask = async (questions: readonly KeyQuestion[]): Promise<readonly (DecisionRow | undefined)[]> => {
    const values = [
      textArray(questions.map(({ tenantId }) => tenantId)),
      textArray(questions.map(({ scope }) => scope)),
      textArray(questions.map((question) => question.text)),
    ];
    const { rows } = await pool.query<AnswerRecord>({ name: 'find_answers', text, values });
    const byNumber = new Map(rows.map((record) => [record.n, record] as const));
    return questions.map((question, index) => {
      const record = byNumber.get(String(index + 1));
      return record === undefined ? undefined : answerOf(question, record);
    });
  };
  const askTogether = coalesce(ask);
  return {
    find: (questions) => Promise.all(questions.map(askTogether)),
    close: () => pool.end(),
  };
};

import type { RecordedRequest } from '../decisions/decisions.entries.js';
import type { HourlyUsdText, Sha256Hex, UsdText } from './brand.js';
import { jcsText, type CanonicalJson } from './jcs.js';
import { sha256Hex } from './sha256.js';

/** What a change is, whatever it costs. `metadata` is RFC 8785 text already, as entries store it. */
export type ChangeIdentity = Pick<
  RecordedRequest,
  'source' | 'project_id' | 'environment_label' | 'action' | 'resource_reference' | 'metadata'
>;

/** The text of a change around its deltas. */
interface IdentityText {
  readonly before: string;
  readonly after: string;
}

/**
 * RFC 8785 text of the fingerprint input. Written out member by member in code-unit order, so that the metadata's
 * canonical text is spliced in and never parsed again.
 */
const identityText = (change: ChangeIdentity): IdentityText => ({
  before: `{"action":${jcsText(change.action)},"environment":${jcsText(change.environment_label)},`,
  after:
    `"metadata":${change.metadata},"project_id":${jcsText(change.project_id)},` +
    `"resource_reference":${jcsText(change.resource_reference)},"source":${jcsText(change.source)}}`,
});

const withDeltas = ({ before, after }: IdentityText, hourly: string | null, monthly: string | null): string =>
  `${before}"estimated_hourly_delta_usd":${jcsText(hourly)},"estimated_monthly_delta_usd":${jcsText(monthly)},${after}`;

/** The deltas that the decision used; null where the cost is unknown. */
export interface DecidedDeltas {
  readonly monthly_delta_usd: UsdText | null;
  readonly hourly_delta_usd: HourlyUsdText | null;
}

const fingerprintOf = (text: IdentityText, { hourly_delta_usd: hourly, monthly_delta_usd: monthly }: DecidedDeltas) =>
  sha256Hex(withDeltas(text, hourly ?? 'unknown', monthly ?? 'unknown'));
const subjectOf = ({ before, after }: IdentityText): Sha256Hex => sha256Hex(before + after);

/**
 * What an approval binds to: the change and what it costs.
 *
 * @returns SHA-256 hex; an unknown amount takes part as the text "unknown", never as 0.
 * @source contract section 6.2 (vectors V1 to V3)
 */
export const requestFingerprint = (change: ChangeIdentity, deltas: DecidedDeltas): Sha256Hex =>
  fingerprintOf(identityText(change), deltas);

/** The fingerprint without both deltas: the same thing at whatever cost. @source contract section 6.2 (vector S1) */
export const subjectHash = (change: ChangeIdentity): Sha256Hex => subjectOf(identityText(change));

/** {@link requestFingerprint} and {@link subjectHash} of one change, whose text is written once for both. */
export const changeHashes = (
  change: ChangeIdentity,
  deltas: DecidedDeltas,
): { readonly fingerprint: Sha256Hex; readonly subject: Sha256Hex } => {
  const text = identityText(change);
  return { fingerprint: fingerprintOf(text, deltas), subject: subjectOf(text) };
};

/** The request as it was sent, normalised; what the caller claims, not what the gate found. */
export interface SentPayload {
  readonly tenantId: string;
  readonly dryRun: boolean;
  readonly request: ChangeIdentity &
    Pick<RecordedRequest, 'environment_raw' | 'declared_monthly_delta_usd' | 'declared_hourly_delta_usd' | 'options'>;
}

/**
 * What idempotency compares. It has the amounts as sent, so a new price book cannot break a retry.
 *
 * @returns SHA-256 hex of `{v, tenant_id, dry_run, environment_raw, fingerprint_input, options}`.
 * @source contract section 6.2 (vectors P1, P2)
 */
export const payloadHash = ({ tenantId, dryRun, request }: SentPayload): Sha256Hex => {
  const text = identityText(request);
  const input = withDeltas(text, request.declared_hourly_delta_usd, request.declared_monthly_delta_usd);
  return sha256Hex(
    `{"dry_run":${jcsText(dryRun)},"environment_raw":${jcsText(request.environment_raw)},"fingerprint_input":${input},` +
      `"options":${jcsText(request.options)},"tenant_id":${jcsText(tenantId)},"v":1}`,
  );
};

/** Where a key comes from when the caller sent none. */
export type KeySource =
  | {
      readonly kind: 'preflight';
      readonly runId: string;
      readonly stage: string;
      readonly change: Pick<RecordedRequest, 'project_id' | 'environment_raw' | 'action' | 'resource_reference'>;
    }
  | { readonly kind: 'run_task'; readonly taskResultId: string }
  | {
      readonly kind: 'admission_review';
      readonly clusterId: string;
      readonly fingerprint: Sha256Hex;
      readonly environmentRaw: string;
      /** Set for an object with `generateName`: ten equal Jobs are ten holds. */
      readonly generatedName: string | null;
    }
  | { readonly kind: 'cloud_event'; readonly eventSource: string; readonly eventId: string }
  | { readonly kind: 'other'; readonly payloadHash: Sha256Hex };

const SHORT_HASH_DIGITS = 16;
const shortHash = (text: string): string => sha256Hex(text).slice(0, SHORT_HASH_DIGITS);

const changeHash = (change: Extract<KeySource, { kind: 'preflight' }>['change']): string => {
  const parts: CanonicalJson = [change.project_id, change.environment_raw, change.action, change.resource_reference];
  return shortHash(jcsText(parts));
};

/**
 * The idempotency key of a request that carries none; generations (`#2`) are the decider's.
 *
 * @source contract section 6.3
 */
export const derivedKey = (from: KeySource): string => {
  switch (from.kind) {
    case 'preflight':
      return `terraform:${from.runId}:${from.stage}:${changeHash(from.change)}`;
    case 'run_task':
      return `runtask:${from.taskResultId}`;
    case 'admission_review': {
      const key = `k8s:${from.clusterId}:${from.fingerprint}:${from.environmentRaw}`;
      return from.generatedName === null ? key : `${key}:${from.generatedName}`;
    }
    case 'cloud_event':
      return `cloudevent:${shortHash(from.eventSource)}:${from.eventId}`;
    case 'other':
      return `auto:${from.payloadHash}`;
  }
};

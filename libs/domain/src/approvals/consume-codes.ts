/** Tokens that nobody signed here for this use: row 2. */
const TAMPERED_CODES = [
  'token_malformed',
  'token_key_unknown',
  'token_signature_invalid',
  'token_claims_invalid',
] as const;

/** Codes of contract section 11.4, in the order of its rows; the first failing row answers. */
export const CONSUME_CODES = [
  'validation_failed',
  ...TAMPERED_CODES,
  'token_tenant_mismatch',
  'token_expired',
  'approval_not_found',
  'consumer_not_permitted',
  'token_superseded',
  'token_replayed',
  'approval_expired',
  'approval_not_active',
  'binding_source_mismatch',
  'binding_project_mismatch',
  'binding_environment_mismatch',
  'binding_fingerprint_mismatch',
  'binding_resource_mismatch',
  'binding_cost_exceeded',
] as const;
export type ConsumeCode = (typeof CONSUME_CODES)[number];

type TamperedCode = (typeof TAMPERED_CODES)[number];
const isTampered = (code: ConsumeCode): code is TamperedCode => TAMPERED_CODES.some((each) => each === code);

/** What operators count of refused tokens: a replay has its own name, and all that was altered is one. */
export type RefusedTokenEvent = 'replay_detected' | 'tampered' | Exclude<ConsumeCode, 'token_replayed' | TamperedCode>;

/** The event that a refusal is counted as. @source contract section 15, `approval_token_events_total` */
export const refusedTokenEvent = (code: ConsumeCode): RefusedTokenEvent => {
  if (code === 'token_replayed') return 'replay_detected';
  return isTampered(code) ? 'tampered' : code;
};

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** True when the same request, repeated with the same key, may succeed later. */
  readonly retryable: boolean;
}

const final = <Status extends number>(status: Status, title: string) => ({ status, title, retryable: false }) as const;
const retry = <Status extends number>(status: Status, title: string) => ({ status, title, retryable: true }) as const;

/** Every problem that Verdict answers with: the closed table of contract 17.2 (with the codes of 11.4). */
export const PROBLEMS = {
  malformed_json: final(400, 'The request is malformed'),
  cursor_invalid: final(400, 'The cursor does not belong to this list'),
  review_without_uid: final(400, 'The AdmissionReview has no uid'),

  unauthenticated: final(401, 'The caller is not authenticated'),
  signature_invalid: final(401, 'The signature of the body is wrong'),
  token_malformed: final(401, 'The approval token has the wrong form'),
  token_key_unknown: final(401, 'The approval token names an unknown key'),
  token_signature_invalid: final(401, 'The signature of the approval token is wrong'),
  token_claims_invalid: final(401, 'The claims of the approval token are wrong'),

  forbidden: final(403, 'The caller may not do this'),
  identity_not_mapped: final(403, 'No mapping rule fits this pipeline identity'),
  project_forbidden: final(403, 'The caller may not act for this project'),
  self_review_forbidden: final(403, 'Nobody decides about a change of their own'),
  not_eligible_reviewer: final(403, 'The caller is not a reviewer of an open stage'),
  token_tenant_mismatch: final(403, 'The approval token belongs to another tenant'),
  consumer_not_permitted: final(403, 'The caller may not consume this approval'),

  not_found: final(404, 'There is no such thing'),
  approval_not_found: final(404, 'There is no such approval'),
  method_not_allowed: final(405, 'The path exists, the method does not'),
  body_too_large: final(413, 'The body is larger than allowed'),
  media_type_unsupported: final(415, 'The body has an unsupported media type'),

  idempotency_conflict: final(409, 'The key was used before with another payload'),
  fingerprint_mismatch: final(409, 'The request differs from the expected fingerprint'),
  stop_active: final(409, 'An operator has stopped changes in this scope'),
  decision_not_approvable: final(409, 'The decision cannot be approved'),
  approval_not_pending: final(409, 'The approval is settled'),
  approval_not_active: final(409, 'The approval is not granted'),
  token_superseded: final(409, 'A newer token replaced this approval token'),
  token_replayed: final(409, 'The approval token was consumed before'),
  reissue_limit_reached: final(409, 'The token was reissued as often as allowed'),
  binding_source_mismatch: final(409, 'The approval is bound to another source'),
  binding_project_mismatch: final(409, 'The approval is bound to another project'),
  binding_environment_mismatch: final(409, 'The approval is bound to another environment'),
  binding_fingerprint_mismatch: final(409, 'The approval is bound to another request'),
  binding_resource_mismatch: final(409, 'The approval is bound to another resource'),
  binding_cost_exceeded: final(409, 'The change costs more than was approved'),
  reservation_pending_approval: final(409, 'The hold waits for an approval'),
  reservation_already_settled: final(409, 'The hold has ended'),
  decision_not_reconcilable: final(409, 'The decision holds nothing to reconcile'),
  limit_below_committed: final(409, 'The limit is below what is spent and held'),
  export_not_ready: final(409, 'The export is not ready'),

  token_expired: final(410, 'The approval token has expired'),
  approval_expired: final(410, 'The approval has expired'),
  export_expired: final(410, 'The export has expired'),
  version_conflict: final(412, 'The version has changed'),
  precondition_required: final(428, 'The request needs If-Match'),
  rate_limited: retry(429, 'Too many requests'),

  validation_failed: final(422, 'The request breaks a rule of its schema'),
  unknown_field: final(422, 'The request has an unknown member'),
  money_invalid: final(422, 'The amount is not a decimal'),
  money_too_precise: final(422, 'The amount has too many decimals'),
  money_not_exact: final(422, 'The amount cannot be read exactly; send it as a string'),
  money_out_of_range: final(422, 'The amount is out of range'),
  metadata_too_large: final(422, 'The metadata is too large or too deep'),
  idempotency_key_mismatch: final(422, 'Header and body name different idempotency keys'),
  idempotency_key_required: final(422, 'The command needs an idempotency key'),
  justification_required: final(422, 'The vote needs a justification'),
  policy_invalid: final(422, 'The policy document is not valid'),
  currency_unsupported: final(422, 'Only USD is supported'),
  quota_exceeded: final(422, 'The tenant keeps as many of these as allowed'),

  internal_error: final(500, 'Something went wrong here'),
  verdict_not_durable: retry(503, 'The verdict could not be made durable'),
  log_unavailable: retry(503, 'The log cannot be reached'),
  outcome_unknown: retry(503, 'The outcome is unknown; repeat with the same key'),
  read_model_behind: retry(503, 'The read model has not caught up'),
  read_unrecordable: retry(503, 'The read could not be recorded'),
  identity_provider_unavailable: retry(503, 'The identity provider cannot be reached'),
  signing_key_unavailable: retry(503, 'The signing key cannot be reached'),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(PROBLEMS, text);

export const PLATFORM = Symbol('gate.platform');
export const DECIDE_CHANGES = Symbol('DECIDE_CHANGES');
export const DECIDE_CHANGE = Symbol('gate.decide-change');
/** Decides about AdmissionReviews. */
export const REVIEW_ADMISSION = Symbol('gate.review-admission');
export const MONEY_ADMIN = Symbol('MONEY_ADMIN');
export const POLICY_ADMIN = Symbol('gate.policy-admin');
export const INTEGRATIONS_ADMIN = Symbol('gate.integrations-admin');
/** Finds the integration behind a webhook. */
export const INTEGRATIONS = Symbol('gate.integrations');
export const GATE_HOST = Symbol('gate.host');

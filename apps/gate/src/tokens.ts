export const ASK_IN_TIME = Symbol('AskInTime');
export const PLATFORM = Symbol('gate.platform');
export const EXPLAIN_DECISION = Symbol('EXPLAIN_DECISION');
export const DECIDE_CHANGES = Symbol('DECIDE_CHANGES');
export const DECIDE_CHANGE = Symbol('gate.decide-change');
/** Decides about AdmissionReviews. */
export const REVIEW_ADMISSION = Symbol('gate.review-admission');
export const MONEY_ADMIN = Symbol('MONEY_ADMIN');
export const BUDGETS_ADMIN = Symbol('gate.budgets-admin');
export const POLICY_ADMIN = Symbol('gate.policy-admin');
export const INTEGRATIONS_ADMIN = Symbol('gate.integrations-admin');
/** Finds the integration behind a webhook. */
export const INTEGRATIONS = Symbol('gate.integrations');
export const RECEIVE_RUN_TASK = Symbol('gate.receive-run-task');
export const RUN_TASK_WORKER = Symbol('gate.run-task-worker');
export const GATE_HOST = Symbol('gate.host');

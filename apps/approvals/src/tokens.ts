export const PLATFORM = Symbol('approvals.platform');
export const APPROVALS_HOST = Symbol('approvals.host');
export const APPROVAL_TOKENS = Symbol('approvals.tokens');
export const MANAGE_APPROVALS = Symbol('approvals.manage');
export const CONSUME_APPROVAL = Symbol('approvals.consume');

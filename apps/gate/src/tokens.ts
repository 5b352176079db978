export const PLATFORM = Symbol('gate.platform');
export const DECIDE_CHANGE = Symbol('gate.decide-change');
export const POLICY_ADMIN = Symbol('gate.policy-admin');
export const GATE_HOST = Symbol('gate.host');

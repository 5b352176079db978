import { instantOf, policyInForce, type PolicyState } from '@verdict/domain';
import type { LoweredRate } from '@verdict/nest-kit';

interface Known extends LoweredRate {
  readonly untilMs: number;
}

/** A scheduled version comes into force at most this late for the limits. */
const KNOWN_MS = 1_000;

/**
 * What the tenants' policies in force say of the gate's rate. Every call asks, so an answer is kept beside the state that
 * it was read from: a changed policy is another state.
 */
export const policyRates = (
  policyOf: (tenantId: string) => PolicyState | undefined,
  nowMs: () => number,
): ((tenantId: string) => LoweredRate | undefined) => {
  const known = new WeakMap<PolicyState, Known>();
  return (tenantId) => {
    const policy = policyOf(tenantId);
    if (policy === undefined) return undefined; // Its first call is on its way: the platform's quota.
    const now = nowMs();
    const kept = known.get(policy);
    if (kept !== undefined && now < kept.untilMs) return kept;
    const limits = policyInForce(policy, instantOf(now))?.document.rate_limits;
    const read = {
      perSecond: limits?.gate_per_second ?? null,
      burst: limits?.gate_burst ?? null,
      untilMs: now + KNOWN_MS,
    };
    known.set(policy, read);
    return read;
  };
};

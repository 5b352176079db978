import { describe, expect, it } from '@jest/globals';
import { DEFAULT_POLICY, evolvePolicy, instantOf, noPolicy, type PolicyState, sha256Of } from '@verdict/domain';
import { policyRates } from './policy-rates.js';

const withLimits = (
  state: PolicyState,
  { version, from, perSecond }: { readonly version: number; readonly from: number; readonly perSecond: number },
): PolicyState =>
  evolvePolicy(
    state,
    {
      type: 'policy_published',
      payload: {
        version,
        document: { ...DEFAULT_POLICY, rate_limits: { gate_per_second: perSecond, gate_burst: null } },
        document_sha256: sha256Of('0'.repeat(64)),
        message: 'slower',
        author: 'ann',
        published_at: instantOf(0),
        effective_from: instantOf(from),
        rolled_back_to: null,
        idempotency: { key: null, payload_hash: sha256Of('0'.repeat(64)) },
      },
    },
    BigInt(version),
  );

describe('the rate that a policy lowers', () => {
  it('is unknown until the journals of the tenant were folded', () => {
    expect(
      policyRates(
        () => undefined,
        () => 0,
      )('acme'),
    ).toBeUndefined();
  });
  it('is the one of the text in force, and says nothing where that says nothing', () => {
    let now = 1_000_000;
    let policy: PolicyState = noPolicy;
    const rates = policyRates(
      () => policy,
      () => now,
    );
    expect(rates('acme')).toMatchObject({ perSecond: null, burst: null });
    policy = withLimits(policy, { version: 1, from: 0, perSecond: 5 });
    expect(rates('acme')).toMatchObject({ perSecond: 5, burst: null });
    policy = withLimits(policy, { version: 2, from: 1_003_000, perSecond: 7 });
    expect(rates('acme')).toMatchObject({ perSecond: 5 });
    now = 1_003_500;
    expect(rates('acme')).toMatchObject({ perSecond: 7 });
  });
});

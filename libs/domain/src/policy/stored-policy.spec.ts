import { describe, expect, it } from '@jest/globals';
import { DomainWorld, keyed, policyWith } from '../../../../test/support/domain-world.js';
import type { Json } from '../shared/entry.js';
import { jcsText } from '../shared/jcs.js';
import { sha256Hex } from '../shared/sha256.js';
import { DEFAULT_POLICY } from './default-policy.js';
import type { PolicyDocument, StoredPolicyDocument } from './policy.document.js';
import { completeStored } from './stored-policy.js';

/** A text as the first release stored it: without the members that came later. */
const first = ({ mode_matrix, environments, approval, ...rest }: PolicyDocument): StoredPolicyDocument => {
  const { routing: _routing, grants: _grants, justification, ...early } = approval;
  const { ticket_pattern: _pattern, ...justified } = justification;
  const { overdue_action: _action, ...reconciliation } = rest.reconciliation;
  return {
    ...{ format: rest.format, mode_matrix, environments, entitlements: rest.entitlements, pricing: rest.pricing },
    ...{ execution: rest.execution, reconciliation },
    approval: { ...early, justification: justified },
  };
};

describe('the text of an earlier release', () => {
  it('means what its release did: what it could not say is the default', () => {
    const document = policyWith({ mode: 'soft', approval: { justification: { min_length: 30 } } });
    const stored = first(document);
    expect(stored).not.toHaveProperty('rules');
    expect(completeStored(stored)).toEqual(document);
    expect(completeStored(first(DEFAULT_POLICY))).toEqual(DEFAULT_POLICY);
  });

  it('that is complete is itself, every member its own', () => {
    const document = policyWith({
      approval: { grants: { max_uses: 9 }, justification: { ticket_pattern: 'T-[0-9]+' } },
      rate_limits: { gate_burst: 7 },
      reconciliation: { overdue_action: 'release' },
      context: { max_data_age_days: 9 },
    });
    expect(completeStored(document)).toEqual(document);
  });

  it('is rolled back to whole, and its hash is that of the text which is stored then', () => {
    const world = new DomainWorld(null);
    world.publishAs(first(policyWith()) as PolicyDocument, {});
    world.publish(policyWith({ mode: 'soft' }));
    const rolledBack = world.administer({
      ...{ kind: 'roll_back_policy', toVersion: 1, message: 'm', author: 'ana', now: world.now },
      ...{ expectedVersion: '2', idempotency: keyed(null) },
    });
    const document = policyWith();
    const document_sha256 = sha256Hex(jcsText(JSON.parse(JSON.stringify(document)) as Json));
    expect(rolledBack).toMatchObject({ entries: [{ payload: { rolled_back_to: 1, document, document_sha256 } }] });
  });

  it('is decided by like a complete one', () => {
    const [old, today] = [null, null].map(() => new DomainWorld(null));
    if (old === undefined || today === undefined) throw new Error('no world');
    old.publishAs(first(policyWith()) as PolicyDocument, {});
    today.publishAs(policyWith(), {});
    const { policy_document_sha256: _old, ...one } = old.ask('10');
    const { policy_document_sha256: _today, ...two } = today.ask('10');
    expect(one).toEqual(two);
  });
});

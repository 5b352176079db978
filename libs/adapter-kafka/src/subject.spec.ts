import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { subjectOf } from './subject.js';

const IDS = {
  decision_id: 'd-1',
  approval_id: 'a-1',
  exception_id: 'overrun:d-1',
  budget_id: 'b-1',
  jti: 'j-1',
  integration_id: 'i-1',
  sweep_id: 's-1',
  import_id: 'm-1',
};

const TABLE: readonly (readonly [type: string, payload: object, subject: string])[] = [
  ['decision_recorded', IDS, 'd-1'],
  ['decision_reanswered', IDS, 'd-1'],
  ['hold_voided', IDS, 'd-1'],
  ['hold_expired', IDS, 'd-1'],
  ['approval_requested', IDS, 'a-1'],
  ['approval_request_filed', IDS, 'a-1'],
  ['vote_cast', IDS, 'a-1'],
  ['approval_granted', IDS, 'a-1'],
  ['approval_denied', IDS, 'a-1'],
  ['approval_expired', IDS, 'a-1'],
  ['approval_withdrawn', IDS, 'a-1'],
  ['grant_used_up', IDS, 'a-1'],
  ['token_issued', IDS, 'a-1'],
  ['token_consumed', IDS, 'a-1'],
  ['token_refused', IDS, 'a-1'],
  ['actual_recorded', IDS, 'd-1'],
  ['reservation_settled', IDS, 'd-1'],
  ['drift_found', IDS, 'd-1'],
  ['exception_opened', IDS, 'overrun:d-1'],
  ['exception_resolved', IDS, 'overrun:d-1'],
  ['reservation_assumed_spent', IDS, 'd-1'],
  ['reservation_released', IDS, 'd-1'],
  ['reservation_corrected', IDS, 'd-1'],
  ['overdue_swept', IDS, 's-1'],
  ['actual_costs_imported', IDS, 'm-1'],
  ['policy_published', { ...IDS, version: 3 }, '3'],
  ['policy_rollout_set', { ...IDS, version: 3 }, '3'],
  ['policy_cancelled', { ...IDS, version: 3 }, '3'],
  ['credit_granted', { ...IDS, credit_id: 'c-1' }, 'c-1'],
  ['credit_revoked', { ...IDS, credit_id: 'c-1' }, 'c-1'],
  ['waiver_granted', IDS, 'overrun:d-1'],
  ['waiver_revoked', IDS, 'overrun:d-1'],
  ['hold_reduced', IDS, 'd-1'],
  ['budget_set', { ...IDS, version: 3 }, 'b-1'],
  ['price_book_published', { ...IDS, version: '2026-11' }, '2026-11'],
  ['exception_granted', IDS, 'overrun:d-1'],
  ['integration_created', IDS, 'i-1'],
  ['integration_secret_rotated', IDS, 'i-1'],
  ['integration_secret_retired', IDS, 'i-1'],
  ['integration_revoked', IDS, 'i-1'],
];

/** As the entries are declared: the one list that no test can forget to keep up. */
const declaredTypes = (): readonly string[] => {
  const domain = fileURLToPath(new URL('../../domain/src/', import.meta.url));
  const files = readdirSync(domain, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.entries.ts'),
  );
  return files.flatMap((file) =>
    [...readFileSync(domain + file, 'utf8').matchAll(/Entry<\s*'([a-z_]+)'/g)].map(([, type = '']) => type),
  );
};

describe('The subject of an entry', () => {
  it.each(TABLE)('of type %s is the id of what it is about', (type, payload, subject) => {
    expect(subjectOf({ type, payload })).toBe(subject);
  });

  it('is stated here for every type that the journals declare', () => {
    expect(declaredTypes().length).toBeGreaterThan(20);
    expect([...declaredTypes()].sort()).toEqual(TABLE.map(([type]) => type).sort());
  });

  it('of a refused token is the most that is known of it', () => {
    const refused = (payload: object): string | undefined => subjectOf({ type: 'token_refused', payload });
    expect(refused({ approval_id: null, decision_id: 'd-1', jti: 'j-1' })).toBe('d-1');
    expect(refused({ approval_id: null, decision_id: null, jti: 'j-1' })).toBe('j-1');
    expect(refused({ approval_id: null, decision_id: null, jti: null })).toBeUndefined();
  });

  it('is absent for a type of a later release and for a payload without the member', () => {
    expect(subjectOf({ type: 'decision_praised', payload: IDS })).toBeUndefined();
    expect(subjectOf({ type: 'toString', payload: IDS })).toBeUndefined();
    expect(subjectOf({ type: 'decision_recorded', payload: { decision_id: '' } })).toBeUndefined();
    expect(subjectOf({ type: 'decision_recorded', payload: null })).toBeUndefined();
  });
});

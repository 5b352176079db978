import { describe, expect, it } from '@jest/globals';
import { admissionBody, admissionFixtures } from '../../../../test/fixtures/admission-fixtures.js';
import { readAdmissionReview } from './admission-review.reader.js';
import {
  AdmissionReviewAnswer,
  reviewAnswer,
  reviewRefusal,
  type ReviewVerdict,
  reviewWarnings,
} from './review-answer.js';

const HEAD = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
const read = (review: unknown) => readAdmissionReview(Buffer.from(JSON.stringify(review)));

describe('reading an AdmissionReview', () => {
  it.each([
    ['malformed/01-not-json.body', 'malformed_json'],
    ['malformed/02-wrong-kind.body', 'validation_failed'],
    ['malformed/03-v1beta1.body', 'validation_failed'],
    ['malformed/04-missing-request.body', 'review_without_uid'],
    ['malformed/05-duplicate-keys.body', 'malformed_json'],
  ])('refuses %s as %s', (file, code) => {
    expect(readAdmissionReview(admissionBody(file))).toMatchObject({ kind: 'refused', code });
  });
  it('has an answer to every fixture', () => {
    const fixtures = admissionFixtures();
    expect(fixtures).toHaveLength(21);
    for (const { file, valid, bytes } of fixtures) {
      const body = admissionBody(file);
      expect(body.length).toBe(bytes);
      expect([file, readAdmissionReview(body).kind]).toEqual([file, valid ? 'review' : 'refused']);
    }
  });
  it.each([undefined, '', 7, null, 'a b', 'x'.repeat(257)])('refuses a review whose uid is %j', (uid) => {
    expect(read({ ...HEAD, request: { uid } })).toMatchObject({ code: 'review_without_uid' });
  });
  it('reads whatever else is missing or wrong as empty, once there is a uid', () => {
    for (const more of [{}, { resource: 7, userInfo: [], dryRun: 'true', name: {}, operation: 'FLY' }])
      expect(read({ ...HEAD, request: { uid: 'u', ...more } })).toMatchObject({
        kind: 'review',
        request: { uid: 'u', plural: '', username: '', name: '', isDryRun: false, object: null, oldObject: null },
      });
  });
  it.each([
    [{ object: {} }, 'CREATE'],
    [{ object: {}, oldObject: {} }, 'UPDATE'],
    [{ oldObject: {} }, 'DELETE'],
    [{}, 'CREATE'],
  ])('takes an operation that nobody knows by its objects: %j', (objects, operation) => {
    expect(read({ ...HEAD, request: { uid: 'u', operation: 'FLY', ...objects } })).toMatchObject({
      request: { operation },
    });
  });
  it('reads objects up to 128 deep, and no deeper', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const body = (depth: number) =>
      Buffer.from(
        `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","object":${nested(depth)}}}`,
      );
    expect(readAdmissionReview(body(126)).kind).toBe('review');
    expect(readAdmissionReview(body(127))).toMatchObject({ code: 'malformed_json' });
  });
});

const VERDICT: ReviewVerdict = {
  decision: 'REQUIRE_APPROVAL',
  decisionId: '0198c0de-0000-7000-8000-000000000001',
  reasonCodes: ['approval_required', 'cost_unknown', 'environment_unknown_strict', 'no_budget_configured'],
  policyVersion: 3,
  requestFingerprint: 'a'.repeat(64),
  approvalRequestId: '0198c0de-0000-7000-8000-000000000002',
  warnings: [],
};

describe('answering an AdmissionReview', () => {
  it('allows the two permitting outcomes alone', () => {
    const allowed = (['ALLOW', 'ALLOW_WITH_CREDITS', 'REQUIRE_APPROVAL', 'DENY'] as const).map(
      (decision) => reviewAnswer('u', { ...VERDICT, decision }).response.allowed,
    );
    expect(allowed).toEqual([true, true, false, false]);
  });
  it('denies with the decision first, its first three reasons, and its approval', () => {
    expect(reviewAnswer('u', VERDICT).response.status).toEqual({
      code: 403,
      reason: 'Forbidden',
      message:
        '0198c0de-0000-7000-8000-000000000001 REQUIRE_APPROVAL: approval_required, cost_unknown, ' +
        'environment_unknown_strict; approval 0198c0de-0000-7000-8000-000000000002',
    });
  });
  it('has no status when it allows, and never a patch', () => {
    const { response } = reviewAnswer('u', { ...VERDICT, decision: 'ALLOW' });
    expect(Object.keys(response)).toEqual(['uid', 'allowed', 'auditAnnotations']);
  });
  it('has the seven audit keys, each part of a qualified name, with short values', () => {
    const audit = reviewAnswer('u', { ...VERDICT, reasonCodes: Array.from({ length: 90 }, () => 'x'.repeat(40)) })
      .response.auditAnnotations;
    expect(Object.keys(audit ?? {}).sort()).toEqual([
      'approval-request-id',
      'approval-required',
      'decision',
      'decision-id',
      'policy-version',
      'reason-codes',
      'request-fingerprint',
    ]);
    for (const [key, value] of Object.entries(audit ?? {})) {
      expect(key).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
      expect(Buffer.byteLength(value)).toBeLessThan(1024);
    }
  });
  it('warns in at most 8 single lines of at most 120 characters, each once', () => {
    const many = Array.from({ length: 12 }, (_, index) => `${String(index)} ${'é'.repeat(150)}`);
    const lines = reviewWarnings(['a\nb\u0007\u2028c', 'a b c', '', '\t', ...many]);
    expect(lines).toHaveLength(8);
    expect(lines[0]).toBe('a b c');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
    expect(reviewWarnings([`${'x'.repeat(118)}😀😀`])[0]).toBe(`${'x'.repeat(118)}…`);
  });
  it('fits the schema of the API, also as a refusal', () => {
    for (const answer of [reviewAnswer('u', VERDICT), reviewRefusal('u', 'stop_active', 'a\nstop')])
      expect(AdmissionReviewAnswer.parse(answer)).toEqual(answer);
    expect(reviewRefusal('u', 'stop_active', 'x').response.allowed).toBe(false);
  });
});

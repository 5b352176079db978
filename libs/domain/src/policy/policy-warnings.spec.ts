import { describe, expect, it } from '@jest/globals';
import { policyWith } from '../../../../test/support/domain-world.js';
import { DEFAULT_POLICY } from './default-policy.js';
import { policyWarnings } from './policy-warnings.js';

const route = (id: string, match: object = {}, more: object = {}) =>
  ({ id, enabled: true, match, overrides: {}, effect: 'waive', require: null, ...more }) as never;
const rule = (id: string, more: object = {}) =>
  ({
    ...{ id, enabled: true, condition: 'true', effect: 'deny', message: '', obligation: null, cost_budget: 1000 },
    ...more,
  }) as never;
const ofRoutes = (...routing: readonly never[]) =>
  policyWarnings(policyWith({ approval: { routing } })).map(({ pointer }) => pointer);
const ofRules = (...rules: readonly never[]) => policyWarnings(policyWith({ rules })).map(({ pointer }) => pointer);
const WEB = { projects: ['web'] };

describe('a policy warns of', () => {
  it('nothing by default', () => {
    expect(policyWarnings(DEFAULT_POLICY)).toEqual([]);
  });

  it('a route that never decides, since one before it matches whatever it matches', () => {
    expect(ofRoutes(route('all'), route('web', WEB))).toEqual(['/approval/routing/1']);
    expect(ofRoutes(route('web', WEB), route('same', WEB))).toEqual(['/approval/routing/1']);
    expect(ofRoutes(route('web', WEB), route('less', { ...WEB, sources: ['terraform'] }))).toEqual([
      '/approval/routing/1',
    ]);
  });

  it('a route that nobody can fulfil, since a person counts in one stage only', () => {
    const stage = (id: string, subjects: readonly string[], more: object = {}) => ({
      ...{ id, quorum: 1, roles: [], groups: [], subjects, deny_quorum: 1 },
      ...more,
    });
    const requiring = (require: object, more: object = {}) =>
      ofRoutes(route('r', {}, { effect: 'require', require, ...more }));
    const twice = { all: [stage('a', ['ana']), stage('b', ['ana'])] };
    expect(requiring(twice)).toEqual(['/approval/routing/0/require']);
    expect(requiring(twice, { enabled: false })).toEqual([]);
    expect(requiring({ all: [stage('a', ['ana', 'ben']), stage('b', ['ana'])] })).toEqual([]);
    expect(requiring({ all: [stage('a', ['ana']), stage('b', ['ana'], { groups: ['finops'] })] })).toEqual([]);
    expect(requiring({ all: [stage('a', ['ana']), stage('b', [])] })).toEqual([]);
    expect(requiring({ any: [twice, stage('c', ['cem'])] })).toEqual([]);
    const three = ['a', 'b', 'c'].map((id) => stage(id, ['ana', 'ben']));
    expect(requiring({ all: three })).toEqual(['/approval/routing/0/require']);
    expect(requiring({ all: [...three.slice(1), stage('c', [], { quorum: 5 })] })).toEqual([]);
  });

  it('a route whose conditions are narrower than those of one before it', () => {
    const delta = (min: string | null, max: string | null) => ({ monthly_delta_usd: { min, max } });
    const two = { projects: ['api', 'web'] };
    expect(ofRoutes(route('both', two), route('web', WEB))).toEqual(['/approval/routing/1']);
    expect(ofRoutes(route('web', WEB), route('both', two))).toEqual([]);
    expect(ofRoutes(route('wide', delta('1.0000', null)), route('narrow', delta('9.0000', '10.0000')))).toEqual([
      '/approval/routing/1',
    ]);
    expect(ofRoutes(route('narrow', delta('9.0000', '10.0000')), route('wide', delta('9.0000', null)))).toEqual([]);
    expect(ofRoutes(route('narrow', delta('9.0000', '10.0000')), route('wide', delta(null, '10.0000')))).toEqual([]);
    // A cost that is not known lies in no range.
    expect(ofRoutes(route('any', delta(null, null)), route('all'))).toEqual([]);
  });

  it('no route that requires behind one that waives: a violation is never waived, and comes to it', () => {
    const require = { id: 's', quorum: 1, roles: ['approver'], groups: [], subjects: [], deny_quorum: 1 };
    const required = { effect: 'require', require };
    expect(ofRoutes(route('waive', WEB), route('require', WEB, required))).toEqual([]);
    expect(ofRoutes(route('require', WEB, required), route('waive', WEB))).toEqual(['/approval/routing/1']);
    expect(ofRoutes(route('require', WEB, required), route('same', WEB, required))).toEqual(['/approval/routing/1']);
  });

  it('no route that may still decide', () => {
    expect(ofRoutes(route('web', WEB), route('all'))).toEqual([]);
    expect(ofRoutes(route('web', WEB), route('api', { projects: ['api'] }))).toEqual([]);
    expect(ofRoutes(route('off', {}, { enabled: false }), route('web', WEB))).toEqual([]);
    expect(ofRoutes(route('all'), route('off', WEB, { enabled: false }))).toEqual([]);
  });

  it('a rule that says what another says already, and of no other', () => {
    expect(ofRules(rule('a'), rule('b'))).toEqual(['/rules/1']);
    expect(ofRules(rule('a'), rule('b', { effect: 'warn' }), rule('c', { condition: 'false' }))).toEqual([]);
    expect(ofRules(rule('a', { enabled: false }), rule('b'))).toEqual([]);
    expect(ofRules(rule('a'), rule('b', { enabled: false }))).toEqual([]);
  });
});

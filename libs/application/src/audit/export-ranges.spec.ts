import { describe, expect, it } from '@jest/globals';
import { fixRanges } from './export-ranges.js';

const heads = new Map([
  ['policy', 1n],
  ['decisions', 9n],
  ['approvals', -1n],
  ['reservations', -1n],
] as const);
const scope = { journals: undefined, revisions: {}, entriesMax: 100 } as const;

describe('fixRanges', () => {
  it('takes every journal that has entries, whole', () =>
    expect(fixRanges(scope, heads)).toEqual({
      ...{ kind: 'fixed', total: 12 },
      ranges: { policy: { from: 0n, to: 2n }, decisions: { from: 0n, to: 10n } },
    }));
  it('takes the asked part of one journal and the others whole', () =>
    expect(fixRanges({ ...scope, revisions: { decisions: [3, 10] } }, heads)).toMatchObject({
      ...{ total: 9, ranges: { policy: { from: 0n, to: 2n }, decisions: { from: 3n, to: 10n } } },
    }));
  it('leaves out journals that were not asked for', () =>
    expect(fixRanges({ ...scope, journals: ['policy'] }, heads)).toMatchObject({
      total: 2,
      ranges: { policy: { from: 0n, to: 2n } },
    }));
  it('names every range that is empty, reaches beyond its journal, or is of a journal not asked for', () =>
    expect(
      fixRanges(
        {
          ...scope,
          journals: ['decisions', 'approvals'],
          revisions: { decisions: [0, 11], approvals: [2, 2], policy: [0, 1] },
        },
        heads,
      ),
    ).toMatchObject({
      problem: {
        code: 'validation_failed',
        errors: [
          { pointer: '/revisions/policy' },
          { pointer: '/revisions/decisions' },
          { pointer: '/revisions/approvals' },
        ],
      },
    }));
  it('refuses an export without an entry', () =>
    expect(fixRanges({ ...scope, journals: ['approvals'] }, heads)).toMatchObject({
      problem: { code: 'validation_failed' },
    }));
  it('refuses more entries than allowed, and says how many there are', () =>
    expect(fixRanges({ ...scope, entriesMax: 11 }, heads)).toMatchObject({
      problem: { code: 'quota_exceeded', extra: { limit: 11 } },
    }));
  it('takes exactly as many entries as allowed', () =>
    expect(fixRanges({ ...scope, entriesMax: 12 }, heads)).toMatchObject({ kind: 'fixed' }));
});

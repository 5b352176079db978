import { describe, expect, it } from '@jest/globals';
import { microUsd } from '@verdict/domain';
import { refusalProblem } from './policy-writer.js';

describe('the problem that a refused write is', () => {
  it('names the least legal limit where one lies below what is committed, with four places', () => {
    expect(refusalProblem({ code: 'limit_below_committed', leastLimit: microUsd(600_000_100n) })).toMatchObject({
      problem: { code: 'limit_below_committed', extra: { least_limit_usd: '600.0001' } },
    });
  });
});

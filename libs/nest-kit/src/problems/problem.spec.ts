import { describe, expect, it } from '@jest/globals';
import { PROBLEMS } from './problem-codes.js';
import { toProblem } from './problem.js';

describe('the table of problems', () => {
  it('uses only the statuses of contract 17.2', () => {
    const statuses = new Set(Object.values(PROBLEMS).map(({ status }) => status));
    expect([...statuses].sort()).toEqual([400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 428, 429, 500, 503]);
  });
  it('calls retryable what time alone may cure: 429 and 503', () => {
    const retryable = Object.values(PROBLEMS).filter((kind) => kind.retryable);
    expect(new Set(retryable.map(({ status }) => status))).toEqual(new Set([429, 503]));
    expect(Object.values(PROBLEMS).filter(({ status }) => status === 429 || status === 503)).toEqual(retryable);
  });
  it('has a title of its own for each code', () => {
    const titles = Object.values(PROBLEMS).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('a problem', () => {
  it('keeps its standard members whatever is added', () => {
    const made = toProblem('not_found', {
      detail: 'No budget b.',
      extra: { status: 200, code: 'x', current_etag: '"3"' },
    });
    expect(made).toEqual({
      type: 'urn:verdict:problem:not_found',
      code: 'not_found',
      status: 404,
      title: 'There is no such thing',
      retryable: false,
      detail: 'No budget b.',
      current_etag: '"3"',
    });
  });
});

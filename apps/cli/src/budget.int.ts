import { describe, expect, it } from '@jest/globals';
import { budgetAnswer, problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const id = (last: number): string => `0193a7c4-0000-7000-8000-00000000000${String(last)}`;
const MONTH = { budget_id: id(1) };
const FORECAST = { budget_id: id(2), basis: 'forecast' };
const YEAR = { budget_id: id(3), period: 'year' };
const CLOSED = { budget_id: id(4), active: false };

const given = (...budgets: readonly object[]): void => {
  server.on(`GET ${API}/budgets`, {
    body: { items: budgets.map((each) => budgetAnswer(each)), next_cursor: null, as_of: { policy: 9 } },
  });
  server.on(`POST ${API}/budgets`, { status: 201, body: budgetAnswer() });
  for (const each of [1, 2, 3, 4]) {
    const path = `${API}/budgets/${id(each)}`;
    server.on(`GET ${path}`, { body: budgetAnswer({ budget_id: id(each) }) });
    server.on(`PUT ${path}`, { body: budgetAnswer({ budget_id: id(each) }) });
    server.on(`POST ${path}/close`, { body: budgetAnswer({ budget_id: id(each), active: false }) });
  }
};
const writes = (): readonly (readonly [string, unknown])[] =>
  server.seen
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, text }) => [`${method} ${path.slice(API.length)}`, JSON.parse(text)]);
const set = (...flags: readonly string[]) => cli('budget', 'set', 'project:web', '--limit', '10000', ...flags);
const limit_usd = '10000';

describe('budgets are unique by scope, period and basis: `budget set`', () => {
  it.each([
    ['another basis', ['--basis', 'forecast'], { basis: 'forecast' }],
    ['another period', ['--period', 'year'], { period: 'year' }],
  ])('creates the budget of %s beside the one there is', async (_, flags, place) => {
    given(MONTH);
    expect((await set(...flags)).exit).toBe(0);
    expect(writes()).toEqual([['POST /budgets', { scope: 'project:web', ...place, limit_usd }]]);
  });

  it.each([
    ['of the basis', ['--period', 'month', '--basis', 'forecast'], 2],
    ['of the period, whose basis is then not in doubt,', ['--period', 'year'], 3],
  ])('changes, of several, the one %s that is named', async (_, flags, last) => {
    given(MONTH, FORECAST, YEAR);
    expect((await set(...flags)).exit).toBe(0);
    expect(writes()).toEqual([[`PUT /budgets/${id(last)}`, { limit_usd }]]);
  });

  it('creates anew where the budget was closed', async () => {
    given(CLOSED);
    expect((await set()).exit).toBe(0);
    expect(writes()).toEqual([['POST /budgets', { scope: 'project:web', limit_usd }]]);
  });
});

describe('where several budgets of a scope match', () => {
  it.each([
    ['set', ['--limit', '10000']],
    ['show', []],
    ['close', []],
  ])('`budget %s` names them and writes nothing', async (name, flags) => {
    given(MONTH, FORECAST, CLOSED);
    const result = await cli('budget', name, 'project:web', ...flags);
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({
      code: 'budget_ambiguous',
      detail: expect.stringContaining(`month allocation ${id(1)}, month forecast ${id(2)}`),
    });
    expect(writes()).toEqual([]);
  });

  it('`budget close` and `show` take the one whose basis, or whose id, is given', async () => {
    given(MONTH, FORECAST, CLOSED);
    expect((await cli('budget', 'close', 'project:web', '--basis', 'forecast')).exit).toBe(0);
    expect((await cli('budget', 'close', id(1))).exit).toBe(0);
    expect(writes().map(([call]) => call)).toEqual([`POST /budgets/${id(2)}/close`, `POST /budgets/${id(1)}/close`]);
    expect((await cli('budget', 'show', 'project:web', '--basis', 'forecast', '-q')).stdout).toBe(`${id(2)}\n`);
    expect((await cli('budget', 'show', id(4), '-q')).stdout).toBe(`${id(4)}\n`);
  });
});

describe('a closed budget', () => {
  it('is shown where none is active, and closed no second time', async () => {
    given(CLOSED);
    expect((await cli('budget', 'show', 'project:web', '-q')).stdout).toBe(`${id(4)}\n`);
    expect(failureOf(await cli('budget', 'close', 'project:web'))).toMatchObject({ code: 'not_found' });
    expect(writes()).toEqual([]);
  });

  it('is told from an active one, as its period and basis are, in `list` and in `show`', async () => {
    given({ ...FORECAST, period: 'year' }, CLOSED);
    const { stdout } = await cli('budget', 'list', '-o', 'table');
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
      ['PERIOD', 'BASIS', 'STATUS'],
      ['year', 'forecast', 'active'],
      ['month', 'allocation', 'closed'],
      [],
    ]);
    server.on(`GET ${API}/budgets/${id(4)}`, { body: budgetAnswer(CLOSED) });
    const shown = (await cli('budget', 'show', id(4), '-o', 'table')).stdout;
    expect(shown).toMatch(/^budget +project:web per month\nbasis +allocation$/m);
    expect(shown).toMatch(/^status +closed$/m);
  });
});

it('a limit below what is committed is refused with the least legal value', async () => {
  given(MONTH);
  const extra = { least_limit_usd: '762.0000' };
  server.on(`PUT ${API}/budgets/${id(1)}`, {
    status: 409,
    body: problemAnswer(409, 'limit_below_committed', extra),
  });
  const result = await cli('budget', 'set', 'project:web', '--limit', '700');
  expect([result.exit, failureOf(result)]).toMatchObject([
    4,
    { code: 'limit_below_committed', detail: 'least_limit_usd "762.0000"' },
  ]);
});

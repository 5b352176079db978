import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteContract, ROUTES } from '@verdict/contracts';
import { REASON_CODES } from '@verdict/domain';
import { PROBLEMS } from '@verdict/nest-kit';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { otherIssuers } from '../support/codes/issuers.js';
import { PROBLEM_ROWS, PROBLEMS_ELSEWHERE, PROBLEMS_NOT_YET } from '../support/codes/problem-rows.js';
import { type CodeWorld, REASON_ROWS, REASONS_ELSEWHERE, REASONS_NOT_YET } from '../support/codes/reason-rows.js';
import { problemDefects } from '../support/e2e/api.js';
import { REPOSITORY } from '../support/e2e/processes.js';
import { Standalone } from '../support/e2e/standalone.js';
import { freshTenant, peopleOf } from '../support/e2e/tokens.js';

let server: Standalone;
const world = (): CodeWorld => ({ server, people: peopleOf(freshTenant()) });

beforeAll(async () => {
  server = await Standalone.start({ env: { AUTH_ISSUERS: otherIssuers() } });
}, 120_000);
afterAll(() => server.dispose());

describe('a verdict says', () => {
  it.each(REASON_ROWS)('$code when $when', async ({ code, ask }) => {
    const { reason_codes: said } = await ask(world());
    expect(said).toContain(code);
    const order: readonly string[] = REASON_CODES;
    expect([...said].sort((a, b) => order.indexOf(a) - order.indexOf(b))).toEqual(said);
    expect(new Set(said).size).toBe(said.length);
  });
});

describe('a problem says', () => {
  it.each(PROBLEM_ROWS)('$code when $when', async ({ code, send }) => {
    const answer = await send(world());
    expect({ status: answer.status, code: answer.body?.code, text: answer.text }).toMatchObject({
      status: PROBLEMS[code].status,
      code,
    });
    expect(problemDefects(answer)).toEqual([]);
  });
});

/** Every code of a closed list is in exactly one of: produced here, produced by a test that names it, not possible yet. */
const gapsOf = (
  codes: readonly string[],
  rows: readonly { readonly code: string }[],
  elsewhere: Readonly<Record<string, string>>,
  notYet: Readonly<Record<string, string>>,
): readonly string[] =>
  codes.flatMap((code) => {
    const places = [
      ...rows.filter((row) => row.code === code).map(() => 'a row'),
      ...(Object.hasOwn(elsewhere, code) ? [`the test ${String(elsewhere[code])}`] : []),
      ...(Object.hasOwn(notYet, code) ? ['a reason why not'] : []),
    ];
    return places.length === 1 ? [] : [`${code}: ${places.length === 0 ? 'no test' : places.join(' and ')}`];
  });

describe('the closed lists', () => {
  it('of reasons have a test for each code, or say why there is none', () => {
    expect(gapsOf(REASON_CODES, REASON_ROWS, REASONS_ELSEWHERE, REASONS_NOT_YET)).toEqual([]);
  });
  it('of problems have a test for each code, or say why there is none', () => {
    expect(gapsOf(Object.keys(PROBLEMS), PROBLEM_ROWS, PROBLEMS_ELSEWHERE, PROBLEMS_NOT_YET)).toEqual([]);
  });
  it('of problems say nothing is impossible that a route declares', () => {
    const declared = new Set(Object.values(ROUTES).flatMap((route: RouteContract) => route.problems));
    expect(Object.keys(PROBLEMS_NOT_YET).filter((code) => declared.has(code))).toEqual([]);
  });
  it('are named by the tests that are said to be elsewhere', () => {
    const elsewhere = Object.entries({ ...REASONS_ELSEWHERE, ...PROBLEMS_ELSEWHERE });
    const silent = elsewhere.filter(([code, file]) => {
      const path = join(REPOSITORY, file);
      return !existsSync(path) || !readFileSync(path, 'utf8').includes(`'${code}'`);
    });
    expect(silent).toEqual([]);
  });
});

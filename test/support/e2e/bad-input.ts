import { afterAll, beforeAll, expect } from '@jest/globals';
import { type RouteContract, type RouteId, ROUTES } from '@verdict/contracts';
import { type ApiAnswer, contractDefects, problemDefects } from './api.js';
import type { LedgerReader } from './ledger.js';
import { Standalone } from './standalone.js';
import { ask, must, pendingApproval } from './story.js';
import { freshTenant, type People, peopleOf, type Who } from './tokens.js';

/** What a refusal must look like. */
export interface Expected {
  readonly status: number;
  readonly code: string;
  /** Pointer and code of one of its `errors`. */
  readonly at?: readonly [pointer: string, code: string];
}

export const nested = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth);
export const good = JSON.stringify(ask('5'));
export const withMember = (member: string): string => `${good.slice(0, -1)},${member}}`;
export const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

/**
 * A server for the tests of one section, and what they ask of every refusal. Call it in a `describe`: the server is there
 * while its tests run, and must not have met anything unexpected by the end.
 */
export const openBadInput = () => {
  let server: Standalone;
  let ledger: LedgerReader;

  beforeAll(async () => {
    server = await Standalone.start({ env: { LOG_LEVEL: 'trace' } });
    ledger = await server.openLedger();
  }, 120_000);
  afterAll(async () => {
    const unexpected = server.log.filter(
      ({ level, status }) => (level === 'error' || level === 'fatal') && status !== 503,
    );
    await server.dispose();
    expect(unexpected).toEqual([]);
  });

  const aTenant = async () => {
    const people = peopleOf(freshTenant());
    await must(server, 'getPolicy', { as: people.dev }); // From here on its journals do not move by themselves.
    return people;
  };
  const headsOf = (people: People) => ledger.heads(people.dev.tenant);
  /** A request that has been opened already, so that the journals do not move by themselves. */
  const aPending = async (people: People, more: Readonly<Record<string, unknown>> = {}) => {
    const pending = await pendingApproval(server, people, more);
    await must(server, 'getApproval', { as: people.lead, params: { approval_id: pending.approvalId } });
    return pending;
  };

  /** The refusal as expected, a problem as the contract has it, nothing written, and the server as well as before. */
  const expectRefusal = async (
    answer: ApiAnswer,
    { status, code, at }: Expected,
    route?: RouteContract,
  ): Promise<void> => {
    expect({ status: answer.status, code: answer.body?.code, text: answer.text.slice(0, 300) }).toMatchObject({
      status,
      code,
    });
    expect(route === undefined ? problemDefects(answer) : contractDefects(route, answer)).toEqual([]);
    if (at !== undefined)
      expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer: at[0], code: at[1] }));
    expect((await server.raw({ method: 'GET', path: '/health/live' })).status).toBe(200);
  };
  const refusedAndUnwritten = async (
    people: People,
    send: () => Promise<ApiAnswer>,
    expected: Expected,
    route?: RouteContract,
  ): Promise<ApiAnswer> => {
    const before = await headsOf(people);
    const answer = await send();
    await expectRefusal(answer, expected, route);
    expect(await headsOf(people)).toEqual(before);
    return answer;
  };

  const post = async (
    who: Who,
    id: RouteId,
    body: string | Uint8Array | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiAnswer> =>
    server.raw({
      method: 'POST',
      path: ROUTES[id].path,
      headers: {
        authorization: `Bearer ${await server.tokenFor(who)}`,
        'content-type': 'application/json',
        ...headers,
      },
      body,
    });

  return {
    get server() {
      return server;
    },
    get ledger() {
      return ledger;
    },
    aTenant,
    headsOf,
    aPending,
    expectRefusal,
    refusedAndUnwritten,
    post,
  };
};

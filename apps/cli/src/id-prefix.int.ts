import { beforeEach, describe, expect, it } from '@jest/globals';
import { approvalAnswer, preflightAnswer, voteAnswer, waiverAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const NEWEST = '0193a7c4-2000-7000-8000-000000000003';
const NEWER = '0193a7c4-1f00-7000-8000-000000000002';
const OLDER = '0193a7c4-1000-7000-8000-000000000001';
const BEFORE = '0193a7c3-0000-7000-8000-000000000000';

const summary = (id: string): object => ({ decision_id: id });
const listed = (items: readonly object[], next: string | null = null): object => ({
  body: { items, next_cursor: next, as_of: {} },
});
const decisionsListed = (...ids: readonly string[]): object => listed(ids.map(summary));
const asked = (): readonly string[] => server.seen.map(({ method, path }) => `${method} ${path}`);

beforeEach(() => {
  server.on(`GET ${API}/decisions`, decisionsListed(NEWEST, NEWER, OLDER));
});

describe('the beginning of an id is enough where no other begins so', () => {
  it('stands for the whole one', async () => {
    server.on(`GET ${API}/decisions/${NEWER}`, {
      body: { ...preflightAnswer(), decision_id: NEWER, state: 'permitted' },
    });
    await cli('gate', 'show', '0193A7C4-1f');
    expect(asked()).toEqual([`GET ${API}/decisions?limit=200`, `GET ${API}/decisions/${NEWER}`]);
  });

  it('is refused, and nothing done, where several begin so', async () => {
    const result = await cli('gate', 'show', '0193a7c4-1');
    expect(result.exit).toBe(2);
    expect(failureOf(result)).toMatchObject({ code: 'id_ambiguous', title: 'several ids begin with 0193a7c4-1' });
    expect(asked()).toHaveLength(1);
  });

  it('is not found where none does: the server says so', async () => {
    const result = await cli('gate', 'show', '0193a7c4-9');
    expect(result.exit).toBe(4);
    expect(failureOf(result)).toMatchObject({ code: 'not_found' });
  });

  it('looks through page after page, and no further than where all is older', async () => {
    const pages = [listed([summary(NEWEST)], 'b'), listed([summary(NEWER)], 'c'), listed([summary(BEFORE)], 'd')];
    server.on(`GET ${API}/decisions`, ...pages, decisionsListed());
    await cli('gate', 'show', '0193a7c4-1f');
    expect(asked().slice(0, -1)).toEqual([
      `GET ${API}/decisions?limit=200`,
      `GET ${API}/decisions?limit=200&cursor=b`,
      `GET ${API}/decisions?limit=200&cursor=c`,
    ]);
    expect(asked().at(-1)).toBe(`GET ${API}/decisions/${NEWER}`);
  });

  it('gives up after 5,000, and asks for the whole id', async () => {
    server.on(`GET ${API}/decisions`, listed([summary(NEWEST)], 'more'));
    const result = await cli('gate', 'show', '0193a7c4-1f');
    expect([result.exit, failureOf(result)['code'], asked().length]).toEqual([2, 'id_not_found', 25]);
  });

  it('votes on the approval that begins so, and on no other', async () => {
    const items = [NEWEST, NEWER].map((id) => ({ approval_id: id }));
    server.on(`GET ${API}/approvals/requests`, listed(items));
    server.on(`POST ${API}/approvals/${NEWEST}/approve`, { body: voteAnswer({ approval_id: NEWEST }) });
    expect((await cli('approvals', 'approve', '0193a7c4-2')).exit).toBe(0);
    expect(asked().at(-1)).toBe(`POST ${API}/approvals/${NEWEST}/approve`);
  });

  it('stands in a body, too', async () => {
    server.on(`POST ${API}/approvals/requests`, { status: 201, body: approvalAnswer({ decision_id: NEWER }) });
    await cli('approvals', 'file', '0193a7c4-1f', '--justification', 'season');
    expect(JSON.parse(server.seen.at(-1)?.text ?? '')).toMatchObject({ decision_id: NEWER });
  });

  it('is whole in the request that --dry-run prints', async () => {
    server.on(`GET ${API}/exceptions`, listed([{ exception_id: NEWER }]));
    const { stdout } = await cli('exception', 'revoke', '0193a7c4-1f', '--if-match', '1', '--dry-run');
    expect(stdout).toContain(`/exceptions/${NEWER}/revoke`);
    expect(asked()).toEqual([`GET ${API}/exceptions?limit=200`]);
  });

  it('is not looked up where the id is whole, or is none', async () => {
    server.on(`GET ${API}/exceptions/${NEWER}`, { body: waiverAnswer({ exception_id: NEWER }) });
    await cli('gate', 'show', NEWER);
    await cli('gate', 'show', 'nope');
    await cli('reservations', 'resolve', 'overrun:0193a7c4', '--resolution', 'accepted', '--notes', 'as agreed');
    expect(asked().filter((line) => line.includes('?'))).toEqual([]);
  });
});

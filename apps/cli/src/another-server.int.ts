import { describe, expect, it } from '@jest/globals';
import { problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli } = withCliWorld();

const SIGN_IN = Buffer.from('<html><body>Sign in</body></html>');
const HTML = { bytes: SIGN_IN, headers: { 'content-type': 'text/html' } };
const VKEYS = 'GET /.well-known/verdict-vkeys.txt';
const ANOTHER = expect.stringContaining('Verdict does not answer so');

describe('what another server answers, or a proxy', () => {
  it.each([
    [200, 6, 'answer_not_understood', 'later'],
    [401, 5, 'http_401', 'never'],
    [403, 5, 'http_403', 'never'],
    [404, 4, 'http_404', 'never'],
  ])('a page with status %i ends with %i, and is said to be none of ours', async (status, exit, code, retry) => {
    server.on(`GET ${API}/policies`, { ...HTML, status });
    const result = await cli('policy', 'show');
    expect([result.exit, failureOf(result)]).toMatchObject([exit, { code, retry, detail: ANOTHER }]);
    expect(result.stdout).toBe('');
  });

  it.each([
    ['a page', SIGN_IN],
    ['nothing', Buffer.alloc(0)],
    ['keys and more', Buffer.from('a+00000000+AA==\nand a line that is none\n')],
  ])('is no public keys, which would be trusted: %s', async (_, bytes) => {
    server.on(VKEYS, { bytes });
    const result = await cli('key', 'public');
    expect([result.exit, failureOf(result), result.stdout]).toMatchObject([
      6,
      { code: 'answer_not_understood', detail: ANOTHER },
      '',
    ]);
  });
});

it('who asks too often is told when he may ask again', async () => {
  const headers = { 'retry-after': '60' };
  server.on(`GET ${API}/policies`, { status: 429, body: problemAnswer(429, 'rate_limited', { limit: 50 }), headers });
  const result = await cli('policy', 'show');
  expect([result.exit, failureOf(result)]).toMatchObject([6, { retry: 'later', detail: 'limit 50; again in 60 s' }]);
});

it('a link that breaks off is said in words', async () => {
  server.on(`GET ${API}/policies`, { isDropped: true });
  const result = await cli('policy', 'show', '--timeout', '300ms');
  expect([result.exit, failureOf(result)]).toMatchObject([6, { detail: 'the connection broke off' }]);
});

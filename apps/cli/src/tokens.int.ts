import { describe, expect, it } from '@jest/globals';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, run, file } = withCliWorld();

const BROKEN: readonly (readonly [what: string, token: string])[] = [
  ['two lines', 'eyJ-a-secret\nand-more'],
  ['a blank', 'eyJ-a-secret and-more'],
  ['a character beyond ASCII', 'eyJ-a-secret\u2026'],
  ['UTF-16, as a shell may write it', 'e\u0000y\u0000J-a-secret'],
  ['nothing but blanks', '  '],
];

describe('a token that cannot be sent', () => {
  it.each(BROKEN)('is called wrongly, and never printed: %s', async (_, token) => {
    await file('a.token', token);
    const runs = [
      // No variable of a process can hold a NUL.
      ...(token.includes('\u0000') ? [] : [await run(['policy', 'show'], { env: { VERDICT_TOKEN: token } })]),
      await run(['policy', 'show', '--token-file', 'a.token']),
    ];
    for (const result of runs) {
      expect(result.exit).toBe(2);
      expect(['token_file_invalid', 'input_empty']).toContain(failureOf(result)['code']);
      expect(result.stderr + result.stdout).not.toContain('secret');
    }
    expect(server.seen).toEqual([]);
  });
});

it('an ETag that cannot be sent is called wrongly', async () => {
  const result = await run(['policy', 'cancel', '3', '--if-match', '"3\n"']);
  expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'usage' }]);
  expect(server.seen.filter(({ path }) => path.startsWith(API))).toEqual([]);
});

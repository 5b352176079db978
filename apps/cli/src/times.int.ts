import { describe, expect, it } from '@jest/globals';
import { problemAnswer } from './testing/answers.js';
import { API, failureOf, withCliWorld } from './testing/cli-world.js';

const { server, cli, file } = withCliWorld();

const ID = '0193a7c4-0000-7000-8000-000000000006';
const GRANT = ['credit', 'grant', 'tenant', '--amount', '5', '--reason', 'r', '--expires'] as const;
const WAIVE = ['exception', 'create', '--waives', 'a', '--owner', 'o', '--reason', 'r', '--ticket', 't', '--expires'];
const PUBLISH = ['policy', 'publish', 'policy.json', '--message', 'm', '--if-match', '1', '--at'] as const;
const ROTATE = ['integration', 'rotate', ID, '--secrets-out', 'secrets', '--previous-until'] as const;
const COMMANDS = [GRANT, WAIVE, PUBLISH, ROTATE];

describe('a time that is given', () => {
  it.each([
    ['2027-01-01', '2027-01-01T00:00:00.000Z'],
    ['2027-01-01T08:30Z', '2027-01-01T08:30:00.000Z'],
    ['2027-01-01T00:30:00+02:00', '2026-12-31T22:30:00.000Z'],
    ['2026-12-31T18:00:00.5-05:00', '2026-12-31T23:00:00.500Z'],
  ])('goes out in UTC, whatever zone it was written in: %s', async (given, sent) => {
    await file('policy.json', '{}');
    const refused = { status: 422, body: problemAnswer(422, 'validation_failed') };
    for (const path of ['credits', 'exceptions', 'policies', `integrations/${ID}/rotate`])
      server.on(`POST ${API}/${path}`, refused);
    for (const argv of COMMANDS) await cli(...argv, given);
    const bodies = server.seen.map(({ text }): unknown => JSON.parse(text));
    expect(bodies).toMatchObject([
      { expires_at: sent },
      { expires_at: sent },
      { effective_from: sent },
      { previous_valid_until: sent },
    ]);
  });

  it.each(['tomorrow', '2027-02-30', '2027-01-01 10:00', '2027-01-01T10:00', '1767225600', ''])(
    'that is none is called wrongly, with one message, and nobody is asked: %j',
    async (given) => {
      await file('policy.json', '{}');
      for (const argv of COMMANDS) {
        const result = await cli(...argv, given);
        expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'time_invalid' }]);
        expect(result.stderr.trim().split('\n')).toHaveLength(1);
        expect(failureOf(result)).not.toHaveProperty('errors');
      }
      expect(server.seen).toEqual([]);
    },
  );

  it('is a day that there is, where a period begins, too', async () => {
    const result = await cli('policy', 'review', '--since', '2027-02-30');
    expect([result.exit, failureOf(result)]).toMatchObject([2, { code: 'time_invalid' }]);
  });
});

import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, HttpEnv, loadConfig, PostgresEnv } from './config.js';

const schema = z.object({ ...HttpEnv, ...PostgresEnv });
const ISSUERS = JSON.stringify([{ issuer: 'https://idp.test', jwksUrl: 'https://idp.test/jwks' }]);
const GOOD = { AUTH_ISSUERS: ISSUERS, POSTGRES_URL: 'postgres://u:p@127.0.0.1/verdict' };

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(schema, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the configuration', () => {
  it('has safe defaults and is frozen', () => {
    const config = loadConfig(schema, { ...GOOD, LOG_LEVEL: '' });
    expect(config).toMatchObject({
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: 3000,
      LOG_LEVEL: 'info',
      METRIC_PREFIX: 'valdrics_ops_',
    });
    expect(config.AUTH_ISSUERS).toMatchObject([{ audience: 'verdict', tenantClaim: 'tenant_id' }]);
    expect(config.METRIC_ALIAS_PREFIXES).toEqual(['valdrix_ops_']);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('names every bad variable and never its value', () => {
    const bad = {
      HTTP_PORT: '70000',
      POSTGRES_URL: 'mysql://root:hunter2@db',
      AUTH_ISSUERS: '{hunter2',
      LOG_LEVEL: 'hunter2',
    };
    const problems = problemsOf(bad);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['HTTP_PORT', 'POSTGRES_URL', 'AUTH_ISSUERS', 'LOG_LEVEL']),
    );
    expect(problems.join()).not.toMatch(/hunter2|70000/);
  });

  it.each([
    ['over plain http from another host', { jwksUrl: 'http://idp.test/jwks' }],
    ['from nowhere', {}],
    ['from two places', { jwksUrl: 'https://idp.test/jwks', jwks: { keys: [{ kty: 'OKP' }] } }],
  ])('does not take keys %s', (_title, keys) => {
    const AUTH_ISSUERS = JSON.stringify([{ issuer: 'https://idp.test', ...keys }]);
    expect(problemsOf({ ...GOOD, AUTH_ISSUERS })).toEqual([expect.stringMatching(/^AUTH_ISSUERS\.0/)]);
  });

  it('does not take one issuer twice, since only one of both would count', () => {
    const twice = [1, 2].map((port) => ({ issuer: 'i', jwksUrl: `http://127.0.0.1:${String(port)}/jwks` }));
    expect(problemsOf({ ...GOOD, AUTH_ISSUERS: JSON.stringify(twice) })).toEqual([
      expect.stringMatching(/^AUTH_ISSUERS/),
    ]);
  });

  it('takes keys over plain http on loopback, and from a file', () => {
    for (const jwksUrl of ['http://127.0.0.1:9/jwks', 'http://localhost/jwks', 'file:///etc/verdict/jwks.json']) {
      expect(problemsOf({ ...GOOD, AUTH_ISSUERS: JSON.stringify([{ issuer: 'i', jwksUrl }]) })).toEqual([]);
    }
  });
});

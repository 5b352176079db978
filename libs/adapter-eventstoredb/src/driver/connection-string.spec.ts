import { describe, expect, it } from '@jest/globals';
import { connectionString } from './connection-string.js';

const queryOf = (url: string): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(url.slice(url.indexOf('?') + 1)));

describe('The connection string of a client', () => {
  it('sets what is left open: the leader, keep-alive, the deadline and the name', () => {
    const url = connectionString('esdb://user:pass@host:2113', 0, 'verdict log');
    expect(url.startsWith('esdb://user:pass@host:2113?')).toBe(true);
    expect(queryOf(url)).toEqual({
      ...{ nodePreference: 'leader', keepAliveInterval: '10000', keepAliveTimeout: '10000' },
      ...{ defaultDeadline: '10000', connectionName: 'verdict log' },
    });
  });

  it('keeps what is given, however the key is spelled', () => {
    const url = connectionString(
      'esdb+discover://name?tls=true&node_preference=follower&KeepAliveTimeout=5000',
      3,
      'x',
    );
    expect(queryOf(url)).toMatchObject({ tls: 'true', node_preference: 'follower', keepAliveTimeout: '5003' });
    expect(queryOf(url)).not.toHaveProperty('nodePreference');
    expect(queryOf(url)).not.toHaveProperty('KeepAliveTimeout');
  });

  it('differs between two clients, so that they share no connection', () => {
    expect(connectionString('esdb://host', 1, 'x')).not.toBe(connectionString('esdb://host', 2, 'x'));
  });

  it('leaves keep-alive off when it is switched off', () => {
    expect(queryOf(connectionString('esdb://host?keepAliveTimeout=-1', 7, 'x'))).toMatchObject({
      keepAliveTimeout: '-1',
    });
  });

  it('refuses to let a refused append pass, and says nothing of the password', () => {
    const open = () => connectionString('esdb://user:secret@host?throwOnAppendFailure=false', 0, 'x');
    expect(open).toThrow(/throwOnAppendFailure/);
    expect(open).not.toThrow(/secret/);
  });
});

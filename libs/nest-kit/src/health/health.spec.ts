import { describe, expect, it } from '@jest/globals';
import { Health } from './health.js';

describe('readiness', () => {
  it('names the dependency that is down', async () => {
    const health = new Health();
    health.add('postgres', () => Promise.resolve());
    health.add('log', () => Promise.reject(new Error('password=hunter2')));
    health.markStarted();
    expect(await health.readiness()).toEqual({ status: 'down', checks: { postgres: 'up', log: 'down' } });
  });
  it('is up only between start and stop', async () => {
    const health = new Health();
    health.add('postgres', () => Promise.resolve());
    expect((await health.readiness()).status).toBe('down');
    health.markStarted();
    expect((await health.readiness()).status).toBe('up');
    health.markStopping();
    expect((await health.readiness()).status).toBe('down');
  });
  it('takes a dependency that does not answer in time for down, also when its check throws at once', async () => {
    const health = new Health(20);
    health.add('slow', () => new Promise(() => undefined));
    health.add('broken', () => {
      throw new Error('no');
    });
    health.markStarted();
    expect((await health.readiness()).checks).toEqual({ slow: 'down', broken: 'down' });
  });
});

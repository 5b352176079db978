import { describe, expect, it } from '@jest/globals';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { withClient } from './admin.js';
import { openPool } from './pool.js';

const database = withEmbeddedPostgres();

/** Ends every connection of the pool, as a server that dies does. */
const terminate = (application: string): Promise<unknown> =>
  withClient(database.adminUrl, (client) =>
    client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [application]),
  );

describe('a pool of connections', () => {
  it('outlives connections that die idle, between two statements and within one, and reports it to who asks next', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', note);
    const pool = openPool({ connectionString: database.adminUrl, application_name: 'mortal', max: 3 });
    try {
      const [between, within] = await Promise.all([pool.connect(), pool.connect()]);
      await pool.query('SELECT 1'); // The third one is idle now.
      expect(between.listenerCount('error')).toBeGreaterThan(0);
      const sleeping = within.query('SELECT pg_sleep(60)').then(
        () => 'done',
        () => 'failed',
      );
      await terminate('mortal');
      expect(await sleeping).toBe('failed');
      await expect(between.query('SELECT 1')).rejects.toThrow();
      between.release(true);
      within.release(true);
      expect((await pool.query<{ one: number }>('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(uncaught).toEqual([]);
    } finally {
      process.off('uncaughtException', note);
      await pool.end();
    }
  });
});

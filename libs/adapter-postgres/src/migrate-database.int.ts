import { describe, expect, it } from '@jest/globals';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { migrateDatabase } from './migrate-database.js';

const ROUNDS = 10;
const AT_ONCE = 6;

describe('bringing a database to this release', () => {
  const database = withEmbeddedPostgres();

  it('may be done by all processes of a deployment that start at once, again and again', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const starts = Array.from({ length: AT_ONCE }, () => migrateDatabase(database.adminUrl));
      expect((await Promise.allSettled(starts)).filter(({ status }) => status === 'rejected')).toEqual([]);
    }
  });
});

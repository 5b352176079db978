import { describe, expect, it } from '@jest/globals';
import { withEmbeddedPostgres } from '@verdict/testkit';
import { migrateDatabase } from './migrate-database.js';
import { openReadModels } from './read-models/open-read-models.js';
import { schemasOf } from './schemas-of.js';

describe('what a database is used for', () => {
  const database = withEmbeddedPostgres();

  it('is told before and after it was migrated, and after services have projected into it', async () => {
    expect(await schemasOf(database.adminUrl)).toEqual({ hasLog: false, hasReadModels: false, hasAudit: false });
    await migrateDatabase(database.adminUrl);
    expect(await schemasOf(database.serviceUrl)).toEqual({ hasLog: true, hasReadModels: false, hasAudit: true });
    await (await openReadModels({ url: database.serviceUrl })).close();
    expect(await schemasOf(database.serviceUrl)).toEqual({ hasLog: true, hasReadModels: true, hasAudit: true });
  });
});

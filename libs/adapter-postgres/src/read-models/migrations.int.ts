import { expect, it } from '@jest/globals';
import { freshHistory, LISTS, Walked, withEmbeddedPostgres } from '@verdict/testkit';
import { withClient } from '../shared/admin.js';
import { dataSourceOf } from './data-source.js';
import { READ_MODEL_MIGRATIONS } from './migrations.js';
import { openReadModels } from './open-read-models.js';
import { allowReadModels } from './schema.js';

const database = withEmbeddedPostgres();
/** Those of the release that kept no revisions of changes. */
const BEFORE = READ_MODEL_MIGRATIONS.slice(0, 3);

const migrateAsBefore = async (): Promise<void> => {
  await allowReadModels(database.adminUrl);
  await withClient(database.serviceUrl, (client) => client.query('CREATE SCHEMA read_model'));
  const source = dataSourceOf({
    ...{ url: database.serviceUrl, schema: 'read_model', applicationName: 'test', poolSize: 1 },
  });
  source.setOptions({ migrations: BEFORE });
  await source.initialize();
  await source.runMigrations();
  await source.destroy();
};

/** Rows as the release before wrote them: a held decision, one that was voided, one that waits with a vote, and one granted. */
const writeAsBefore = (tenantId: string): Promise<unknown> =>
  withClient(database.serviceUrl, async (client) => {
    for (const [revision, holdState, approval] of [
      [0, 'held', null],
      [1, 'voided', null],
      [2, 'held', 'pending'],
      [3, 'held', 'granted'],
    ] as const) {
      const id = `d${String(revision)}`;
      const approvalId = approval === null ? null : `a${String(revision)}`;
      await client.query(
        `INSERT INTO read_model.decisions VALUES ($1, $2, $3, '2026', '2027', 'web', 'prod', 'terraform', 'r', 'ALLOW',
  '{within_policy}', 1, 1, 'f', 's', $2, 'h', $4, false, $5, false)`,
        [tenantId, id, revision, approvalId, holdState],
      );
      if (approval !== null)
        await client.query(
          `INSERT INTO read_model.approvals VALUES ($1, $2, $3, $4, $5, 'web', 'ana', '{}', '{bob,carl}', 1, null, '2026', '2027', null, true)`,
          [tenantId, approvalId, id, revision + 5, approval],
        );
    }
    for (const [kind, next] of [
      ['decisions', 5],
      ['approvals', 12],
    ] as const)
      await client.query(`INSERT INTO read_model.high_water VALUES ('read_models', $1, $2)`, [
        `${kind}-${tenantId}`,
        next,
      ]);
  });

it('takes the tables of the release before along: walks that begin now show old rows as they were, also once they change', async () => {
  const history = freshHistory();
  await migrateAsBefore();
  await writeAsBefore(history.tenantId);
  const opened = await openReadModels({ url: database.serviceUrl });
  try {
    const walked = new Walked(opened, LISTS, history, { decisions: 5n });
    const before = await walked.tell([]);
    expect(before['active reservations']).toHaveLength(3);
    expect(before['requests that are pending']).toEqual([]); // The log tells of them again, from the first entry on.
    history.void('d0');
    history.settle('d3');
    const after = await walked.tell();
    expect(after['active reservations']).toHaveLength(1);
    await walked.expectAllAsSeen([1]);
  } finally {
    await opened.close();
  }
});

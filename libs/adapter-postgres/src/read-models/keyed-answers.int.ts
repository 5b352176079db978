import { beforeAll, expect, it } from '@jest/globals';
import { freshHistory, withEmbeddedPostgres } from '@verdict/testkit';
import { withClient } from '../shared/admin.js';
import { openReadModels } from './open-read-models.js';
import { allowReadModels, READ_MODEL_SCHEMA } from './schema.js';

const database = withEmbeddedPostgres();
beforeAll(() => allowReadModels(database.adminUrl));

/** The read models as the release before this table left them. */
const withoutKeyedAnswers = () =>
  withClient(database.serviceUrl, async (client) => {
    await client.query(`DROP TABLE ${READ_MODEL_SCHEMA}.keyed_answers`);
    const { rowCount } = await client.query(
      `DELETE FROM ${READ_MODEL_SCHEMA}.migrations WHERE name LIKE 'AddKeyedAnswers%'`,
    );
    expect(rowCount).toBe(1);
  });

it('keys of an earlier release are found after the update: their journals are projected again, decisions are not', async () => {
  const history = freshHistory();
  const decision = history.decide({ needsApproval: true });
  history.request(decision);
  history.vote(decision.approvalId, 'cy');
  history.settle(decision.decisionId, 'savings', '110.0000', 'settle-1');
  const slices = (['decisions', 'approvals', 'reservations'] as const).map((kind) => history.slice(kind));
  const before = await openReadModels({ url: database.serviceUrl });
  await before.store.apply(slices);
  const view = await before.readModels.findDecision(history.tenantId, decision.decisionId);
  const approval = await before.readModels.findApproval(history.tenantId, decision.approvalId);
  await before.close();
  await withoutKeyedAnswers();

  const after = await openReadModels({ url: database.serviceUrl });
  const { readModels } = after;
  expect(await readModels.highWater(history.tenantId)).toMatchObject({
    decisions: 0n,
    approvals: -1n,
    reservations: -1n,
  });
  await after.store.apply(slices);
  expect(await readModels.findDecision(history.tenantId, decision.decisionId)).toEqual(view);
  expect(await readModels.findApproval(history.tenantId, decision.approvalId)).toEqual(approval);
  const found = [
    await readModels.findKeyedAnswer(history.tenantId, { kind: 'approvals', scope: 'vote:cy', key: 'cy' }),
    await readModels.findKeyedAnswer(history.tenantId, { kind: 'reservations', scope: 'reconcile', key: 'settle-1' }),
  ];
  expect(found).toMatchObject([{ revision: 1n }, { revision: 1n }]);
  await after.close();
});

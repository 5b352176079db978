import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProjectionsUnavailable } from '@verdict/application';
import { describeRelayStore, withEmbeddedPostgres } from '@verdict/testkit';
import { allowReadModels } from '../read-models/schema.js';
import { sleep } from '../shared/errors.js';
import { openRelayStore, type OpenRelayStore } from './relay-store.js';

const database = withEmbeddedPostgres();
let opened: OpenRelayStore;

beforeAll(async () => {
  await allowReadModels(database.adminUrl);
  // All at once, as replicas start: whoever comes second finds the schema made.
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => openRelayStore(database.serviceUrl)));
  if (first === undefined) throw new Error('no store was opened');
  opened = first;
  for (const other of others) await other.close();
});
afterAll(() => opened.close());

describeRelayStore('Postgres', () => ({ store: opened, pass: sleep }));

describe('the relay store on Postgres', () => {
  it('says that it is away, so that the relay tries again', async () => {
    const closed = await openRelayStore(database.serviceUrl);
    await closed.close();
    await expect(closed.marks('policy')).rejects.toThrow(ProjectionsUnavailable);
  });
});

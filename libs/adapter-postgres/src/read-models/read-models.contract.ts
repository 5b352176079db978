import { afterAll, beforeAll } from '@jest/globals';
import { describeProjectionStore, describeReadModels, withEmbeddedPostgres } from '@verdict/testkit';
import { openReadModels, type OpenReadModels } from './open-read-models.js';
import { allowReadModels } from './schema.js';

const database = withEmbeddedPostgres();
let opened: OpenReadModels;

beforeAll(async () => {
  await allowReadModels(database.adminUrl);
  opened = await openReadModels({ url: database.serviceUrl });
});
afterAll(() => opened.close());

describeReadModels('Postgres', () => opened);
describeProjectionStore('Postgres', () => opened);

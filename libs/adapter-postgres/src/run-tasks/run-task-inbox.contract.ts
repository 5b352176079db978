import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RunTaskInboxUnavailable } from '@verdict/application';
import { describeRunTaskInbox, withEmbeddedPostgres } from '@verdict/testkit';
import { Client } from 'pg';
import { allowReadModels } from '../read-models/schema.js';
import { sleep } from '../shared/errors.js';
import { openRunTaskInbox, type OpenRunTaskInbox } from './run-task-inbox.js';

const database = withEmbeddedPostgres();
let opened: OpenRunTaskInbox;

beforeAll(async () => {
  await allowReadModels(database.adminUrl);
  // All at once, as replicas start: whoever comes second finds the schema made.
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => openRunTaskInbox(database.serviceUrl)));
  if (first === undefined) throw new Error('no inbox was opened');
  opened = first;
  for (const other of others) await other.close();
});
afterAll(() => opened.close());

const dump = async (): Promise<string> => {
  const client = new Client({ connectionString: database.adminUrl });
  await client.connect();
  try {
    return JSON.stringify((await client.query('SELECT * FROM run_task.inbox')).rows);
  } finally {
    await client.end();
  }
};

describeRunTaskInbox('Postgres', () => ({ inbox: opened.inbox, pass: sleep, dump }));

describe('the inbox of run tasks on Postgres', () => {
  it('says that it is away, so that the peer sends again', async () => {
    const closed = await openRunTaskInbox(database.serviceUrl);
    await closed.close();
    await expect(closed.inbox.claim({ holder: 'me', ttlMs: 1, lane: 'quick', limit: 1, tenantMax: 1 })).rejects.toThrow(
      RunTaskInboxUnavailable,
    );
  });
});

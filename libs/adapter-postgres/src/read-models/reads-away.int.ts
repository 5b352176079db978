import { expect, it } from '@jest/globals';
import { type JournalKind, ReadModelsUnavailable } from '@verdict/application';
import { startCuttingProxy, withEmbeddedPostgres } from '@verdict/testkit';
import { openReadModels } from './open-read-models.js';
import { allowReadModels } from './schema.js';

const database = withEmbeddedPostgres();
const PAGE = { limit: 10, cursor: undefined };
const KIND: JournalKind = 'decisions';

it('every read says that the read models are unavailable while the server is away', async () => {
  await allowReadModels(database.adminUrl);
  const url = new URL(database.serviceUrl);
  const proxy = await startCuttingProxy(Number(url.port));
  url.port = String(proxy.port);
  const opened = await openReadModels({ url: url.href });
  const { readModels } = opened;
  const idsInRange = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const id of readModels.idsInRange('acme', KIND, 0n, 9n)) found.push(id);
    return found;
  };
  const reads: readonly (() => Promise<unknown>)[] = [
    () => readModels.listDecisions('acme', {}, PAGE),
    () => readModels.findDecision('acme', 'd'),
    () => readModels.bookingRevisions('acme', 'd'),
    () => readModels.findAnswers('acme', [{ scope: 'terraform', text: 'k' }]),
    () => readModels.findKeyedAnswer('acme', { kind: 'approvals', scope: 'file', key: 'k' }),
    () => readModels.listApprovals('acme', {}, PAGE),
    () => readModels.findApproval('acme', 'a'),
    () => readModels.listActiveReservations('acme', {}, PAGE),
    () => readModels.listExceptions('acme', {}, PAGE),
    () => readModels.highWater('acme'),
    idsInRange,
  ];
  for (const read of reads) await read();
  await proxy.close();
  for (const read of reads) await expect(read()).rejects.toBeInstanceOf(ReadModelsUnavailable);
  await opened.close();
});

/**
 * The least that a durable gate does, and no decision: takes a request, parses it, hashes an entry of the size that a
 * decision under 10 rules has, appends it with all that wait, by the product's own journals, and answers as much as a
 * verdict is. What it reaches on a machine is what a gate on the same machine cannot pass.
 *
 * `node floor.mjs`: `VERDICT_DATA_DIR` is its folder; it writes `server.json` there when it is ready, as the standalone does.
 * With `FLOOR_WITHOUT_LOG=1` nothing is appended either: what is left is HTTP, and the load itself.
 */
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { migrateLog, openPostgresJournals, startEmbeddedPostgres } from '@verdict/adapter-postgres';

const ENTRY_BYTES = 4_300;
const ANSWER_BYTES = 2_900;
const BATCH_MAX = 128;
const JOURNAL = 'decisions-floor';

const dataDir = process.env.VERDICT_DATA_DIR;

/** What keeps entries, or nothing that does. */
const openLog = async () => {
  if (process.env.FLOOR_WITHOUT_LOG === '1') {
    const append = async (_journal, head, entries) => ({ kind: 'appended', revision: head + BigInt(entries.length) });
    return { append, close: async () => undefined };
  }
  const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres', 'data'), log: () => undefined });
  await migrateLog(postgres.url);
  const journals = await openPostgresJournals({ url: postgres.localUrl });
  const close = async () => {
    await journals.close();
    await postgres.stop();
  };
  return { append: (...append) => journals.append(...append), close };
};
const log = await openLog();

let head = -1n;
let waiting = [];
let isAppending = false;
const counts = { appends: 0, entries: 0 };

const entryOf = (request) => {
  const text = JSON.stringify({ id: randomUUID(), request });
  const bytes = Buffer.from(text.padEnd(ENTRY_BYTES));
  return { storeId: randomUUID(), type: 'floor', leafHash: createHash('sha256').update(bytes).digest(), bytes };
};

/** As the gate publishes them, for the bench reads both alike. */
const metricsOf = ({ appends, entries }) =>
  `journal_append_batch_size_count{kind="decisions"} ${appends}\njournal_append_batch_size_sum{kind="decisions"} ${entries}\n`;

const FILLER = 'x'.repeat(ANSWER_BYTES);
const answerOf = (revision, leafHash) => {
  const entry = { origin: JOURNAL, revision: Number(revision), leaf_hash: leafHash.toString('hex') };
  return JSON.stringify({ decision: 'ALLOW', reservation_active: true, entry, filler: FILLER });
};

const appendAll = async () => {
  isAppending = true;
  while (waiting.length > 0) {
    await new Promise(setImmediate);
    const batch = waiting.splice(0, BATCH_MAX);
    const entries = batch.map(({ request }) => entryOf(request));
    const result = await log.append(JOURNAL, head, entries);
    if (result.kind !== 'appended') throw new Error(`the floor's append came to ${result.kind}`);
    counts.appends += 1;
    counts.entries += entries.length;
    batch.forEach(({ response }, index) => {
      const body = answerOf(head + 1n + BigInt(index), entries[index].leafHash);
      response.setHeader('content-type', 'application/json').end(body);
    });
    head = result.revision;
  }
  isAppending = false;
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url === '/metrics') return void response.end(metricsOf(counts));
    waiting.push({ request: JSON.parse(Buffer.concat(chunks).toString()), response });
    if (!isAppending) void appendAll();
  });
});
server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  writeFileSync(join(dataDir, 'server.json'), JSON.stringify({ pid: process.pid, url }));
});
process.once('SIGTERM', async () => {
  server.closeAllConnections();
  server.close();
  await log.close();
});

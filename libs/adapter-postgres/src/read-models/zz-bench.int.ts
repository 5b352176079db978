import { it } from '@jest/globals';
import { freshHistory, withEmbeddedPostgres } from '@verdict/testkit';
import { openReadModels } from './open-read-models.js';
import { allowReadModels } from './schema.js';
const database = withEmbeddedPostgres();
it('bench', async () => {
  await allowReadModels(database.adminUrl);
  const opened = await openReadModels({ url: database.serviceUrl });
  for (let r = 0; r < 4; r += 1) {
    const h = freshHistory();
    for (let i = 0; i < 20_000; i += 1) h.decide();
    const all = h.slice('decisions');
    const slices = Array.from({ length: 100 }, (_, n) => ({
      journal: all.journal,
      entries: all.entries.slice(n * 200, n * 200 + 200),
    }));
    const cpu = process.cpuUsage();
    const t = Date.now();
    for (const s of slices) await opened.store.apply([s]);
    const c = process.cpuUsage(cpu);
    const ms = Date.now() - t;
    process.stderr.write(
      `200/tx: ${String((20000 / ms) * 1000)} entries/s, node cpu us/entry ${String((c.user + c.system) / 20000)}\n`,
    );
  }
  await opened.close();
}, 60_000);

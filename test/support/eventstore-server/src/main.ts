import { parseArgs } from 'node:util';
import { startEventStoreServer } from './server.js';

const { values } = parseArgs({ options: { port: { type: 'string' }, data: { type: 'string' } } });
const server = await startEventStoreServer({
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
  ...(values.data === undefined ? {} : { dataDir: values.data }),
});
process.stdout.write(`listening ${server.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.stop());

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';
import { FLOOR_RUNS, HTTP_RUNS } from './plan.mjs';
import { heading, runLine } from './report.mjs';
import { startServer } from './server.mjs';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'floor.mjs');

const SHAPES = [
  {
    runs: HTTP_RUNS,
    env: { FLOOR_WITHOUT_LOG: '1' },
    label: 'HTTP alone: an answer of as many bytes, nothing appended',
  },
  {
    runs: FLOOR_RUNS,
    env: {},
    label: 'the floor: HTTP, an append of as many bytes, an answer of as many, and no decision',
  },
];

/**
 * What this machine gives to HTTP and the load alone, and to the least that a durable gate can be: see `floor.mjs`. No
 * ledger is read back: none is kept.
 */
export const runFloor = async ({ folder, seconds, say, onServer }) => {
  const runs = [];
  for (const [index, { label, env, runs: wanted }] of SHAPES.entries()) {
    const dataDir = join(folder, `floor-${index}`);
    mkdirSync(dataDir);
    const server = await startServer({ main: PROGRAM, dataDir, logFile: join(folder, `floor-${index}.log`), env });
    onServer(server);
    try {
      say(`\n${label}\n${heading()}`);
      const context = { server, folder, tokens: ['floor'], names: ['floor'], files: [] };
      for (const run of wanted) {
        const measured = await measure(context, run, seconds);
        say(runLine(measured));
        runs.push(measured);
      }
    } finally {
      await server.stop();
    }
  }
  return runs;
};

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';
import { FLOOR_RUNS } from './plan.mjs';
import { heading, runLine } from './report.mjs';
import { startServer } from './server.mjs';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'floor.mjs');

/** What this machine gives to the least that a durable gate can be: see `floor.mjs`. No ledger is read back: none is kept. */
export const runFloor = async ({ folder, seconds, say, onServer }) => {
  const dataDir = join(folder, 'floor');
  mkdirSync(dataDir);
  const server = await startServer({ main: PROGRAM, dataDir, logFile: join(folder, 'floor.log') });
  onServer(server);
  try {
    say(`\nthe floor: HTTP, an append of as many bytes, an answer of as many, and no decision\n${heading()}`);
    const context = { server, folder, tokens: ['floor'], names: ['floor'], files: [] };
    const runs = [];
    for (const run of FLOOR_RUNS) {
      const measured = await measure(context, run, seconds);
      say(runLine(measured));
      runs.push(measured);
    }
    return runs;
  } finally {
    await server.stop();
  }
};

/** The part `scale-out` of `npm run bench`. See docs/bench.md. */
import { join } from 'node:path';
import { isLoss } from '../measure.mjs';
import { measureCatchUp } from './catch-up.mjs';
import { measureTakeOver } from './take-over.mjs';
import { measureShape } from './throughput.mjs';

const LOGS = {
  postgres: 'Postgres log + Kafka, separate processes',
  eventstoredb:
    'test server of the EventStoreDB protocol + Kafka, separate processes (measures our adapter, not EventStoreDB)',
};
/** Tenants that share the entries of a catch-up: one journal alone, and several side by side. */
const CATCH_UP_TENANTS = [1, 10];

/** @param embedded runs the load of all shapes on a standalone. */
export const runScaleOut = async ({ folder, figures, gates, entries, rounds, seconds, say, onServer, embedded }) => {
  const wants = (...names) => names.some((name) => figures.includes(name));
  const common = { seconds, say, onServer };
  const shapes = wants('throughput') ? [{ log: 'embedded', ...(await embedded()) }] : [];
  if (wants('throughput', 'lag')) {
    for (const [log, label] of Object.entries(LOGS)) {
      say(`\n${label}, ${gates} gate${gates === 1 ? '' : 's'}`);
      shapes.push(await measureShape({ ...common, folder: join(folder, log), log, gates, figures }));
    }
  }
  const takeOver = wants('take-over')
    ? await measureTakeOver({ ...common, folder: join(folder, 'take-over'), rounds })
    : undefined;
  const catchUp = [];
  if (wants('catch-up')) {
    for (const tenants of CATCH_UP_TENANTS) {
      catchUp.push(await measureCatchUp({ ...common, folder: join(folder, `catch-up-${tenants}`), entries, tenants }));
    }
  }
  return { shapes, takeOver, catchUp, hasLoss: shapes.some(({ audit }) => isLoss(audit)) };
};

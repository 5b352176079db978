import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), 'evaluate.mjs');

/** Evaluation without I/O in processes of its own, before any server runs: with 10 rules and with as many as there may be. */
export const evaluateAlone = async ({ seconds, say }) => {
  const measured = [];
  say('\nevaluation alone, one core, no I/O');
  for (const rules of [10, 128]) {
    const args = [PROGRAM, '--seconds', String(seconds), '--rules', String(rules)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const figures = JSON.parse(stdout);
    measured.push(figures);
    say(
      `${rules} rules`.padEnd(26) +
        `${figures.perSecond.toFixed(0)}/s, ${figures.cpuUs.toFixed(1)} us of a core each; ` +
        `p50 ${figures.p50Us.toFixed(0)} us, p99 ${figures.p99Us.toFixed(0)} us; ${figures.rssMiB.toFixed(0)} MiB`,
    );
  }
  return measured;
};

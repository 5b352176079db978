import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Stops the embedded Postgres that the test files of this run have shared, if any of them needed one. */
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const pause = (ms) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const STOP_TIMEOUT_MS = 20_000;

export default async function stopSharedPostgres() {
  const folder = join(tmpdir(), `verdict-test-${process.env.VERDICT_TEST_RUN ?? String(process.pid)}`);
  const text = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  if (pid > 0 && isAlive(pid)) {
    process.kill(pid, 'SIGINT'); // Fast shutdown.
    const deadline = Date.now() + STOP_TIMEOUT_MS;
    while (isAlive(pid) && Date.now() < deadline) await pause(20);
  }
  await rm(folder, { recursive: true, force: true });
}

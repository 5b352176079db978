import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.mjs';
import { NODE_FLAGS } from './node-flags.mjs';
import { RAISED_QUOTAS } from './quotas.mjs';
import { processorTimeOf } from './processor-time.mjs';

const readServerFile = (dataDir) => {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'));
  } catch {
    return undefined; // Not there yet.
  }
};

/** Starts a standalone on a free port of loopback; ready when its server file is there. */
export const startServer = async ({ main, dataDir, logFile, env = {} }) => {
  const child = startChild({
    args: [...NODE_FLAGS, main],
    env: {
      VERDICT_PORT: '0',
      VERDICT_DATA_DIR: dataDir,
      VERDICT_LOG_HOST: 'bench.verdict.local',
      LOG_LEVEL: 'warn',
      ...RAISED_QUOTAS,
      ...env,
    },
    logFile,
  });
  const url = await child.ready('the standalone', () => {
    const found = readServerFile(dataDir);
    return found?.pid === child.pid ? found.url : undefined;
  });
  const processorUs = () => {
    const { ownUs, belowUs } = processorTimeOf(child.pid);
    return { server: ownUs, database: belowUs };
  };
  return { url, pid: child.pid, processorUs, stop: child.stop };
};

/** Memory of the process in MiB: now, and at its highest. Zero where the system has no /proc. */
export const memoryOf = (pid) => {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 1024;
    return { rssMiB: mib('VmRSS'), peakMiB: mib('VmHWM') };
  } catch {
    return { rssMiB: 0, peakMiB: 0 };
  }
};

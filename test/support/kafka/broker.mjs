/**
 * A real Kafka broker for tests and for machines without containers: one KRaft node in a Java process, on loopback.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { endProcess, freePort, isAlive, isPortFree, killProcess, pause, reapWithOwner } from './processes.mjs';
import { serverProperties } from './properties.mjs';
import { openToolchain } from './toolchain.mjs';

export { KafkaMissing, whatIsMissing } from './toolchain.mjs';

/** A busy machine takes its time; a broker that has ended is noticed at once. */
const READY_MS = 180_000;
const STARTS_MAX = 3;
const LOG_TAIL = 3_000;
const JVM = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

const tailOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').slice(-LOG_TAIL) : '');

/** Whether a broker answers a metadata request and names itself a member of its cluster. */
export const answers = async (brokers, security = {}) => {
  const kafka = new Kafka({
    ...{ clientId: 'probe', brokers: [...brokers], logLevel: logLevel.NOTHING, ...security },
    ...{ connectionTimeout: 2_000, requestTimeout: 2_000, retry: { retries: 0 } },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
};

/** 16 random bytes as Kafka spells them; the tools would read a leading dash as an option. */
const newClusterId = () => {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
};

const format = (toolchain, files, scram) => {
  if (existsSync(join(files.dataDir, 'meta.properties'))) return;
  const { java, classPath, logging } = toolchain;
  const users = scram.flatMap((user) => ['--add-scram', user]);
  const tool = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', newClusterId(), '-c', files.properties];
  const { status, stdout, stderr } = spawnSync(java, ['-XX:TieredStopAtLevel=1', logging, ...tool, ...users], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the data folder of Kafka could not be formatted:\n${stdout}${stderr}`);
};

const launch = ({ java, classPath, logging }, files, isDetached) => {
  const log = openSync(files.log, 'a');
  const child = spawn(java, [...JVM, logging, '-cp', classPath, 'kafka.Kafka', files.properties], {
    ...{ detached: isDetached, stdio: ['ignore', log, log] },
  });
  closeSync(log);
  child.unref();
  return child;
};

const waitUntilReady = async (pid, site) => {
  const deadline = Date.now() + READY_MS;
  while (!(await site.isReady(site.brokers))) {
    if (!isAlive(pid)) throw new Error(`Kafka ended before it was ready:\n${tailOf(site.files.log)}`);
    if (Date.now() > deadline) {
      await killProcess(pid);
      throw new Error(`Kafka was not ready within ${READY_MS / 1000} s:\n${tailOf(site.files.log)}`);
    }
    await pause(100);
  }
};

/** Starts Java over a site's data folder and settings; resolves with its pid once it serves. */
const runBroker = async (site) => {
  const { pid } = launch(site.toolchain, site.files, site.isDetached);
  if (pid === undefined) throw new Error('Java could not be started');
  if (!site.isDetached) reapWithOwner(pid, site.ownFolder);
  await waitUntilReady(pid, site);
  return pid;
};

const openSite = async (options, toolchain) => {
  // Whoever listens there may well be another broker, and would answer in the place of ours.
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new Error(`port ${options.port} of 127.0.0.1 is taken`);
  }
  const ownFolder = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), 'verdict-kafka-')) : undefined;
  const folder = resolve(options.dataDir ?? ownFolder);
  const files = {
    dataDir: join(folder, 'data'),
    properties: join(folder, 'server.properties'),
    log: join(folder, 'broker.log'),
  };
  mkdirSync(files.dataDir, { recursive: true });
  const port = options.port ?? (await freePort());
  const controllerPort = await freePort(port);
  const place = { port, controllerPort, dataDir: files.dataDir };
  writeFileSync(files.properties, serverProperties({ ...place, extra: options.settings?.(place) }));
  writeFileSync(files.log, '');
  const brokers = [`127.0.0.1:${port}`];
  const isReady = options.isReady ?? answers;
  return { toolchain, files, port, brokers, isReady, ownFolder, isDetached: options.isDetached ?? false };
};

/** A free port may be taken by somebody else before Java gets to it: another one is tried then. */
const bringUp = async (options, toolchain) => {
  for (let attempt = 1; ; attempt += 1) {
    const site = await openSite(options, toolchain);
    try {
      format(toolchain, site.files, options.scram ?? []);
      return { site, pid: await runBroker(site) };
    } catch (error) {
      const isPortTaken = tailOf(site.files.log).includes('Address already in use');
      if (site.ownFolder !== undefined) rmSync(site.ownFolder, { recursive: true, force: true });
      if (!isPortTaken || options.port !== undefined || attempt === STARTS_MAX) throw error;
    }
  }
};

/**
 * Starts a broker and resolves once it answers. Without `dataDir` it has a temporary folder, which `stop` removes; it
 * ends with this process unless `isDetached`.
 * @throws KafkaMissing when Java or Maven is missing.
 */
export const startKafkaBroker = async (options = {}) => {
  const { site, pid: firstPid } = await bringUp(options, openToolchain());
  let pid = firstPid;
  return {
    brokers: site.brokers,
    port: site.port,
    get pid() {
      return pid;
    },
    /** Ends in order and removes a temporary folder. */
    stop: async () => {
      await endProcess(pid);
      if (site.ownFolder !== undefined) rmSync(site.ownFolder, { recursive: true, force: true });
    },
    /** Ends in order; the data stays for `restart`. */
    pause: () => endProcess(pid),
    /** SIGKILL; the data stays for `restart`. */
    kill: () => killProcess(pid),
    /** Starts again over the same data on the same port; a broker that still runs is ended first. */
    restart: async () => {
      if (isAlive(pid)) await endProcess(pid);
      pid = await runBroker(site);
    },
  };
};

import { EntryLog, Relay } from '@verdict/application';
import { Client } from 'pg';
import { prepareTenants } from '../admin.mjs';
import { until } from '../child.mjs';
import { memoryOf } from '../server.mjs';
import { processNames, PARTITIONS, startDeployment } from './deployment.mjs';
import { openGroup } from './group.mjs';
import { openProgress } from './progress.mjs';
import { catchUpHeading, catchUpLine } from './report.mjs';
import { startTrickle } from './trickle.mjs';
import { writeDecisions } from './write-decisions.mjs';

/** Folds and projects decisions; audit-export would grow trees besides. */
const CONSUMER = 'reconciliation';
const LOOK_MS = 100;
const MS_MAX = 300_000;

const secondsSince = (began) => (performance.now() - began) / 1000;

/** A decision of each tenant through the gate, to make more of it. */
const seed = async (deployment, tenants) => {
  const { url } = deployment.process('gate-1');
  const tokens = await prepareTenants(url, deployment.keys, tenants);
  const decided = new Set();
  const trickle = startTrickle({ url, tenants, tokens, onDecided: ({ tenant }) => decided.add(tenant) });
  await until('each tenant has a decision', async () => (decided.size === tenants.length ? true : undefined));
  await trickle.stop();
};

const stopAll = ({ names, process: processOf }) => Promise.all(names.map((name) => processOf(name).stop()));

/** Read models as on the first day; the next process makes their tables. */
const forgetReadModels = async ({ postgres }) => {
  const client = new Client({ connectionString: postgres.serviceUrl });
  await client.connect();
  try {
    await client.query('DROP SCHEMA read_model CASCADE');
  } finally {
    await client.end();
  }
};

/** The product's relay, in this process, from its mark to the end of the log. */
const relayAll = async ({ journals, postgres, broker, topicPrefix, logHost }, progress) => {
  const { openKafkaBus } = await import('@verdict/adapter-kafka');
  const { openRelayStore } = await import('@verdict/adapter-postgres');
  const bus = await openKafkaBus({
    ...{ brokers: broker.brokers, clientId: 'bench-relay', logHost, topicPrefix },
    topics: { partitions: PARTITIONS, replicationFactor: 1, minInsyncReplicas: 1 },
  });
  const store = await openRelayStore(postgres.serviceUrl);
  const clock = { nowMs: Date.now };
  const relay = new Relay('decisions', { log: new EntryLog(journals), bus, store, clock, holder: 'bench' });
  const total = await progress.unrelayed();
  const began = performance.now();
  try {
    await relay.start();
    await until('everything is on the topic', async () => ((await progress.unrelayed()) === 0 ? true : undefined), {
      limitMs: MS_MAX,
      everyMs: LOOK_MS,
    });
    return { entries: total, perSecond: total / secondsSince(began) };
  } finally {
    await relay.stop();
    await bus.close();
    await store.close();
  }
};

/** The adapter alone: fetches and checks every record of decisions, and hands it to somebody who does nothing. */
const drainTopic = async ({ broker, topicPrefix, logHost }, entries) => {
  const { openKafkaBus } = await import('@verdict/adapter-kafka');
  const bus = await openKafkaBus({ brokers: broker.brokers, clientId: 'bench-drain', logHost, topicPrefix });
  let count = 0;
  let firstAt;
  let lastAt;
  try {
    await bus.consume({
      group: 'bench-drain',
      kinds: ['decisions'],
      deliver: async (movements) => {
        firstAt ??= performance.now();
        count += movements.reduce((sum, movement) => sum + movement.entries.length, 0);
        lastAt = performance.now();
      },
    });
    await until('the topic is read', async () => (count >= entries ? true : undefined), { limitMs: MS_MAX });
    return { entries: count, perSecond: count / ((lastAt - firstAt) / 1000) };
  } finally {
    await bus.close();
  }
};

const watchMemory = (pid) => {
  const samples = [];
  let peakMiB = 0;
  const look = () => {
    const { rssMiB, peakMiB: highest } = memoryOf(pid);
    if (rssMiB > 0) samples.push(rssMiB);
    peakMiB = Math.max(peakMiB, highest);
  };
  const timer = setInterval(look, 250);
  return () => {
    look();
    clearInterval(timer);
    return { meanMiB: samples.reduce((sum, sample) => sum + sample, 0) / Math.max(1, samples.length), peakMiB };
  };
};

const groupIsDone = async (group) => {
  const [offsets, ends] = await Promise.all([group.offsets(), group.ends()]);
  return [...ends].every(([partition, end]) => end === 0n || (offsets.get(partition) ?? -1n) >= end);
};

/**
 * Seconds until the first look that finds entries in the read models, and until all are there; the rate is that between
 * the two, without the start of the process.
 */
const watchMarks = async (progress, { total, began }) => {
  let first;
  const look = async () => {
    const left = await progress.unprojected().catch(() => total); // Its tables are being made.
    if (left < total) first ??= { left, seconds: secondsSince(began) };
    return left === 0 ? secondsSince(began) : undefined;
  };
  const allAfterSeconds = await until('the marks reach the heads', look, { limitMs: MS_MAX, everyMs: LOOK_MS });
  const perSecond = first.left === 0 ? 0 : first.left / (allAfterSeconds - first.seconds);
  return { firstAfterSeconds: first.seconds, allAfterSeconds, perSecond };
};

/** Starts one consumer on empty read models; until its marks are at the heads, and its group at the end of the topic. */
const catchUp = async ({ deployment, progress, group, say }, bus) => {
  await forgetReadModels(deployment);
  const total = await progress.total();
  const began = performance.now();
  const child = deployment.launch(CONSUMER, { VERDICT_BUS: bus });
  const memoryUsed = watchMemory(child.pid);
  await child.url;
  const marks = await watchMarks(progress, { total, began });
  const memory = memoryUsed();
  const isGroupDone = async () => ((await groupIsDone(group)) ? true : undefined);
  if (bus === 'kafka') await until('the group is at the end', isGroupDone, { limitMs: MS_MAX });
  const groupAfterSeconds = bus === 'kafka' ? secondsSince(began) : undefined;
  await child.stop();
  const run = { bus, entries: total, ...marks, memory, groupAfterSeconds };
  say(catchUpLine(run));
  return run;
};

const writeAll = async (deployment, tenants, entries) => {
  const began = performance.now();
  const count = Math.ceil(entries / tenants.length);
  await Promise.all(tenants.map((tenant) => writeDecisions(deployment, { tenant, count })));
  return { entries: count * tenants.length, perSecond: (count * tenants.length) / secondsSince(began) };
};

/**
 * A deployment whose consumers were all down while decisions were written: how fast one that is started again gets to the
 * heads, with each bus, and what the other parts could do.
 */
export const measureCatchUp = async ({ folder, entries, tenants: count, say, onServer }) => {
  const tenants = Array.from({ length: count }, (_, index) => `bench-${index}`);
  say(
    `\ncatch-up, Postgres log, ${entries} decisions of ${count} tenant${count === 1 ? '' : 's'}, one ${CONSUMER} process`,
  );
  const deployment = await startDeployment({ folder, log: 'postgres', names: processNames(1), onServer });
  const progress = await openProgress(deployment);
  const group = await openGroup(deployment);
  try {
    await seed(deployment, tenants);
    await progress.settled();
    await stopAll(deployment);
    await group.remove();
    const written = await writeAll(deployment, tenants, entries);
    say(`written by the bench through the adapter: ${written.perSecond.toFixed(0)}/s`);
    const relayed = await relayAll(deployment, progress);
    say(`relayed to the topic: ${relayed.perSecond.toFixed(0)}/s`);
    const drained = await drainTopic(deployment, written.entries);
    say(`fetched from the topic and checked, nothing stored: ${drained.perSecond.toFixed(0)}/s`);
    say(catchUpHeading());
    const context = { deployment, progress, group, say };
    const runs = [await catchUp(context, 'log'), await catchUp(context, 'kafka')];
    return { tenants: count, written, relayed, drained, runs };
  } finally {
    await group.close();
    await progress.close();
    await deployment.dispose();
  }
};

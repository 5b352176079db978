import { prepareTenants } from '../admin.mjs';
import { auditOf, measure } from '../measure.mjs';
import { open, SHAPE_RUNS } from '../plan.mjs';
import { processorTimeOf } from '../processor-time.mjs';
import { auditLine, heading, runLine } from '../report.mjs';
import { processNames, startDeployment } from './deployment.mjs';
import { openProbe } from './probe.mjs';
import { openProgress } from './progress.mjs';
import { processorLine, lagHeading, lagLine, leftLine } from './report.mjs';

const TENANT = 'bench-0';
const ASKED_PER_SECOND = 2000;
/** A rate is sustained when nearly all of it was answered in its time. */
const SUSTAINED = 0.97;
const STEP_DOWN = 0.8;
const ROUND_TO = 50;
const PER_SECOND_MIN = 50;
const RATES_MAX = 4;

/** Processor time by what takes it; the gate that is loaded and its database go by the names of the embedded shape. */
const processorUsOf = ({ names, postgres, broker, eventStore, process: processOf }) => {
  const [gate, ...others] = names;
  const pids = {
    server: processOf(gate).pid,
    database: postgres.pid,
    ...Object.fromEntries(others.map((name) => [name, processOf(name).pid])),
    kafka: broker.pid,
    ...(eventStore === undefined ? {} : { 'event store': eventStore.pid }),
  };
  return () =>
    Object.fromEntries(
      Object.entries(pids).map(([name, pid]) => {
        const { ownUs, belowUs } = processorTimeOf(pid);
        return [name, ownUs + belowUs];
      }),
    );
};

const runOne = async ({ context, progress }, run, seconds) => {
  const onStart = async () => {
    await progress.settled();
    context.probe.reset();
  };
  const measured = await measure({ ...context, onStart }, run, seconds);
  const [unrelayed, unprojected] = await Promise.all([progress.unrelayed(), progress.unprojected()]);
  const settledAfterSeconds = await progress.settled();
  return { ...measured, left: { unrelayed, unprojected, settledAfterSeconds } };
};

const throughput = async (bench, { seconds, say }) => {
  say(heading());
  const runs = [];
  for (const run of SHAPE_RUNS) {
    const measured = await runOne(bench, run, seconds);
    say(runLine(measured));
    say(processorLine(measured));
    say(leftLine(measured.left));
    runs.push(measured);
  }
  return runs;
};

/** At the rate that was asked for; where the machine does not keep up, at lower ones until it does. */
const relayLag = async (bench, { seconds, say }) => {
  say(`\nrelay lag: from recorded_at to a plain consumer of the topic\n${lagHeading()}`);
  const runs = [];
  for (let perSecond = ASKED_PER_SECOND; runs.length < RATES_MAX;) {
    const measured = await runOne(bench, open(perSecond), seconds);
    const lag = bench.context.probe.summary();
    const isSustained = measured.rps >= perSecond * SUSTAINED;
    const run = { askedPerSecond: perSecond, answeredPerSecond: measured.rps, isSustained, lag, us: measured.us };
    say(lagLine(run));
    say(processorLine(measured));
    runs.push(run);
    if (isSustained || perSecond === PER_SECOND_MIN) break;
    perSecond = Math.max(PER_SECOND_MIN, Math.floor((measured.rps * STEP_DOWN) / ROUND_TO) * ROUND_TO);
  }
  return runs;
};

/** The load of the embedded shape on separate processes over Kafka, and how far behind a consumer of the topic is. */
export const measureShape = async ({ folder, log, gates, figures, seconds, say, onServer }) => {
  const deployment = await startDeployment({ folder, log, names: processNames(gates), onServer });
  const gate = deployment.process('gate-1');
  const progress = await openProgress(deployment);
  const probe = await openProbe({ brokers: deployment.broker.brokers, topic: deployment.topic('decisions') });
  try {
    const names = [TENANT];
    const tokens = await prepareTenants(gate.url, deployment.keys, names);
    const server = { url: gate.url, pid: gate.pid, processorUs: processorUsOf(deployment) };
    const context = { server, folder, tokens, names, files: [], probe };
    const bench = { context, progress };
    const runs = figures.includes('throughput') ? await throughput(bench, { seconds, say }) : [];
    const lags = figures.includes('lag') ? await relayLag(bench, { seconds, say }) : [];
    const { url } = deployment.process('audit-export');
    const audit = await auditOf({ url, keys: deployment.keys, files: context.files });
    say(auditLine(audit));
    return { log, runs, lags, audit };
  } finally {
    await probe.close();
    await progress.close();
    await deployment.dispose();
  }
};

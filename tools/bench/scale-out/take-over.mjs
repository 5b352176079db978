import { setTimeout as sleep } from 'node:timers/promises';
import { mintToken, prepareTenants } from '../admin.mjs';
import { until } from '../child.mjs';
import { processNames, startDeployment } from './deployment.mjs';
import { openGroup } from './group.mjs';
import { openProbe } from './probe.mjs';
import { openProgress } from './progress.mjs';
import { spreadLine } from './report.mjs';
import { startTrickle } from './trickle.mjs';

const GATES = ['gate-1', 'gate-2'];
/** Enough that each partition has some. */
const TENANTS = Array.from({ length: 16 }, (_, index) => `bench-${index}`);
const BEFORE_MS = 3_000;
const RELAY_MS_MAX = 30_000;
const GROUP_MS_MAX = 90_000;
const READ_MS_MAX = 30_000;
const LOOK_MS = 100;
/** A round of the group takes as long as its sessions, and it is one more when they are. */
const GROUP_ROUNDS_MAX = 3;

const secondsSince = (beganMs) => (Date.now() - beganMs) / 1000;

const isLeader = async ({ url }) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /relay_leader\{[^}]*kind="decisions"[^}]*\} 1$/m.test(text);
};

/** The gate that relays decisions, and the other one. */
const gatesOf = (deployment) =>
  until('a gate relays decisions', async () => {
    const [first, second] = await Promise.all(GATES.map((name) => isLeader(deployment.process(name))));
    if (first === second) return undefined;
    return first ? { leader: GATES[0], other: GATES[1] } : { leader: GATES[1], other: GATES[0] };
  });

/** Kills the gate that relays decisions; seconds until one that was made afterwards is on the topic. */
const relayRound = async ({ deployment, probe, tokens }) => {
  const { leader, other } = await gatesOf(deployment);
  const trickle = startTrickle({ url: deployment.process(other).url, tenants: TENANTS, tokens });
  await sleep(BEFORE_MS);
  const killedAtMs = Date.now();
  let arrivedAtMs;
  probe.onArrival(({ recordedAtMs, atMs }) => {
    if (recordedAtMs > killedAtMs) arrivedAtMs ??= atMs;
  });
  await deployment.process(leader).kill();
  await until('decisions arrive on the topic again', async () => arrivedAtMs, { limitMs: RELAY_MS_MAX });
  await trickle.stop();
  await deployment.run(leader);
  return (arrivedAtMs - killedAtMs) / 1000;
};

/** Seconds until a read that names the entry is answered with the decision. */
const readBack = async ({ url, tokenOf }, { tenant, decisionId, revision, atMs }) => {
  const answer = async () => {
    const response = await fetch(`${url}/api/v1/enforcement/decisions/${decisionId}`, {
      headers: { authorization: `Bearer ${tokenOf(tenant)}`, 'verdict-min-entry': `decisions@${revision}` },
    });
    await response.text();
    return response.ok ? true : undefined;
  };
  await until('a decision can be read back', answer, { limitMs: READ_MS_MAX });
  return secondsSince(atMs);
};

/** The process, no gate, that consumes the decisions of most of these tenants; and which those are. */
const victimOf = (partitionsOf, partitionOfTenant) => {
  const [victim] = [...partitionsOf]
    .filter(([name]) => !GATES.includes(name))
    .map(([name, partitions]) => ({
      name,
      partitions,
      tenants: TENANTS.filter((tenant) => partitions.includes(partitionOfTenant.get(tenant))),
    }))
    .sort((left, right) => right.tenants.length - left.tenants.length);
  if (victim === undefined || victim.tenants.length < 2) throw new Error('no process consumes what could be watched');
  return victim;
};

/** Reads of what is decided while nobody consumes: half of the tenants are asked for, nobody asks for the others. */
const watchReads = ({ victim, progress, reader }) => {
  const asked = new Set(victim.tenants.filter((_, index) => index % 2 === 0));
  const left = victim.tenants.filter((tenant) => !asked.has(tenant));
  const namedSeconds = [];
  const first = new Map();
  const reads = [];
  let isOn = false;
  const byItself = async () => {
    const decided = await until('a decision for a tenant that nobody asks for', async () =>
      left.map((tenant) => first.get(tenant)).find((found) => found !== undefined),
    );
    await until(
      'its row is there',
      async () =>
        (await progress.projectedMarks()).get(`decisions-${decided.tenant}`) > decided.revision ? true : undefined,
      { limitMs: READ_MS_MAX, everyMs: LOOK_MS },
    );
    return secondsSince(decided.atMs);
  };
  return {
    start: () => (isOn = true),
    stop: () => (isOn = false),
    decided: (decision) => {
      if (!isOn) return;
      if (!first.has(decision.tenant)) first.set(decision.tenant, decision);
      if (asked.has(decision.tenant))
        reads.push(readBack(reader, decision).then((seconds) => namedSeconds.push(seconds)));
    },
    byItself,
    named: async () => {
      await Promise.all(reads);
      return { count: namedSeconds.length, maxSeconds: Math.max(0, ...namedSeconds) };
    },
  };
};

/** Until every partition of the victim is another member's, who has committed more than the victim had. */
const consumedAgain = async (group, { name, partitions }, offsets) => {
  const isTaken = async () => {
    const { partitionsOf } = await group.members();
    const owned = new Set([...partitionsOf].flatMap(([member, list]) => (member === name ? [] : list)));
    return partitions.every((partition) => owned.has(partition));
  };
  const isAhead = async () => {
    const now = await group.offsets();
    return partitions.every((partition) => now.get(partition) > offsets.get(partition));
  };
  await until('others consume', async () => ((await isTaken()) && (await isAhead()) ? true : undefined), {
    limitMs: GROUP_MS_MAX,
    everyMs: LOOK_MS,
  });
};

/** Kills a process that consumes decisions; what readers notice of it, and when others have its partitions. */
const consumerRound = async ({ deployment, probe, progress, group, tokens, tokenOf }) => {
  const partitionsOf = await group.stable(deployment.names);
  const victim = victimOf(partitionsOf, probe.partitionOf);
  const watch = watchReads({ victim, progress, reader: { url: deployment.process(GATES[1]).url, tokenOf } });
  const trickle = startTrickle({
    ...{ url: deployment.process(GATES[0]).url, tenants: TENANTS, tokens },
    onDecided: watch.decided,
  });
  await sleep(BEFORE_MS);
  const offsets = await group.offsets();
  const killedAtMs = Date.now();
  await deployment.process(victim.name).kill();
  watch.start();
  const [byItselfSeconds, groupSeconds] = await Promise.all([
    watch.byItself(),
    consumedAgain(group, victim, offsets).then(() => secondsSince(killedAtMs)),
  ]);
  watch.stop();
  await trickle.stop();
  const named = await watch.named();
  await deployment.run(victim.name);
  return { victim: victim.name, byItselfSeconds, groupSeconds, named };
};

const times = async (count, run) => {
  const results = [];
  for (let round = 0; round < count; round += 1) results.push(await run());
  return results;
};

const sayAll = (say, { relaySeconds, consumer }) => {
  say(spreadLine('relay: its gate killed, until entries are on the topic again', relaySeconds));
  const named = consumer.map(({ named: { maxSeconds } }) => maxSeconds);
  const reads = consumer.reduce((sum, { named: { count } }) => sum + count, 0);
  const victims = consumer.map(({ victim }) => victim).join(', ');
  say(`consumer killed (${victims}):`);
  say(spreadLine(`  slowest of ${reads} reads that named their entry, at another process`, named));
  say(
    spreadLine(
      '  until the row was there without anybody asking',
      consumer.map(({ byItselfSeconds }) => byItselfSeconds),
    ),
  );
  say(
    spreadLine(
      '  until other members consumed its partitions',
      consumer.map(({ groupSeconds }) => groupSeconds),
    ),
  );
};

/** `kill -9` of the gate that relays, and of a process that consumes, while decisions trickle in through another gate. */
export const measureTakeOver = async ({ folder, rounds, say, onServer }) => {
  say(`\ntake-over, Postgres log + Kafka, ${GATES.length} gates, a decision about every 50 ms`);
  const deployment = await startDeployment({ folder, log: 'postgres', names: processNames(GATES.length), onServer });
  const progress = await openProgress(deployment);
  const group = await openGroup(deployment);
  const probe = await openProbe({ brokers: deployment.broker.brokers, topic: deployment.topic('decisions') });
  try {
    const tokens = await prepareTenants(deployment.process(GATES[0]).url, deployment.keys, TENANTS);
    const readTokens = new Map();
    for (const tenant of TENANTS)
      readTokens.set(
        tenant,
        await mintToken(deployment.keys, { tenant, subject: 'bench-auditor', roles: ['auditor'] }),
      );
    const context = { deployment, probe, progress, group, tokens, tokenOf: (tenant) => readTokens.get(tenant) };
    const relaySeconds = await times(rounds, () => relayRound(context));
    const consumer = await times(Math.min(rounds, GROUP_ROUNDS_MAX), () => consumerRound(context));
    sayAll(say, { relaySeconds, consumer });
    return { relaySeconds, consumer };
  } finally {
    await probe.close();
    await group.close();
    await progress.close();
    await deployment.dispose();
  }
};

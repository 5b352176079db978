/**
 * The evaluation of one change alone, on one core and without I/O: `node tools/bench/evaluate.mjs [--seconds 2] [--rules 10]`
 * prints one JSON line. `node --cpu-prof tools/bench/evaluate.mjs` shows where its time goes.
 */
import { parseArgs } from 'node:util';
import { createCelRules } from '@verdict/adapter-cel';
import { readPolicy } from '@verdict/contracts';
import {
  approvalIdOf,
  decisionIdOf,
  emptyGate,
  evaluate,
  evolveGate,
  instantOf,
  microUsd,
  payloadHash,
  sha256Of,
} from '@verdict/domain';
import { rulesOf } from './rules.mjs';

const HASH = sha256Of('0'.repeat(64));
const NOW = Date.UTC(2026, 10, 10, 10);
const KEYED = { key: null, payload_hash: HASH };
const CHUNK = 200;

/** A state with one policy, a budget of the tenant and one of the project. */
const stateWith = (engine, rules) => {
  const reading = readPolicy(
    {
      approval: { required: { prod: false, nonprod: false } },
      pricing: { declared: { prod: 'accept', nonprod: 'accept' } },
      rules,
    },
    engine,
  );
  if (reading.kind !== 'policy') throw new Error(`the bench's policy is refused: ${JSON.stringify(reading.errors)}`);
  const at = instantOf(0);
  const budget = (id, scope) => ({
    type: 'budget_set',
    payload: {
      budget_id: id,
      version: 1,
      scope,
      period: 'month',
      limit_usd: '900000000.0000',
      months_charged: 1,
      owner: null,
      active: true,
      set_by: 'bench',
      set_at: at,
      idempotency: KEYED,
    },
  });
  const published = {
    type: 'policy_published',
    payload: {
      version: 1,
      document: reading.document,
      document_sha256: HASH,
      message: 'bench',
      author: 'bench',
      published_at: at,
      effective_from: at,
      rolled_back_to: null,
      idempotency: KEYED,
    },
  };
  return [published, budget('b-1', 'tenant'), budget('b-2', 'project:bench')].reduce(
    (state, entry, index) => evolveGate(state, { journal: 'policy', entry, revision: BigInt(index) }),
    emptyGate,
  );
};

const questionWith = (engine) => {
  const request = {
    action: 'terraform.apply',
    declared_hourly_delta_usd: null,
    declared_monthly_delta_usd: '0.2500',
    environment_label: 'prod',
    environment_raw: 'prod',
    justification: null,
    justification_length: 0,
    metadata: '{"team":"platform"}',
    options: {},
    project_id: 'bench',
    resource_reference: 'module.bench.aws_instance.web',
    run: null,
    source: 'terraform',
    ticket: null,
  };
  return {
    kind: 'ask_for_change',
    decisionId: decisionIdOf('0192d6a0-0000-7000-8000-000000000001'),
    approvalId: approvalIdOf('0192d6a0-0000-7000-8000-000000000002'),
    salt: 'c2FsdA',
    now: instantOf(NOW),
    key: { scope: 'terraform', text: 'bench', isDerived: false },
    payloadHash: payloadHash({ tenantId: 'bench', dryRun: false, request }),
    request,
    requester: { subject: 'bench', on_behalf_of: null, kind: 'user', roles: ['member'], groups: ['platform'] },
    isDryRun: false,
    channel: 'token',
    claim: { method: 'declared', monthly: microUsd(250_000n), hourly: null, isInvalid: false },
    evidence: null,
    report: null,
    rules: engine,
    expectedFingerprint: null,
    rememberedAnswer: null,
  };
};

/** Evaluations a second, and their times by chunks of `CHUNK`. */
export const measureEvaluation = ({ seconds, rules }) => {
  const engine = createCelRules();
  const state = stateWith(engine, rulesOf(rules));
  const question = questionWith(engine);
  const once = () => evaluate(question, state, 1);
  const first = once();
  if (first?.decision !== 'ALLOW' || first.rules.length !== rules)
    throw new Error(`the bench measures something else: ${JSON.stringify(first)}`);
  const warmUntil = performance.now() + seconds * 250;
  while (performance.now() < warmUntil) once();
  const times = [];
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const chunk = performance.now();
    for (let turn = 0; turn < CHUNK; turn += 1) once();
    times.push((performance.now() - chunk) / CHUNK);
  }
  const sorted = times.sort((left, right) => left - right);
  const at = (share) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 1000;
  const spent = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    rules,
    perSecond: (times.length * CHUNK) / spent,
    /** Processor time of one evaluation: what a shared machine can compare. */
    cpuUs: (user + system) / (times.length * CHUNK),
    p50Us: at(0.5),
    p99Us: at(0.99),
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
  };
};

const { values } = parseArgs({ options: { seconds: { type: 'string' }, rules: { type: 'string' } } });
console.log(
  JSON.stringify(measureEvaluation({ seconds: Number(values.seconds ?? 2), rules: Number(values.rules ?? 10) })),
);

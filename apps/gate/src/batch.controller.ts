import { Controller, Inject } from '@nestjs/common';
import {
  type BatchMember,
  type DecideChanges,
  type DecidedChange,
  preflightAnswer,
  type UseCaseResult,
  verdictAnswer,
} from '@verdict/application';
import { BATCH_ITEMS, BatchEnvelope, FOREIGN_MEMBERS, parseWith, ROUTES, toWire } from '@verdict/contracts';
import { isRawObject, type RawJson } from '@verdict/domain';
import {
  type Call,
  Endpoint,
  inSpan,
  isProblemCode,
  METRICS,
  type Metrics,
  overloadProblem,
  problem,
  QUOTAS,
  type Quotas,
  TheCall,
  toProblem,
  unwrap,
  withSpan,
} from '@verdict/nest-kit';
import { type AskInTime, statedTime } from './ask-in-time.js';
import { countRefusal, countVerdict } from './count-verdict.js';
import { changeOf, preflightOf } from './gate-input.js';
import { ASK_IN_TIME, DECIDE_CHANGES } from './tokens.js';

/** An item is an object in a list in the body. */
const ITEM_DEPTH = 3;
const ENVELOPE = {
  raw: new Set(['items']),
  isForeign: (member: string, depth: number) => depth === ITEM_DEPTH && FOREIGN_MEMBERS.has(member),
};

const memberOf = (item: RawJson, index: number): BatchMember => {
  const isPreflight = isRawObject(item) && 'run_id' in item;
  const wire = toWire(item, FOREIGN_MEMBERS);
  if (isPreflight) {
    const parsed = parseWith(BATCH_ITEMS.preflight, wire);
    if (parsed.kind === 'ok') {
      return { request: preflightOf(parsed.value), key: parsed.value.idempotency_key ?? null };
    }
    throw defective(index, parsed.code, parsed.errors);
  }
  const parsed = parseWith(BATCH_ITEMS.generic, wire);
  if (parsed.kind === 'ok') {
    return { request: changeOf(parsed.value, parsed.value.source), key: parsed.value.idempotency_key ?? null };
  }
  throw defective(index, parsed.code, parsed.errors);
};

const defective = (
  index: number,
  code: string,
  errors: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[],
) =>
  problem(isProblemCode(code) ? code : 'validation_failed', {
    errors: errors.map((error) => ({ ...error, pointer: `/items/${String(index)}${error.pointer}` })),
  });

const isRawList = (items: unknown): items is readonly RawJson[] => Array.isArray(items);

const memberAnswer = (result: UseCaseResult<DecidedChange>, index: number) => {
  if (result.kind === 'problem') {
    const { code, detail, errors, extra } = result.problem;
    const known = isProblemCode(code) ? code : 'internal_error';
    const details = {
      ...(detail === undefined ? {} : { detail }),
      ...(errors === undefined ? {} : { errors }),
      ...(extra === undefined ? {} : { extra }),
    };
    return { index, verdict: null, problem: toProblem(known, details) };
  }
  const { recorded } = result.value;
  const answer = recorded.request.run === null ? verdictAnswer : preflightAnswer;
  return { index, verdict: answer(recorded, result.value), problem: null };
};

const sourceOf = (members: readonly BatchMember[], index: number) => members[index]?.request.source ?? 'terraform';

const isPermitted = (result: UseCaseResult<DecidedChange>): boolean =>
  result.kind === 'done' && result.value.recorded.decision.startsWith('ALLOW') && !result.value.isExpired;

/** Several changes in one request, decided in order. @source contract section 5.4 */
@Controller()
export class BatchController {
  constructor(
    @Inject(DECIDE_CHANGES) private readonly decideChanges: DecideChanges,
    @Inject(ASK_IN_TIME) private readonly inTime: AskInTime,
    @Inject(METRICS) private readonly metrics: Metrics,
    @Inject(QUOTAS) private readonly quotas: Quotas,
  ) {}

  @Endpoint(ROUTES.gateBatch)
  async batch(@TheCall() call: Call) {
    const { items, atomic, idempotency_key: key } = call.body(BatchEnvelope, ENVELOPE);
    if (!isRawList(items)) throw problem('validation_failed');
    const overload = this.quotas.spendMembers(call.caller, items.length);
    if (overload !== undefined) throw overloadProblem(overload);
    const members = items.map(memberOf);
    const started = performance.now();
    const asked = { source: sourceOf(members, 0), ...statedTime(call) };
    const meta = call.meta(key);
    const results = unwrap(
      await this.inTime.ask(asked, (wait) =>
        withSpan('decide changes', { 'verdict.members': members.length }, () =>
          this.decideChanges({ members, isAtomic: atomic }, { ...inSpan(meta), wait }),
        ),
      ),
    );
    const seconds = (performance.now() - started) / 1000;
    results.forEach((result, index) => {
      const source = sourceOf(members, index);
      countVerdict(this.metrics, source, result, seconds);
      if (result.kind === 'problem') countRefusal(this.metrics, source, result.problem);
    });
    const last = results.flatMap((result) => (result.kind === 'done' ? [result.value.entry.revision] : []));
    const newest = last.reduce<bigint | undefined>(
      (max, each) => (max === undefined || each > max ? each : max),
      undefined,
    );
    if (newest !== undefined) call.answer.entry('decisions', newest);
    return { atomic, permitted: results.every(isPermitted), items: results.map(memberAnswer) };
  }
}

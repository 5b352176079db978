import {
  type AdminOperation,
  earlierAdminAnswer,
  evolvePolicy,
  formatUsd4,
  type GateRefusal,
  type GateState,
  type Instant,
  instantOf,
  noPolicy,
  type PolicyCommand,
  type PolicyEntry,
  type PolicyRefusal,
  type PolicyVersion,
} from '@verdict/domain';
import { policyEntryOf } from '../journals/entries.codec.js';
import type { EntryLog } from '../journals/entry-log.js';
import { journalName, originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import type { ServiceHost } from '../journals/service-host.js';
import type { PageRequest } from '../ports/read-models.js';
import type { Clock, Ids } from '../ports/system.js';
import { pageOf } from '../shared/page.js';
import { type AsOf, Walks } from '../shared/walk.js';
import { contextOf, type RequestMeta, type Viewer } from '../shared/request.js';
import { done, notCommitted, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { readRevision } from './decide-change.js';
import { differingInPolicy, type SentMembers } from './differing-in-policy.js';
import type { GateAnswer, GateCommand } from './gate-service.js';
import { type EntryReference, entryReferenceOf } from './verdict-answer.js';

export interface PolicyAdminDeps {
  readonly gate: ServiceHost<GateState, GateCommand, GateAnswer>;
  readonly log: EntryLog;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logHost: string;
}

/** What became of an administrator's command. */
export interface Written {
  /** null: nothing was written, because the same stands there already. */
  readonly entry: EntryReference | null;
  readonly isReplayed: boolean;
}
export interface WrittenState extends Written {
  readonly state: GateState;
  /** Of the entry that was written, now or under this key before; null: none was. */
  readonly revision: bigint | null;
  readonly recorded: PolicyEntry | null;
}

/** One page of a list, and the revisions of the journals that its walk shows. */
export interface ShownPage<Shown> {
  readonly items: readonly Shown[];
  readonly nextCursor: string | null;
  readonly asOf: AsOf;
}
/** A list of what stands in the gate's state, in the order of `placeOf`: see `pageOf`. */
export interface PolicyList<Item, Shown> {
  /** Binds cursors, together with the tenant. */
  readonly name: string;
  readonly itemsOf: (state: GateState) => Iterable<Item>;
  readonly placeOf: (item: Item) => string;
  readonly show: (state: GateState, item: Item, now: Instant) => Shown;
  /** Whether somebody whose token names projects may see it; absent: it is of the whole tenant. */
  readonly isFor?: (viewer: Viewer, item: Item) => boolean;
}

const ABOUT_VERSIONS: ReadonlySet<PolicyEntry['type']> = new Set([
  'policy_published',
  'policy_rollout_set',
  'policy_cancelled',
]);

const invalid = (pointer: string, detail: string): UseCaseResult<never> =>
  problemOf('validation_failed', { errors: [{ pointer, code: 'validation_failed', detail }] });

export const refusalProblem = (
  refusal: Exclude<PolicyRefusal | GateRefusal, { code: 'idempotency_conflict' }>,
): UseCaseResult<never> => {
  switch (refusal.code) {
    case 'precondition_required':
      return problemOf('precondition_required', { detail: 'name the version you edited with If-Match' });
    case 'version_conflict':
      return problemOf('version_conflict', { extra: { current_etag: `"${refusal.currentVersion}"` } });
    case 'limit_below_committed':
      return problemOf('limit_below_committed', { extra: { least_limit_usd: formatUsd4(refusal.leastLimit) } });
    case 'quota_exceeded':
      return problemOf('quota_exceeded', { extra: { limit: refusal.limit } });
    case 'budget_scope_taken':
      return invalid('/scope', `the budget ${refusal.budgetId} has this scope, period and basis`);
    case 'validation_failed':
      return invalid(refusal.pointer, refusal.detail);
    case 'not_found':
      return problemOf('not_found');
    case 'fingerprint_mismatch':
    case 'policy_missing':
      return problemOf('internal_error', { detail: 'a question was answered to an administrator' });
  }
};

/** Writes administrators' commands to `policy-<tenant>` and reads what stands there. */
export class PolicyWriter {
  private readonly walks: Walks<GateState>;

  constructor(private readonly deps: PolicyAdminDeps) {
    this.walks = new Walks(deps.gate, () => this.now());
  }

  now(): Instant {
    return instantOf(this.deps.clock.nowMs());
  }

  uuid(): string {
    return this.deps.ids.uuid();
  }

  /** A key is bound within `operation`; `sent` is what the caller sent. */
  async write(
    command: PolicyCommand,
    meta: RequestMeta,
    { operation, sent }: { readonly operation: AdminOperation; readonly sent: SentMembers },
  ): Promise<UseCaseResult<WrittenState>> {
    const { tenantId } = meta.caller;
    const outcome = await this.deps.gate.execute(tenantId, command, contextOf(meta, this.deps.ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    if (outcome.answer.kind === 'refused') return this.refusal(outcome.answer.refusal, tenantId, sent);
    const { state } = await this.deps.gate.current(tenantId);
    const fresh = outcome.entries[0];
    if (fresh !== undefined) {
      const entry = entryReferenceOf(fresh.origin, fresh.entry);
      const { revision } = fresh.entry;
      return done({ entry, isReplayed: false, state, revision, recorded: policyEntryOf(fresh.entry) });
    }
    const earlier = earlierAdminAnswer(state.policy, operation, command.idempotency);
    if (earlier?.kind !== 'replay')
      return done({ entry: null, isReplayed: false, state, revision: null, recorded: null });
    const { revision } = earlier;
    const first = await readRevision(this.deps.log, tenantId, 'policy', revision);
    const entry = entryReferenceOf(originOf(this.deps.logHost, tenantId, 'policy'), first);
    return done({ entry, isReplayed: true, state, revision, recorded: policyEntryOf(first) });
  }

  private async refusal(
    refusal: PolicyRefusal | GateRefusal,
    tenantId: string,
    sent: SentMembers,
  ): Promise<UseCaseResult<never>> {
    if (refusal.code !== 'idempotency_conflict') return refusalProblem(refusal);
    const first = await readRevision(this.deps.log, tenantId, 'policy', refusal.firstRevision);
    return problemOf('idempotency_conflict', {
      detail: 'the key or version stands for something else already',
      extra: { differing_fields: differingInPolicy(policyEntryOf(first), sent) },
    });
  }

  /** A version of the policy as it was right after the entry at `revision`. */
  async versionAfter(tenantId: string, version: PolicyVersion, revision: bigint): Promise<PolicyVersion> {
    if (version.changes === 0) return version;
    const count = Number(revision - version.revision) + 1;
    let policy = noPolicy;
    for await (const each of this.deps.log.read(journalName('policy', tenantId), version.revision, count)) {
      const entry = policyEntryOf(each);
      if (ABOUT_VERSIONS.has(entry.type)) policy = evolvePolicy(policy, entry, each.revision);
    }
    return policy.versions.find((each) => each.revision === version.revision) ?? version;
  }

  /** What stands now, with everything acknowledged before the call. */
  async read<Value>(tenantId: string, show: (state: GateState, now: Instant) => Value): Promise<UseCaseResult<Value>> {
    const caught = await this.deps.gate.caughtUp(tenantId).catch(nothingWhileAway);
    if (caught === undefined) return problemOf('log_unavailable', { detail: 'the log cannot be read' });
    return done(show(caught.state, this.now()));
  }

  /** As `read`; undefined is `not_found`. */
  async find<Value>(
    tenantId: string,
    show: (state: GateState, now: Instant) => Value | undefined,
  ): Promise<UseCaseResult<Value>> {
    const found = await this.read(tenantId, show);
    if (found.kind === 'problem') return found;
    return found.value === undefined ? problemOf('not_found') : done(found.value);
  }

  /** One page of what stood when its walk began; the other items are not even shown. */
  async page<Item, Shown>(
    { name, itemsOf, placeOf, show, isFor = () => true }: PolicyList<Item, Shown>,
    viewer: Viewer,
    request: PageRequest,
  ): Promise<UseCaseResult<ShownPage<Shown>>> {
    const { tenantId, projects } = viewer;
    const walk = [tenantId, name, ...(projects === null ? [] : ['of', ...new Set([...projects].sort())])];
    const read = await this.walks.view(walk, tenantId, request);
    if (read.kind === 'problem') return read;
    const { state, now, after } = read.value;
    const seen = [...itemsOf(state)].filter((item) => isFor(viewer, item));
    const { items, last } = pageOf(seen, { limit: request.limit, after: after?.[0] }, placeOf);
    return done({
      items: items.map((item) => show(state, item, now)),
      nextCursor: last === undefined ? null : this.walks.next(walk, tenantId, read.value, [last]),
      asOf: this.walks.asOf(read.value),
    });
  }
}

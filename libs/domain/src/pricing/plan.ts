import { isRawList, isRawObject, memberOf, pointerTo, textMemberOf, type RawJson } from '../shared/raw-json.js';
import type { MaskedState } from './attributes.js';
import { modulePathOf, readConfiguration, resourceKey, type PlanConfiguration } from './plan-configuration.js';
import type { PricedLine } from './priced-line.js';

export const PLAN_CHANGES_MAX = 50_000;

export type PlanAction = PricedLine['action'];

/** One planned change. The masked states refer to the plan as read; nothing of them is meant to be kept. */
export interface PlannedChange {
  /** Address, and the key of a deposed object: an address alone may occur twice. Opaque. */
  readonly identity: string;
  readonly type: string;
  /** Last part of the provider's name, `aws`. */
  readonly provider: string;
  readonly providerRegion: string | null;
  readonly isManaged: boolean;
  readonly action: PlanAction;
  /** What is there goes out of sight and runs on, whatever is made in its place. */
  readonly isForgotten: boolean;
  readonly before: MaskedState;
  readonly after: MaskedState;
}

/** A plan as `terraform show -json` prints it, or bare resource changes, reduced to what pricing asks. */
export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** Changes that a later plan will decide on: known to come, at a cost that nobody knows. */
  readonly deferred: readonly PlannedChange[];
  /** False after `-target` and with deferred changes: there is more to come. */
  readonly isComplete: boolean;
  readonly isErrored: boolean;
}

/** Why a plan tells no cost. The gate answers with cost unknown; the pointer and detail help the sender. */
export interface PlanProblem {
  readonly kind: 'problem';
  readonly code: 'plan_malformed' | 'plan_format_unsupported' | 'plan_too_large';
  readonly pointer: string;
  readonly detail: string;
}
export type PlanReading = { readonly kind: 'plan'; readonly plan: Plan } | PlanProblem;

const problem = (code: PlanProblem['code'], pointer: string, detail: string): PlanProblem => ({
  kind: 'problem',
  code,
  pointer,
  detail,
});

/** Action lists as sets, sorted and joined. What is not here is unknown, and so is its cost. */
const ACTIONS: ReadonlyMap<string, PlanAction> = new Map([
  ['create', 'create'],
  ['update', 'update'],
  ['delete', 'delete'],
  ['create,delete', 'replace'],
  // The old object is left running and out of sight; the new one costs in full.
  ['create,forget', 'create'],
  ['forget', 'forget'],
  ['no-op', 'no-op'],
  ['read', 'read'],
] as const);

const actionOf = (actions: readonly RawJson[]): PlanAction =>
  actions.every((action) => typeof action === 'string')
    ? (ACTIONS.get([...actions].sort().join(',')) ?? 'unknown')
    : 'unknown';

const TYPE = /^[\x21-\x7e]{1,128}$/;

const stateOf = (change: RawJson | undefined, side: 'before' | 'after'): MaskedState => ({
  value: memberOf(change, side) ?? null,
  unknown: side === 'after' ? (memberOf(change, 'after_unknown') ?? null) : null,
  sensitive: memberOf(change, `${side}_sensitive`) ?? null,
});

const providerRegionOf = (raw: RawJson, type: string, configuration: PlanConfiguration): string | null => {
  const modulePath = modulePathOf(textMemberOf(raw, 'module_address'));
  const name = textMemberOf(raw, 'name');
  if (modulePath === undefined || name === undefined) return null;
  const mode = textMemberOf(raw, 'mode') ?? 'managed';
  const key = configuration.providerKeys.get(resourceKey({ modulePath, mode, type, name }));
  return key === undefined ? null : (configuration.regions.get(key) ?? null);
};

const readChange = (raw: RawJson, pointer: string, configuration: PlanConfiguration): PlannedChange | PlanProblem => {
  const [address, type] = [textMemberOf(raw, 'address'), textMemberOf(raw, 'type')];
  const deposed = textMemberOf(raw, 'deposed');
  const change = memberOf(raw, 'change');
  const actions = memberOf(change, 'actions');
  if (address === undefined) return problem('plan_malformed', `${pointer}/address`, 'must be text');
  if (type === undefined || !TYPE.test(type))
    return problem('plan_malformed', `${pointer}/type`, 'must be text of 1 to 128 visible ASCII characters');
  if (!isRawList(actions)) return problem('plan_malformed', `${pointer}/change/actions`, 'must be a list');
  return {
    identity: deposed === undefined ? address : `${address} (deposed ${deposed})`,
    type,
    provider: (textMemberOf(raw, 'provider_name') ?? '').split('/').at(-1) ?? '',
    providerRegion: providerRegionOf(raw, type, configuration),
    isManaged: (textMemberOf(raw, 'mode') ?? 'managed') === 'managed',
    action: actionOf(actions),
    isForgotten: actions.includes('forget'),
    before: stateOf(change, 'before'),
    after: stateOf(change, 'after'),
  };
};

type ListReading = { readonly kind: 'list'; readonly changes: readonly PlannedChange[] } | PlanProblem;

const isProblem = (read: PlannedChange | PlanProblem): read is PlanProblem => 'kind' in read;

const readAll = (
  items: readonly RawJson[],
  pointerOf: (index: number) => string,
  configuration: PlanConfiguration,
): ListReading => {
  const changes: PlannedChange[] = [];
  for (const [index, item] of items.entries()) {
    const change = readChange(item, pointerOf(index), configuration);
    if (isProblem(change)) return change;
    changes.push(change);
  }
  return { kind: 'list', changes };
};

const listAt = (raw: RawJson, name: string): readonly RawJson[] | PlanProblem => {
  const list = memberOf(raw, name);
  if (list === undefined || list === null) return [];
  return isRawList(list) ? list : problem('plan_malformed', pointerTo('', name), 'must be a list');
};

const readLists = (raw: RawJson): PlanReading => {
  const [changes, deferred] = [listAt(raw, 'resource_changes'), listAt(raw, 'deferred_changes')];
  if ('kind' in changes) return changes;
  if ('kind' in deferred) return deferred;
  if (changes.length + deferred.length > PLAN_CHANGES_MAX)
    return problem('plan_too_large', '/resource_changes', `has more than ${String(PLAN_CHANGES_MAX)} changes`);
  const configuration = readConfiguration(raw);
  const now = readAll(changes, (index) => pointerTo('/resource_changes', index), configuration);
  if (now.kind === 'problem') return now;
  const later = readAll(
    deferred.map((item) => memberOf(item, 'resource_change') ?? null),
    (index) => `${pointerTo('/deferred_changes', index)}/resource_change`,
    configuration,
  );
  if (later.kind === 'problem') return later;
  const isComplete = memberOf(raw, 'complete') !== false && deferred.length === 0;
  const plan = {
    changes: now.changes,
    deferred: later.changes,
    isComplete,
    isErrored: memberOf(raw, 'errored') === true,
  };
  return { kind: 'plan', plan };
};

/**
 * Reads what `terraform show -json <plan>` prints. Unknown members are ignored, number tokens stay text.
 *
 * @param raw what the strict reader yields, at depth 128.
 * @returns the plan, or the first problem: another major of `format_version`, more than 50,000 changes, wrong shapes.
 *   Without `resource_changes` (refresh-only) the plan has no changes.
 * @source protocols section 3.1
 */
export const readPlan = (raw: RawJson): PlanReading => {
  if (!isRawObject(raw)) return problem('plan_malformed', '', 'must be an object');
  const version = textMemberOf(raw, 'format_version');
  if (version === undefined) return problem('plan_malformed', '/format_version', 'is missing: this is no plan');
  if (!/^1\.[0-9]+$/.test(version)) return problem('plan_format_unsupported', '/format_version', 'must be 1.x');
  return readLists(raw);
};

/** Reads bare `resource_changes[]`, for callers that send no whole plan. @source contract section 5.1 */
export const readResourceChanges = (changes: RawJson): PlanReading =>
  isRawList(changes) ? readLists({ resource_changes: changes }) : problem('plan_malformed', '', 'must be a list');

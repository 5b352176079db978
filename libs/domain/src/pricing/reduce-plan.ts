import { isRawList, isRawObject, memberOf, textMemberOf, type RawJson, type RawObject } from '../shared/raw-json.js';
import { readConfiguration } from './plan-configuration.js';

/** Longest text that a reduced plan keeps. No matcher is longer than 200, so a cut text still equals none of them. */
const TEXT_MAX = 256;
/** A masked text shorter than this is too common to be recognised elsewhere. */
const SECRET_LENGTH_MIN = 6;

const NOTHING_LEFT: RawObject = {};
const HEAD = ['format_version', 'complete', 'errored', 'applyable'];
const IDENTITY = ['address', 'deposed', 'mode', 'type', 'name', 'module_address', 'provider_name'];
/** What is not priced needs no attributes. */
const UNPRICED_ACTIONS: ReadonlySet<RawJson | undefined> = new Set(['no-op', 'read', 'forget']);

const picked = (raw: RawJson, names: readonly string[]): RawObject =>
  Object.fromEntries(
    names.flatMap((name) => {
      const member = memberOf(raw, name);
      return member === undefined ? [] : [[name, member]];
    }),
  );

const isEmpty = (value: RawJson): boolean => isRawObject(value) && Object.keys(value).length === 0;

/** The `true` leaves of a mask in their places; undefined when there are none. */
const prunedMask = (mask: RawJson | undefined): RawJson | undefined => {
  if (mask === true) return true;
  if (isRawList(mask)) {
    const items = mask.map((item) => prunedMask(item) ?? false);
    return items.every((item) => item === false) ? undefined : items;
  }
  if (!isRawObject(mask)) return undefined;
  const members = Object.entries(mask).flatMap(([name, item]) => {
    const kept = prunedMask(item);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return members.length === 0 ? undefined : Object.fromEntries(members);
};

/** Texts under a mask, wherever they are. */
const maskedTexts = (value: RawJson | undefined, mask: RawJson | undefined): readonly string[] => {
  if (typeof value === 'string') return mask === true && value.length >= SECRET_LENGTH_MIN ? [value] : [];
  const below = (name: string | number): RawJson | undefined =>
    mask === true ? true : isRawList(mask) ? mask[Number(name)] : memberOf(mask, String(name));
  if (isRawList(value)) return value.flatMap((item, index) => maskedTexts(item, below(index)));
  if (!isRawObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => maskedTexts(item, below(name)));
};

interface Cleaned {
  /** undefined: nothing is left of it. */
  readonly value: RawJson | undefined;
  /** Where a text was taken out that no mask of the plan covers. */
  readonly repeats: RawJson | undefined;
}

const cleanedList = (value: readonly RawJson[], mask: RawJson | undefined, secrets: ReadonlySet<string>): Cleaned => {
  const items = value.map((item, index) => cleaned(item, isRawList(mask) ? mask[index] : undefined, secrets));
  return {
    value: items.map((item) => item.value ?? null),
    repeats: prunedMask(items.map((item) => item.repeats ?? false)),
  };
};

const cleanedObject = (value: RawObject, mask: RawJson | undefined, secrets: ReadonlySet<string>): Cleaned => {
  const members = Object.entries(value).map(
    ([name, item]) => [name, cleaned(item, memberOf(mask, name), secrets)] as const,
  );
  const kept = members.flatMap(([name, item]) => (item.value === undefined ? [] : [[name, item.value] as const]));
  const repeats = members.map(([name, item]) => [name, item.repeats ?? false] as const);
  return { value: Object.fromEntries(kept), repeats: prunedMask(Object.fromEntries(repeats)) };
};

/** The value without what is masked, without nulls, and with long texts cut. */
const cleaned = (value: RawJson, mask: RawJson | undefined, secrets: ReadonlySet<string>): Cleaned => {
  if (mask === true || value === null) return { value: undefined, repeats: undefined };
  if (typeof value === 'string') {
    const isSecret = secrets.has(value);
    return { value: isSecret ? undefined : value.slice(0, TEXT_MAX), repeats: isSecret ? true : undefined };
  }
  if (isRawList(value)) return cleanedList(value, mask, secrets);
  return isRawObject(value) ? cleanedObject(value, mask, secrets) : { value, repeats: undefined };
};

const isOpen = (mask: RawJson | undefined): boolean => mask === undefined || mask === false;

/** What either mask covers. Masks of different shapes mirror no value: all of it is covered, to be safe. */
const joinedMasks = (a: RawJson | undefined, b: RawJson | undefined): RawJson => {
  if (isOpen(a)) return b ?? false;
  if (isOpen(b)) return a ?? false;
  if (isRawList(a) && isRawList(b))
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => joinedMasks(a[index], b[index]));
  if (!isRawObject(a) || !isRawObject(b)) return true;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, joinedMasks(memberOf(a, name), memberOf(b, name))]));
};

const reducedStates = (change: RawJson | undefined): RawObject => {
  // A provider may copy a secret to where no mask covers it: what is masked once is masked in the whole change.
  const secrets = new Set(
    ['before', 'after'].flatMap((side) => maskedTexts(memberOf(change, side), memberOf(change, `${side}_sensitive`))),
  );
  const sides = ['before', 'after'].flatMap((side) => {
    const given = memberOf(change, `${side}_sensitive`);
    const { value, repeats } = cleaned(memberOf(change, side) ?? null, given, secrets);
    return [
      [side, value ?? null],
      [`${side}_sensitive`, joinedMasks(prunedMask(given), repeats)],
    ] as const;
  });
  return Object.fromEntries([
    ...sides,
    ['after_unknown', prunedMask(memberOf(change, 'after_unknown')) ?? NOTHING_LEFT],
  ]);
};

const reducedChange = (raw: RawJson): RawJson => {
  const change = memberOf(raw, 'change');
  const actions = memberOf(change, 'actions') ?? null;
  const mode = textMemberOf(raw, 'mode') ?? 'managed';
  const isPriced =
    mode === 'managed' && !(isRawList(actions) && actions.length === 1 && UNPRICED_ACTIONS.has(actions[0]));
  return { ...picked(raw, IDENTITY), change: { actions, ...(isPriced ? reducedStates(change) : {}) } };
};

const reducedModule = (module: RawJson | undefined): RawObject => {
  const resources = memberOf(module, 'resources');
  const calls = memberOf(module, 'module_calls');
  const kept = (isRawList(resources) ? resources : []).map((resource) =>
    picked(resource, ['mode', 'type', 'name', 'provider_config_key']),
  );
  const modules = Object.entries(isRawObject(calls) ? calls : {}).flatMap(([name, call]) => {
    const inner = reducedModule(memberOf(call, 'module'));
    return isEmpty(inner) ? [] : [[name, { module: inner }] as const];
  });
  return {
    ...(kept.length === 0 ? {} : { resources: kept }),
    ...(modules.length === 0 ? {} : { module_calls: Object.fromEntries(modules) }),
  };
};

/** Provider blocks with their regions worked out, so that no variable needs to travel. */
const reducedConfiguration = (plan: RawJson): RawObject => {
  const regions = [...readConfiguration(plan).regions].map(
    ([key, region]) => [key, { expressions: { region: { constant_value: region } } }] as const,
  );
  return {
    provider_config: Object.fromEntries(regions),
    root_module: reducedModule(memberOf(memberOf(plan, 'configuration'), 'root_module')),
  };
};

/**
 * What pricing needs of a plan and nothing that is masked, for a client that sends less and no secrets. A book prices
 * it like the whole plan; a masked text that a provider repeats elsewhere in the same change is masked there too.
 *
 * @param raw what the strict reader yields. Shapes that are wrong stay as they are: the reader of the plan names them.
 * @returns a plan in the form of `terraform show -json`, without planned values, state, outputs, variables, expressions.
 * @source protocols section 3.1
 */
export const reducePlan = (raw: RawJson): RawJson => {
  if (!isRawObject(raw)) return raw;
  const changes = memberOf(raw, 'resource_changes');
  const deferred = memberOf(raw, 'deferred_changes');
  return {
    ...picked(raw, HEAD),
    ...(changes === undefined ? {} : { resource_changes: isRawList(changes) ? changes.map(reducedChange) : changes }),
    ...(deferred === undefined
      ? {}
      : { deferred_changes: isRawList(deferred) ? deferred.map(reducedDeferred) : deferred }),
    configuration: reducedConfiguration(raw),
  };
};

/** Nobody prices what is deferred: its identity is enough. */
const reducedDeferred = (raw: RawJson): RawJson => {
  const change = memberOf(raw, 'resource_change') ?? null;
  const actions = memberOf(memberOf(change, 'change'), 'actions') ?? null;
  return { ...picked(raw, ['reason']), resource_change: { ...picked(change, IDENTITY), change: { actions } } };
};

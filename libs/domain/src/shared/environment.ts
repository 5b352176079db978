import type { Behaviour, EnvironmentClass, PolicyDocument } from '../policy/policy.document.js';

/** What stands for an environment that nobody named: unknown, hence strict. @source contract section 5.1 */
export const UNSPECIFIED_ENVIRONMENT = 'unspecified';

const LABELS: ReadonlyMap<string, string> = new Map([
  ...['prod', 'production', 'live'].map((raw) => [raw, 'prod'] as const),
  ...['nonprod', 'non-prod', 'dev', 'test', 'stage', 'staging'].map((raw) => [raw, 'nonprod'] as const),
]);

/**
 * The environment as it is compared and recorded: trimmed, ASCII lower case; absent or empty is `unspecified`.
 *
 * @source contract section 6.1
 */
export const normaliseEnvironment = (sent: string | undefined): string => {
  const raw = (sent ?? '').trim().replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
  return raw === '' ? UNSPECIFIED_ENVIRONMENT : raw;
};

/** Label of a normalised environment. It does not depend on policy, so a fingerprint never drifts with one. */
export const labelOf = (raw: string): string => LABELS.get(raw) ?? raw;

type Classes = PolicyDocument['environments']['classes'];

export interface ClassifiedEnvironment {
  readonly environmentClass: EnvironmentClass;
  readonly behavesAs: Behaviour;
  /** No alias and no class has that name: `prod` by caution, reason environment_unknown_strict. */
  readonly isUnknown: boolean;
}

const withAlias = (name: string, classes: Classes): EnvironmentClass | undefined =>
  Object.keys(classes).find((each) => classes[each]?.aliases.some((alias) => normaliseEnvironment(alias) === name));

/** An alias goes before a name, so that a policy may move even `prod` into a class of its own. */
const classNamed = (name: string, classes: Classes): EnvironmentClass | undefined =>
  withAlias(name, classes) ?? (Object.hasOwn(classes, name) ? name : undefined);

/**
 * The class that decides mode, approval and strictness.
 *
 * @param raw environment after `normaliseEnvironment`.
 * @param label its `labelOf`.
 * @returns the class whose alias or name is the raw text, else the label; else `prod` as unknown.
 * @source contract section 6.1
 */
export const classOf = (raw: string, label: string, classes: Classes): ClassifiedEnvironment => {
  const environmentClass = classNamed(raw, classes) ?? classNamed(label, classes);
  if (environmentClass === undefined) return { environmentClass: 'prod', behavesAs: 'prod', isUnknown: true };
  return { environmentClass, behavesAs: classes[environmentClass]?.behaves_as ?? 'prod', isUnknown: false };
};

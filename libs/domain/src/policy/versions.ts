import type { Instant } from '../shared/brand.js';
import { accepted, type Keyed, refused, type Result } from '../shared/entry.js';
import { plusSeconds } from '../shared/instant.js';
import { type ExpectedVersion, type VersionRefusal, versionRefusal } from './expected-version.js';
import type { PolicyEntry, PolicyRole, Rollout } from './policy.entries.js';
import { challengerAt, policyInForce, type PolicyState, type PolicyVersion } from './policy.state.js';

/** Widens or narrows the part of the projects that a version is rolled out to. */
export interface SetRollout {
  readonly kind: 'set_rollout';
  readonly version: number;
  /** 1 to 100; the salt stays, so whoever was in stays in when it grows. */
  readonly cohortPercent: number;
  /** What the entity tag of the version quoted when the author saw it; null: none was named. */
  readonly expectedVersion: ExpectedVersion | null;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
/** Ends a version that waits for its time, a challenger, or a rollout that has not reached everybody. */
export interface CancelVersion {
  readonly kind: 'cancel_version';
  readonly version: number;
  readonly expectedVersion: ExpectedVersion | null;
  readonly author: string;
  readonly now: Instant;
  readonly idempotency: Keyed;
}
export type VersionsCommand = SetRollout | CancelVersion;

/** A member that cannot be as it is, in the state that is there. */
export interface InvalidMember {
  readonly code: 'validation_failed';
  readonly pointer: string;
  readonly detail: string;
}
export const invalidMember = (pointer: string, detail: string): InvalidMember => ({
  code: 'validation_failed',
  pointer,
  detail,
});
export type VersionsRefusal = { readonly code: 'not_found' } | VersionRefusal | InvalidMember;

/**
 * What the entity tag of a version quotes: its number, and behind a point how often it was changed since, if ever. So
 * whoever changes a rollout has seen how far it is, and whoever publishes has seen what became of the newest version.
 *
 * @source contract section 1 (ETag)
 */
export const versionTag = ({ version, changes }: Pick<PolicyVersion, 'version' | 'changes'>): string =>
  changes === 0 ? String(version) : `${String(version)}.${String(changes)}`;

const DAY_SECONDS = 86_400;
/** Limits of contract section 8.1. */
export const SCHEDULE_DAYS_MAX = 90;
export const SCHEDULED_MAX = 10;

const isWaiting = ({ effectiveFrom, isCancelled }: PolicyVersion, now: Instant): boolean =>
  !isCancelled && now < effectiveFrom;

/**
 * Why a version cannot be published for that time, to that part, in that role; undefined: it can.
 *
 * @source contract section 8.1
 */
export const publicationRefusal = (
  state: PolicyState,
  asked: {
    readonly effectiveFrom: Instant | null;
    readonly rollout: Rollout | null;
    readonly role: PolicyRole;
    readonly now: Instant;
  },
): InvalidMember | { readonly code: 'quota_exceeded'; readonly limit: number } | undefined => {
  const { effectiveFrom, rollout, role, now } = asked;
  if (role === 'challenger' && rollout !== null) return invalidMember('/rollout', 'a challenger decides for nobody');
  if (effectiveFrom === null || effectiveFrom <= now) return undefined;
  if (effectiveFrom > plusSeconds(now, SCHEDULE_DAYS_MAX * DAY_SECONDS)) {
    return invalidMember('/effective_from', `at most ${String(SCHEDULE_DAYS_MAX)} days ahead`);
  }
  const waiting = state.versions.filter((version) => isWaiting(version, now)).length;
  return waiting >= SCHEDULED_MAX ? { code: 'quota_exceeded', limit: SCHEDULED_MAX } : undefined;
};

const isPartial = ({ rollout }: PolicyVersion): boolean => (rollout?.cohort_percent ?? 100) < 100;

export type VersionStatus = 'in_force' | 'scheduled' | 'rolling_out' | 'challenger' | 'superseded' | 'cancelled';

/** Later begun goes first, ties to the higher version. */
const goesBefore = (version: PolicyVersion, inForce: PolicyVersion | undefined): boolean => {
  if (inForce === undefined || version.effectiveFrom > inForce.effectiveFrom) return true;
  return version.effectiveFrom === inForce.effectiveFrom && version.version > inForce.version;
};

/** Where a version stands at an instant. */
export const versionStatus = (state: PolicyState, version: PolicyVersion, now: Instant): VersionStatus => {
  if (version.isCancelled) return 'cancelled';
  if (now < version.effectiveFrom) return 'scheduled';
  if (version.role === 'challenger') return challengerAt(state, now) === version ? 'challenger' : 'superseded';
  const inForce = policyInForce(state, now);
  if (inForce === version) return 'in_force';
  return isPartial(version) && goesBefore(version, inForce) ? 'rolling_out' : 'superseded';
};

const setRollout = (command: SetRollout, version: PolicyVersion): Result<PolicyEntry, VersionsRefusal> => {
  if (version.rollout === null)
    return refused(invalidMember('/version', 'this version was published for all projects'));
  if (version.isCancelled) return refused(invalidMember('/version', 'this version was cancelled'));
  if (version.rollout.cohort_percent === command.cohortPercent) return accepted();
  return accepted({
    type: 'policy_rollout_set',
    payload: {
      version: command.version,
      cohort_percent: command.cohortPercent,
      set_by: command.author,
      set_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

const cancel = (
  command: CancelVersion,
  version: PolicyVersion,
  state: PolicyState,
): Result<PolicyEntry, VersionsRefusal> => {
  if (version.isCancelled) return accepted();
  if (policyInForce(state, command.now) === version) {
    return refused(
      invalidMember('/version', 'this version is in force for all projects: publish or roll back instead'),
    );
  }
  const isOpen = isWaiting(version, command.now) || version.role === 'challenger' || isPartial(version);
  if (!isOpen) return refused(invalidMember('/version', 'this version has been followed by another'));
  return accepted({
    type: 'policy_cancelled',
    payload: {
      version: command.version,
      cancelled_by: command.author,
      cancelled_at: command.now,
      idempotency: command.idempotency,
    },
  });
};

/** Decides a command about one version. Saying what holds already changes nothing. */
export const decideVersions = (command: VersionsCommand, state: PolicyState): Result<PolicyEntry, VersionsRefusal> => {
  const version = state.versions.find((each) => each.version === command.version);
  if (version === undefined) return refused({ code: 'not_found' });
  const stale = versionRefusal(versionTag(version), command.expectedVersion);
  if (stale !== undefined) return refused(stale);
  return command.kind === 'set_rollout' ? setRollout(command, version) : cancel(command, version, state);
};

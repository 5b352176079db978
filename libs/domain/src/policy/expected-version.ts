export type VersionRefusal =
  | { readonly code: 'precondition_required' }
  /** `currentVersion`: the text that its entity tag quotes. */
  | { readonly code: 'version_conflict'; readonly currentVersion: string };

/** What `If-Match` names: a version, several of which one has to stand, or `*`, whatever stands. */
export type ExpectedVersion = string | readonly string[];
const ANY = '*';

/**
 * Why a change may not be made by somebody who has seen `expected`; undefined: what he saw is what stands.
 *
 * @param current what the entity tag of the thing quotes now.
 * @param expected what `If-Match` named; null: nothing was named.
 * @source contract section 1 (ETag); RFC 9110 section 13.1.1
 */
export const versionRefusal = (current: string, expected: ExpectedVersion | null): VersionRefusal | undefined => {
  if (expected === null) return { code: 'precondition_required' };
  const stands = [expected].flat().some((version) => version === ANY || version === current);
  return stands ? undefined : { code: 'version_conflict', currentVersion: current };
};

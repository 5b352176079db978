export type VersionRefusal =
  | { readonly code: 'precondition_required' }
  /** `currentVersion`: the text that its entity tag quotes. */
  | { readonly code: 'version_conflict'; readonly currentVersion: string };

/**
 * Why a change may not be made by somebody who has seen `expected`; undefined: what he saw is what stands.
 *
 * @param current what the entity tag of the thing quotes now.
 * @param expected what `If-Match` quoted; null: nothing was named.
 * @source contract section 1 (ETag)
 */
export const versionRefusal = (current: string, expected: string | null): VersionRefusal | undefined => {
  if (expected === null) return { code: 'precondition_required' };
  return expected === current ? undefined : { code: 'version_conflict', currentVersion: current };
};

import { sha256Hex } from '../shared/sha256.js';

const COHORTS = 100;
const UINT32_HEX_DIGITS = 8;

/**
 * The cohort of a project in a rollout, 0 to 99; below `cohort_percent` it gets the new version.
 *
 * @returns `uint32_be(SHA-256(salt + "\\n" + project_id)[0..4]) mod 100`. Widening keeps the salt, so nobody falls out.
 * @source contract section 8.1
 */
export const cohortOf = (salt: string, projectId: string): number =>
  Number.parseInt(sha256Hex(`${salt}\n${projectId}`).slice(0, UINT32_HEX_DIGITS), 16) % COHORTS;

import { sha256Hex } from './sha256.js';

const REFERENCE_LENGTH_MAX = 512;
const KEPT_LENGTH = 440;
const HALF_CHARACTER_AT_END = /[\ud800-\udbff]$/;
const CONTROL = /[\u0000-\u001f\u007f]/g;

/** A text within `max` characters; what is cut off is told apart by its hash. */
export const bounded = (text: string, max: number, kept: number): string =>
  text.length <= max ? text : `${text.slice(0, kept).replace(HALF_CHARACTER_AT_END, '')}#${sha256Hex(text)}`;

/**
 * A `resource_reference` out of names that somebody else made, and that are not refused for their form: a peer that is told
 * 422 only sends again.
 *
 * @returns at most 512 characters, without control characters, in Unicode normal form C.
 * @source contract section 5.1
 */
export const boundedReference = (text: string): string =>
  bounded(text.replace(CONTROL, '\uFFFD').normalize('NFC'), REFERENCE_LENGTH_MAX, KEPT_LENGTH);

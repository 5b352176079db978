import type { RawJson } from '@verdict/domain';
import { Scanner } from './scanner.js';

/** Depth of our own bodies, and of payloads that others define. @source contract section 1 */
export const DEPTH_MAX = 32;
export const FOREIGN_DEPTH_MAX = 128;

/** Whether a member of an object that is nested `depth` deep (the outermost: 1) is a payload that others define. */
export type IsForeign = (member: string, depth: number) => boolean;

export interface ReadJsonOptions {
  /** Most nested lists and objects; `[[1]]` has two. */
  readonly depthMax: number;
  /** Such members may be nested FOREIGN_DEPTH_MAX deep, counted from where they begin. */
  readonly isForeign?: IsForeign;
}

export type ReadJsonResult =
  | { readonly kind: 'ok'; readonly value: RawJson }
  /** `pointer` (RFC 6901) leads to the value at fault; `detail` states the broken rule and quotes nothing. */
  | { readonly kind: 'malformed'; readonly pointer: string; readonly detail: string };

// Kept from stripping the BOM, so that it is seen; fatal, so that wrong bytes are never replaced.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decoded = (bytes: Uint8Array): string | undefined => {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * Reads JSON so that nothing is guessed: one value, each member once, number tokens as they were sent.
 *
 * @param bytes the whole body, UTF-8 without BOM.
 * @returns the value, or the first place where the text breaks a rule. Never throws, whatever the bytes.
 * @source contract section 1; RFC 8259; I-JSON (RFC 7493) for members and surrogates
 */
export const readJson = (bytes: Uint8Array, options: ReadJsonOptions): ReadJsonResult => {
  const text = decoded(bytes);
  if (text === undefined) return { kind: 'malformed', pointer: '', detail: 'not UTF-8' };
  return readJsonText(text, options);
};

/** The same for text that is decoded already. */
export const readJsonText = (text: string, { depthMax, isForeign }: ReadJsonOptions): ReadJsonResult => {
  const foreign = isForeign === undefined ? undefined : { isForeign, depthMax: FOREIGN_DEPTH_MAX };
  const scanner = new Scanner(text, depthMax, foreign);
  const value = scanner.document();
  const { fault } = scanner;
  return fault === undefined
    ? { kind: 'ok', value }
    : { kind: 'malformed', pointer: scanner.pointer(), detail: `${fault} at character ${String(scanner.offset())}` };
};

/** A problem as a use case names it; the edge makes it an RFC 9457 document. */
export interface WireProblem {
  /** Of contract section 17.2. */
  readonly code: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
  /** Members beyond those of RFC 9457, such as `differing_fields`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
}

/** Where a Terraform installation is, and what may be connected to for it. */
export interface PeerAddress {
  /** `https://host[:port]`, lower case: the URLs of a task must begin with it. */
  readonly address: string;
  readonly isPrivateAllowed: boolean;
}

export interface PeerRequest {
  readonly peer: PeerAddress;
  readonly url: string;
  /** The task's access token: sent to the peer, and to nobody else. */
  readonly token: string;
  /** For the whole attempt: looking names up, connecting, every redirect, and reading the answer. */
  readonly timeoutMs: number;
}

export type PlanAnswer =
  | { readonly kind: 'plan'; readonly bytes: Uint8Array }
  /** 204: ask again later. */
  | { readonly kind: 'not_ready' }
  /** 422: the plan of a Terraform that prints none. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'too_large' }
  /** Any other definite answer: asking again is no use. */
  | { readonly kind: 'refused'; readonly status: number }
  /** The URL, its redirect or the address behind it is not allowed; nothing was sent there. */
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'unreachable' };

export type ResultAnswer = 'taken' | 'refused' | 'forbidden' | 'unreachable';

/**
 * HCP Terraform or Terraform Enterprise, as the other end of a run task. Neither token nor locations of archives are ever
 * in an error or a log. URLs come from the peer's own body, so each connection goes to an address that was checked.
 *
 * @source protocols section 2 (T1, T5, T6, T9, T10)
 */
export interface TerraformPeer {
  /**
   * Whether `signature` is the lower-case hex HMAC-SHA512 of the raw body under one of the keys, compared in constant time.
   * An empty signature, or no key, never is.
   */
  isSigned(body: Uint8Array, signature: string, keys: readonly string[]): boolean;
  /** One attempt to fetch the JSON plan, following one redirect without the token. At most `bytesMax` are read. */
  fetchPlan(request: PeerRequest & { readonly bytesMax: number }): Promise<PlanAnswer>;
  /** One attempt to send a result. `refused`: a definite answer, so sending it again is no use. */
  sendResult(request: PeerRequest & { readonly body: string }): Promise<ResultAnswer>;
}

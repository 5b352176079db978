import type { PeerAddress, PeerRequest, PlanAnswer, ResultAnswer, TerraformPeer } from '@verdict/application';
import {
  type CheckedAnswer,
  type CheckedRequest,
  checkedRequest,
  type Connecting,
  type Resolve,
  systemResolve,
} from './checked-request.js';
import { isSigned } from './signature.js';

export interface HcpTerraformOptions {
  /** Authorities to trust instead of the system's, as PEM. */
  readonly ca?: string;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

const JSON_API = 'application/vnd.api+json';
const ANSWER_BYTES_MAX = 64 * 1024;
const RETRYABLE_FROM = 500;
const TOO_MANY_REQUESTS = 429;

const isWorthRepeating = (status: number): boolean => status >= RETRYABLE_FROM || status === TOO_MANY_REQUESTS;

const urlOf = (text: string, base?: URL): URL | undefined =>
  URL.canParse(text, base?.href) ? new URL(text, base) : undefined;

/** The URL, if it lies at the peer's address; both have been written by others. */
const pinned = (text: string, { address }: PeerAddress): URL | undefined => {
  const url = urlOf(text);
  return url !== undefined && url.origin === urlOf(address)?.origin ? url : undefined;
};

const authorized = ({ token }: PeerRequest): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${token}`,
  'user-agent': 'verdict',
});

/** What a failed attempt at the archive means: its location is short-lived, so the next attempt asks for another. */
const archived = (answer: CheckedAnswer): PlanAnswer => {
  if (answer.kind !== 'answer') return answer;
  if (answer.status === 200) return { kind: 'plan', bytes: answer.body };
  return answer.status >= 300 && answer.status < 400 ? { kind: 'forbidden' } : { kind: 'unreachable' };
};

type Bounds = Pick<CheckedRequest, 'signal' | 'bytesMax'>;

class HcpTerraformPeer implements TerraformPeer {
  constructor(private readonly connecting: Connecting) {}

  isSigned(body: Uint8Array, signature: string, keys: readonly string[]): boolean {
    return isSigned(body, signature, keys);
  }

  async fetchPlan(asked: PeerRequest & { readonly bytesMax: number }): Promise<PlanAnswer> {
    const url = pinned(asked.url, asked.peer);
    if (url === undefined) return { kind: 'forbidden' };
    const { isPrivateAllowed } = asked.peer;
    const { bytesMax } = asked;
    const bounds = { bytesMax, signal: AbortSignal.timeout(asked.timeoutMs) }; // The archive's answer is part of this attempt.
    const answer = await this.get({ ...bounds, url, isPrivateAllowed, headers: authorized(asked) });
    if (answer.kind !== 'answer') return answer;
    switch (answer.status) {
      case 200:
        return { kind: 'plan', bytes: answer.body };
      case 204:
        return { kind: 'not_ready' };
      case 307:
        return this.fetchArchive(asked.peer, { ...bounds, from: url, location: answer.headers.location ?? '' });
      case 422:
        return { kind: 'unsupported' };
      default:
        return isWorthRepeating(answer.status) ? { kind: 'unreachable' } : { kind: 'refused', status: answer.status };
    }
  }

  async sendResult(asked: PeerRequest & { readonly body: string }): Promise<ResultAnswer> {
    const url = pinned(asked.url, asked.peer);
    if (url === undefined) return 'forbidden';
    const answer = await this.ask({
      url,
      isPrivateAllowed: asked.peer.isPrivateAllowed,
      method: 'PATCH',
      headers: {
        ...authorized(asked),
        'content-type': JSON_API,
        'content-length': Buffer.byteLength(asked.body).toString(),
      },
      body: asked.body,
      signal: AbortSignal.timeout(asked.timeoutMs),
      bytesMax: ANSWER_BYTES_MAX,
    });
    if (answer.kind === 'too_large') return 'taken'; // It answered at length; what it said is of no use to anybody.
    if (answer.kind !== 'answer') return answer.kind;
    if (answer.status >= 200 && answer.status < 300) return 'taken';
    return isWorthRepeating(answer.status) ? 'unreachable' : 'refused';
  }

  /** The token stays here: an archive is another party. */
  private async fetchArchive(
    peer: PeerAddress,
    { from, location, ...bounds }: Bounds & { readonly from: URL; readonly location: string },
  ): Promise<PlanAnswer> {
    const url = urlOf(location, from);
    if (url === undefined) return { kind: 'forbidden' };
    const isPrivateAllowed = peer.isPrivateAllowed && url.hostname === from.hostname;
    return archived(await this.get({ ...bounds, url, isPrivateAllowed, headers: { 'user-agent': 'verdict' } }));
  }

  private get(asked: Bounds & Pick<CheckedRequest, 'url' | 'isPrivateAllowed' | 'headers'>): Promise<CheckedAnswer> {
    return this.ask({ ...asked, method: 'GET', body: null });
  }

  private ask(asked: CheckedRequest): Promise<CheckedAnswer> {
    return checkedRequest(asked, this.connecting);
  }
}

/** The TerraformPeer port over HTTPS. */
export const createHcpTerraformPeer = ({ ca, resolve = systemResolve }: HcpTerraformOptions = {}): TerraformPeer =>
  new HcpTerraformPeer({ ca, resolve });

import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type CryptoKey, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { z } from 'zod';

export const KEYS_FRESH_MS = 10 * 60_000;
export const KEYS_USABLE_MS = 24 * 3_600_000;
export const REFETCH_PAUSE_MS = 30_000;
/** Whoever asks has a deadline: keys that are old but may be used are not waited for longer than this. */
export const STALE_WAIT_MS = 250;
const FIRST_FETCH_PAUSE_MS = 1000;
const FETCH_TIMEOUT_MS = 3000;

const JwksSchema = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The issuer's keys cannot be had, and none that may still be used are cached: 503, not 401. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export type ReadKeys = () => Promise<JSONWebKeySet>;

/** Reads a JWKS from a `file:` or `http(s):` URL; redirects are not followed. */
export const readKeysFrom =
  (url: URL): ReadKeys =>
  async () => {
    if (url.protocol === 'file:') return JwksSchema.parse(JSON.parse(await readFile(url, 'utf8')));
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`status ${response.status.toString()}`);
    return JwksSchema.parse(await response.json());
  };

interface Loaded {
  readonly select: ReturnType<typeof createLocalJWKSet>;
  readonly text: string;
  readonly atMs: number;
}

/** Waits for what never fails, but not for longer than `ms`. */
const atMost = async (ms: number, work: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
};

interface KeySetOptions {
  readonly now: () => number;
  /** Called when a fetched set differs from the one before, so that what was verified with a withdrawn key is forgotten. */
  readonly onChanged: () => void;
}

/** Keys of one issuer: fresh for 10 minutes, refetched for an unknown kid at most every 30 s, usable for 24 h when the issuer is away. */
export class KeySet {
  private loaded: Loaded | undefined;
  private triedAtMs = Number.NEGATIVE_INFINITY;
  private pending: Promise<void> | undefined;

  constructor(
    private readonly read: ReadKeys,
    private readonly options: KeySetOptions,
  ) {}

  /** @throws KeysUnavailable; a jose error when the set has no key for this header. */
  async keyFor(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (this.ageMs() >= KEYS_FRESH_MS) await this.renew();
    const first = this.usable();
    try {
      return await first.select(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.refresh(REFETCH_PAUSE_MS);
      const second = this.usable();
      if (second === first) throw error;
      return second.select(header);
    }
  }

  private ageMs(): number {
    return this.loaded === undefined ? Number.POSITIVE_INFINITY : this.options.now() - this.loaded.atMs;
  }

  private usable(): Loaded {
    if (this.loaded === undefined || this.ageMs() >= KEYS_USABLE_MS) throw new KeysUnavailable();
    return this.loaded;
  }

  private async renew(): Promise<void> {
    if (this.loaded === undefined) return this.refresh(FIRST_FETCH_PAUSE_MS);
    const renewed = this.refresh(REFETCH_PAUSE_MS);
    return this.ageMs() < KEYS_USABLE_MS ? atMost(STALE_WAIT_MS, renewed) : renewed;
  }

  /** One fetch at a time, and none within `pauseMs` of the last attempt. */
  private async refresh(pauseMs: number): Promise<void> {
    if (this.pending === undefined && this.options.now() - this.triedAtMs >= pauseMs) {
      this.triedAtMs = this.options.now();
      this.pending = this.fetch().finally(() => {
        this.pending = undefined;
      });
    }
    await this.pending;
  }

  private async fetch(): Promise<void> {
    try {
      const keys = await this.read();
      const text = JSON.stringify(keys);
      const isChanged = this.loaded !== undefined && this.loaded.text !== text;
      this.loaded = { select: createLocalJWKSet(keys), text, atMs: this.options.now() };
      if (isChanged) this.options.onChanged();
    } catch {
      // The cached keys serve on; without any, `usable` says so.
    }
  }
}

import { hash } from 'node:crypto';
import type { Caller } from './caller.js';

export const CACHED_TOKENS_MAX = 10_000;
/** As long as keys count as fresh: a withdrawn key is then noticed for cached tokens too. */
export const CACHED_TOKEN_MS_MAX = 10 * 60_000;

interface Cached {
  readonly caller: Caller;
  readonly untilMs: number;
}

/** Verified tokens by their SHA-256, until they expire; the least recently used one makes room. */
export class TokenCache {
  private readonly cached = new Map<string, Cached>();

  constructor(private readonly size: number = CACHED_TOKENS_MAX) {}

  static keyOf(token: string): string {
    return hash('sha256', token, 'base64');
  }

  get(key: string, nowMs: number): Caller | undefined {
    const found = this.cached.get(key);
    if (found === undefined) return undefined;
    this.cached.delete(key);
    if (nowMs >= found.untilMs) return undefined;
    this.cached.set(key, found); // A map keeps insertion order: the oldest is the least recently used.
    return found.caller;
  }

  set(key: string, caller: Caller, { expMs, nowMs }: { readonly expMs: number; readonly nowMs: number }): void {
    const untilMs = Math.min(expMs, nowMs + CACHED_TOKEN_MS_MAX);
    if (untilMs <= nowMs) return;
    this.cached.set(key, { caller, untilMs });
    if (this.cached.size <= this.size) return;
    const oldest = this.cached.keys().next();
    if (oldest.done !== true) this.cached.delete(oldest.value);
  }

  clear(): void {
    this.cached.clear();
  }

  get count(): number {
    return this.cached.size;
  }
}

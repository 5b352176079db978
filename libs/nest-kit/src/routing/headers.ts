import { IdempotencyKey } from '@verdict/contracts';
import type { FastifyRequest } from 'fastify';
import { problem } from '../problems/problem.js';

type Headers = FastifyRequest['headers'];
const one = (value: string | readonly string[] | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** The `Idempotency-Key` header; one pair of surrounding quotes (the IETF draft's spelling) is removed, as in a body. */
export const idempotencyKeyOf = (headers: Headers): string | null => {
  const sent = one(headers['idempotency-key']);
  if (sent === null) return null;
  const key = IdempotencyKey.safeParse(sent);
  if (key.success) return key.data;
  throw problem('validation_failed', {
    errors: [
      { pointer: '/headers/idempotency-key', code: 'validation_failed', detail: '4 to 128 visible ASCII characters' },
    ],
  });
};

/** What an author's `If-Match: "3"` quotes, `3`; null when none was sent. */
export const ifMatchVersionOf = (headers: Headers): string | null => {
  const sent = one(headers['if-match']);
  if (sent === null) return null;
  return /^(?:W\/)?"(\d{1,9}(?:\.\d{1,9})?)"$/.exec(sent)?.[1] ?? ''; // A tag that is none of ours matches no version.
};

/** A journal's kind and a revision, as `Verdict-Entry` gave them. */
export interface MinEntryReference {
  readonly kind: string;
  readonly revision: bigint;
}

/** `Verdict-Min-Entry: decisions@41`: what the caller wrote and wants to read; null when absent or not of that form. */
export const minEntryOf = (headers: Headers): MinEntryReference | null => {
  const match = /^([a-z]{1,32})@(\d{1,18})$/.exec(one(headers['verdict-min-entry']) ?? '');
  return match?.[1] === undefined || match[2] === undefined ? null : { kind: match[1], revision: BigInt(match[2]) };
};

export const rangeOf = (headers: Headers): string | null => one(headers.range);

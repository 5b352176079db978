import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import { IdempotencyKey } from '@verdict/contracts';
import type { FastifyRequest } from 'fastify';
import { problem } from '../problems/problem.js';

type Headers = FastifyRequest['headers'];
const one = (value: string | readonly string[] | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

const invalid = (name: string, detail: string) =>
  problem('validation_failed', { errors: [{ pointer: `/headers/${name}`, code: 'validation_failed', detail }] });

/**
 * The `Idempotency-Key` header; one pair of surrounding quotes (the IETF draft's spelling) is removed, as in a body. An empty
 * one is a key that somebody meant to send: without it the command would be decided again with each repeat.
 */
export const idempotencyKeyOf = (headers: Headers): string | null => {
  const sent = headers['idempotency-key'];
  if (sent === undefined) return null;
  const key = IdempotencyKey.safeParse(sent);
  if (key.success) return key.data;
  throw invalid('idempotency-key', '4 to 128 visible ASCII characters');
};

/** What an author's `If-Match: "3"` quotes, `3`; null when none was sent. */
export const ifMatchVersionOf = (headers: Headers): string | null => {
  const sent = one(headers['if-match']);
  if (sent === null) return null;
  return /^(?:W\/)?"(\d{1,9}(?:\.\d{1,9})?)"$/.exec(sent)?.[1] ?? ''; // A tag that is none of ours matches no version.
};

/** A journal's kind and a revision, as `Verdict-Entry` gave them. */
export interface MinEntryReference {
  readonly kind: JournalKind;
  readonly revision: bigint;
}

const isKind = (text: string | undefined): text is JournalKind => JOURNAL_KINDS.some((kind) => kind === text);

/** `Verdict-Min-Entry: decisions@41`: what the caller wrote and wants to read; null when it was not sent. */
export const minEntryOf = (headers: Headers): MinEntryReference | null => {
  const sent = one(headers['verdict-min-entry']);
  if (sent === null) return null;
  const [, kind, revision] = /^([a-z]+)@(\d{1,18})$/.exec(sent) ?? [];
  if (isKind(kind) && revision !== undefined) return { kind, revision: BigInt(revision) };
  throw invalid('verdict-min-entry', 'an entry as `Verdict-Entry` names it, such as decisions@41');
};

export const rangeOf = (headers: Headers): string | null => one(headers.range);

import { JOURNAL_KINDS, type JournalKind } from '@verdict/application';
import { IdempotencyKey } from '@verdict/contracts';
import type { ExpectedVersion } from '@verdict/domain';
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

const TAG = /(W\/)?"([^"]*)"/g;
/**
 * What an author's `If-Match` names: `3` of `"3"`, the versions of a list of tags, `*` of `*`; null when none was sent. A weak
 * tag never matches, one that is none of ours matches no version.
 *
 * @source RFC 9110 section 13.1.1
 */
export const ifMatchVersionOf = (headers: Headers): ExpectedVersion | null => {
  const sent = one(headers['if-match'])?.trim();
  if (sent === undefined || sent === '*') return sent ?? null;
  const isList = /^[ \t,]*$/.test(sent.replace(TAG, ''));
  const tags = isList ? [...sent.matchAll(TAG)] : [];
  return tags.flatMap(([, weak, version = '']) => (weak === undefined && version !== '*' ? [version] : []));
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

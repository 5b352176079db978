import type { FastifyReply } from 'fastify';

/** `decisions@41`: a journal's kind and a revision, as `Verdict-Entry` and `Verdict-Min-Entry` carry it. */
export const entryReference = (kind: string, revision: bigint): string => `${kind}@${revision.toString()}`;

/** What a controller may say about its answer besides the body. */
export class AnswerHead {
  constructor(private readonly reply: FastifyReply) {}

  status(status: number): this {
    this.reply.status(status);
    return this;
  }

  header(name: string, value: string): this {
    this.reply.header(name, value);
    return this;
  }

  /** Names the entry a write made, so that the next read can wait for it. */
  entry(kind: string, revision: bigint): this {
    return this.header('verdict-entry', entryReference(kind, revision));
  }

  /** Quotes the version, as ETag wants it. */
  etag(version: string | number | bigint): this {
    return this.header('etag', `"${version.toString()}"`);
  }
}

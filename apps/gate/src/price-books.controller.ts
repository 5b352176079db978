import { Controller, Inject } from '@nestjs/common';
import type { PolicyAdmin } from '@verdict/application';
import { DEPTH_MAX, PriceBookKey, PriceBookParams, readJson, ROUTES } from '@verdict/contracts';
import { isRawObject, type PriceBook, type PublishedPriceBook, type RawJson, readPriceBook } from '@verdict/domain';
import { type Call, Endpoint, isProblemCode, problem, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { POLICY_ADMIN } from './tokens.js';

const bookAnswer = ({ version, sha256, book, publishedBy, publishedAt }: PublishedPriceBook) => ({
  version,
  sha256,
  entries: book.entries.length,
  published_by: publishedBy,
  published_at: publishedAt,
});

/** A member of the call beside the members of the book. */
const withoutKey = (value: RawJson): RawJson => {
  if (!isRawObject(value)) return value;
  const { idempotency_key: _, ...book } = value;
  return book;
};

const readBook = (bytes: Uint8Array): PriceBook => {
  const read = readJson(bytes, { depthMax: DEPTH_MAX });
  if (read.kind === 'malformed') {
    throw problem('malformed_json', {
      errors: [{ pointer: read.pointer, code: 'malformed_json', detail: read.detail }],
    });
  }
  const reading = readPriceBook(withoutKey(read.value));
  if (reading.kind === 'book') return reading.book;
  const code = reading.problems[0]?.code ?? 'validation_failed';
  throw problem(isProblemCode(code) ? code : 'validation_failed', { errors: reading.problems });
};

@Controller()
export class PriceBooksController {
  constructor(@Inject(POLICY_ADMIN) private readonly admin: PolicyAdmin) {}

  @Endpoint(ROUTES.listPriceBooks)
  async list(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.listPriceBooks(call.tenantId, pageRequest(call))), bookAnswer);
  }

  @Endpoint(ROUTES.getPriceBook)
  async one(@TheCall() call: Call) {
    const { version } = call.params(PriceBookParams);
    const published = unwrap(await this.admin.findPriceBook(call.tenantId, version));
    return { ...bookAnswer(published), book: published.book };
  }

  @Endpoint(ROUTES.publishPriceBook)
  async publish(@TheCall() call: Call) {
    const book = readBook(call.bytes);
    const meta = call.meta(call.body(PriceBookKey).idempotency_key);
    const written = unwrap(await this.admin.publishPriceBook(book, meta));
    if (written.entry === null) call.answer.status(200);
    else call.answer.entry('policy', BigInt(written.entry.revision));
    const { published, entry, isReplayed } = written;
    return { ...bookAnswer(published), entry, replayed: isReplayed, unchanged: entry === null };
  }
}

import { canonicalBytes, type JsonValue, readEntry } from '@verdict/ledger';
import type { Journals, Revision } from '../ports/journals.js';
import { journalName } from '../journals/kinds.js';
import { breathing } from '../shared/breathe.js';

const PUBLISHED = {
  policy_published: { text: 'document', sha256: 'document_sha256' },
  price_book_published: { text: 'book', sha256: 'book_sha256' },
} as const;

const publishedOf = (
  type: string,
  payload: JsonValue,
): { readonly sha256: string; readonly text: JsonValue } | undefined => {
  if (type !== 'policy_published' && type !== 'price_book_published') return undefined;
  if (typeof payload !== 'object' || payload === null) return undefined;
  const members = new Map<string, JsonValue>(Object.entries(payload));
  const text = members.get(PUBLISHED[type].text);
  const sha256 = members.get(PUBLISHED[type].sha256);
  return text === undefined || typeof sha256 !== 'string' ? undefined : { sha256, text };
};

/**
 * Policy and price book texts of a tenant by their hash, wherever in the policy journal they were published. The journal
 * is read once, when the first text is asked for; memory holds a revision per text.
 */
export class PolicyTexts {
  private index: Promise<ReadonlyMap<string, Revision>> | undefined;

  constructor(
    private readonly journals: Journals,
    private readonly tenantId: string,
  ) {}

  async find(sha256: string): Promise<Uint8Array | undefined> {
    this.index ??= this.build();
    const revision = (await this.index).get(sha256);
    if (revision === undefined) return undefined;
    for await (const entry of this.journals.read(journalName('policy', this.tenantId), revision, 1)) {
      const published = publishedOf(entry.type, readEntry(entry.bytes).payload);
      return published === undefined ? undefined : canonicalBytes(published.text);
    }
    return undefined;
  }

  private async build(): Promise<ReadonlyMap<string, Revision>> {
    const index = new Map<string, Revision>();
    for await (const { type, bytes, revision } of breathing(
      this.journals.read(journalName('policy', this.tenantId), 0n),
    )) {
      if (!(type in PUBLISHED)) continue;
      const published = publishedOf(type, readEntry(bytes).payload);
      if (published !== undefined) index.set(published.sha256, revision);
    }
    return index;
  }
}

import { JOURNAL_KINDS, type JournalKind, journalName, type Journals } from '@verdict/application';
import { readEntry } from '@verdict/ledger';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const HASH = /\b[0-9a-f]{64}\b/g;
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
/** Random by design, or made from ids and times. */
const RANDOM = new Set(['salt', 'kid', 'iv', 'ct', 'tag', 'jti', 'nonce', 'token_sha256', 'signature']);

/** Ids and hashes by the order in which they first occur, so that what refers to what stays visible. */
class Names {
  private readonly known = new Map<string, string>();

  of(kind: string, text: string): string {
    const name = this.known.get(text) ?? `${kind}#${String(this.known.size)}`;
    this.known.set(text, name);
    return name;
  }
}

const anonymous = (value: unknown, names: Names, key = ''): unknown => {
  if (RANDOM.has(key)) return typeof value;
  if (typeof value === 'string')
    return value
      .replaceAll(INSTANT, 'time')
      .replaceAll(UUID, (id) => names.of('id', id))
      .replaceAll(HASH, (hash) => names.of('hash', hash));
  if (Array.isArray(value)) return value.map((each) => anonymous(each, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, anonymous(each, names, name)]));
};

export interface LikeEntry {
  readonly type: string;
  readonly payload: unknown;
}
export type Likeness = Readonly<Record<JournalKind, readonly LikeEntry[]>>;

/** The journals of a tenant, entry for entry, but for ids and times. */
export const likenessOf = async (journals: Journals, tenant: string): Promise<Likeness> => {
  const names = new Names();
  const found: Record<JournalKind, LikeEntry[]> = { policy: [], decisions: [], approvals: [], reservations: [] };
  for (const kind of JOURNAL_KINDS) {
    for await (const { type, bytes } of journals.read(journalName(kind, tenant), 0n))
      found[kind].push({ type, payload: anonymous(readEntry(bytes).payload, names) });
  }
  return found;
};

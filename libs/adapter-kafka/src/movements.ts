import type { JournalKind, JournalName, Movement, RecordedEntry, Revision } from '@verdict/application';
import type { RecordClaim, RecordReading } from './read-record.js';

interface Gathered {
  readonly tenantId: string;
  head: Revision;
  readonly sound: Map<Revision, RecordedEntry>;
  /** Revisions for which two different entries came: one of them is not the log's, and nobody here knows which. */
  readonly forked: Set<Revision>;
}

const isSame = (left: RecordedEntry, right: RecordedEntry): boolean =>
  Buffer.compare(left.leafHash, right.leafHash) === 0;

const noteEntry = (gathered: Gathered, entry: RecordedEntry): void => {
  const known = gathered.sound.get(entry.revision);
  if (known !== undefined && !isSame(known, entry)) gathered.forked.add(entry.revision);
  gathered.sound.set(entry.revision, entry);
};

/** The longest run of consecutive entries that ends at the head. */
const runToHead = ({ head, sound, forked }: Gathered): readonly RecordedEntry[] => {
  const run: RecordedEntry[] = [];
  for (let revision = head; !forked.has(revision); revision -= 1n) {
    const entry = sound.get(revision);
    if (entry === undefined) break;
    run.push(entry);
  }
  return run.reverse();
};

const groupOf = (groups: Map<JournalName, Gathered>, { journal, tenantId }: RecordClaim): Gathered => {
  const known = groups.get(journal);
  if (known !== undefined) return known;
  const fresh: Gathered = { tenantId, head: -1n, sound: new Map(), forked: new Set() };
  groups.set(journal, fresh);
  return fresh;
};

export interface Gathering {
  readonly movements: readonly Movement[];
  readonly forked: readonly { readonly journal: JournalName; readonly revision: Revision }[];
}

/**
 * One movement per journal of which these records tell anything, whatever was lost, doubled, reordered or damaged on the
 * way: the head is the highest revision named, and entries are given only where they run up to it without a gap.
 */
export const gatherMovements = (kind: JournalKind, readings: readonly RecordReading[]): Gathering => {
  const groups = new Map<JournalName, Gathered>();
  for (const reading of readings) {
    const { claim } = reading;
    if (claim === undefined) continue;
    const gathered = groupOf(groups, claim);
    if (claim.revision > gathered.head) gathered.head = claim.revision;
    if (reading.kind === 'entry') noteEntry(gathered, reading.entry);
  }
  const all = [...groups];
  return {
    movements: all.map(([journal, gathered]) => {
      const { tenantId, head } = gathered;
      return { journal, kind, tenantId, head, entries: runToHead(gathered) };
    }),
    forked: all.flatMap(([journal, { forked }]) => [...forked].map((revision) => ({ journal, revision }))),
  };
};

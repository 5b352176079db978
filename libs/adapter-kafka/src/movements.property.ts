import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gatherMovements } from './movements.js';
import { readRecord, type RecordReading } from './read-record.js';
import { LOG_HOST } from './testing/bus-clients.js';
import { entryAt, journalOf, recordOf, type TestJournal } from './testing/records.js';

const journals = [journalOf(12), journalOf(12)];
const [first, second] = journals as [TestJournal, TestJournal];
const CONTEXT = { logHost: LOG_HOST, kind: 'decisions' } as const;

const readingOf = (journal: TestJournal, revision: number, isDamaged = false): RecordReading => {
  const record = recordOf(journal, entryAt(journal, revision));
  return readRecord(isDamaged ? { ...record, value: Buffer.from('{}') } : record, CONTEXT);
};

const revisionsOf = (readings: readonly RecordReading[], journal: TestJournal): readonly bigint[] => {
  const { movements } = gatherMovements('decisions', readings);
  return (
    movements.find((movement) => movement.journal === journal.journal)?.entries.map(({ revision }) => revision) ?? []
  );
};

/** What a topic may do to records: lose, double, reorder and damage them, of several journals among each other. */
const mishaps = fc.array(
  fc.record({ journal: fc.constantFrom(...journals), revision: fc.nat(11), isDamaged: fc.boolean() }),
  { maxLength: 40 },
);

describe('The movements of a slice of records', () => {
  it('name the highest revision, and carry only true entries that run up to it, whatever happened to the records', () => {
    fc.assert(
      fc.property(mishaps, (records) => {
        const readings = records.map(({ journal, revision, isDamaged }) => readingOf(journal, revision, isDamaged));
        const { movements, forked } = gatherMovements('decisions', readings);
        expect(forked).toEqual([]);
        expect(new Set(movements.map(({ journal }) => journal)).size).toBe(movements.length);
        for (const { journal, head, entries } of movements) {
          const own = records.filter((record) => record.journal.journal === journal);
          expect(Number(head)).toBe(Math.max(...own.map(({ revision }) => revision)));
          const sound = new Set(own.filter(({ isDamaged }) => !isDamaged).map(({ revision }) => revision));
          let length = 0;
          while (sound.has(Number(head) - length)) length += 1;
          expect(entries.map(({ revision }) => Number(revision))).toEqual(
            Array.from({ length }, (_, index) => Number(head) - length + 1 + index),
          );
          const source = own[0]?.journal;
          for (const entry of entries) expect(entry.id).toBe(source?.entries[Number(entry.revision)]?.id);
        }
      }),
    );
  });

  it('carry a run that came in any order, once each', () => {
    const readings = [3, 1, 2, 2, 3].map((revision) => readingOf(first, revision));
    expect(revisionsOf(readings, first)).toEqual([1n, 2n, 3n]);
  });

  it('carry nothing when the entry at the head is damaged', () => {
    expect(revisionsOf([readingOf(first, 1), readingOf(first, 2, true)], first)).toEqual([]);
  });

  it('carry only what follows on a gap', () => {
    expect(revisionsOf([readingOf(first, 1), readingOf(first, 3), readingOf(second, 7)], first)).toEqual([3n]);
  });

  it('carry neither of two entries for one revision, and name the fork', () => {
    const true_ = readingOf(first, 2);
    if (true_.kind !== 'entry') throw new Error('this record is sound');
    const false_: RecordReading = { ...true_, entry: { ...true_.entry, leafHash: entryAt(first, 5).leafHash } };
    const readings = [readingOf(first, 1), true_, false_, readingOf(first, 3)];
    expect(revisionsOf(readings, first)).toEqual([3n]);
    expect(gatherMovements('decisions', readings).forked).toEqual([{ journal: first.journal, revision: 2n }]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Snapshot } from '@verdict/application';
import type { Open } from './under-test.js';
import { freshJournal, using } from './under-test.js';

const snapshotAt = (revision: bigint, parts: Partial<Snapshot> = {}): Snapshot => ({
  ...{ revision, leafHash: new Uint8Array(32).fill(Number(revision % 251n)), schemaVersion: 1 },
  ...{ state: Buffer.from([0, 255, Number(revision % 256n)]), ...parts },
});

const plain = (snapshot: Snapshot | undefined) =>
  snapshot === undefined
    ? undefined
    : {
        ...{ revision: snapshot.revision, schemaVersion: snapshot.schemaVersion },
        ...{ leafHash: [...snapshot.leafHash], state: [...snapshot.state] },
      };

export const describeSnapshots = (open: Open): void =>
  describe('snapshots', () => {
    it(
      'are kept exactly, one per journal and owner',
      using(open, async ({ journals, another }) => {
        const [journal, other] = [freshJournal(), freshJournal()];
        await journals.saveSnapshot(journal, 'gate', snapshotAt(7n));
        await journals.saveSnapshot(journal, 'audit', snapshotAt(3n, { schemaVersion: 2 }));
        const reader = await another();
        expect(plain(await reader.loadSnapshot(journal, 'gate'))).toEqual(plain(snapshotAt(7n)));
        expect(plain(await reader.loadSnapshot(journal, 'audit'))).toEqual(plain(snapshotAt(3n, { schemaVersion: 2 })));
        expect(await reader.loadSnapshot(other, 'gate')).toBeUndefined();
      }),
    );

    it(
      'are never replaced by an older one, whatever the order of arrival',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        await Promise.all([5n, 9n, 2n].map((revision) => journals.saveSnapshot(journal, 'gate', snapshotAt(revision))));
        await journals.saveSnapshot(journal, 'gate', snapshotAt(8n));
        expect((await journals.loadSnapshot(journal, 'gate'))?.revision).toBe(9n);
      }),
    );

    it(
      'are replaced at the same revision: a new schema folds the same entries anew',
      using(open, async ({ journals }) => {
        const journal = freshJournal();
        await journals.saveSnapshot(journal, 'gate', snapshotAt(4n));
        await journals.saveSnapshot(journal, 'gate', snapshotAt(4n, { schemaVersion: 2 }));
        expect((await journals.loadSnapshot(journal, 'gate'))?.schemaVersion).toBe(2);
      }),
    );
  });

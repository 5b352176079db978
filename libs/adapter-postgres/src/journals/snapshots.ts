import type { JournalName, Snapshot } from '@verdict/application';
import type { Query } from './connections.js';

interface SnapshotRow {
  readonly revision: string;
  readonly leaf_hash: Buffer;
  readonly schema_version: number;
  readonly state: Buffer;
}

const SAVE = `INSERT INTO log.snapshots AS kept (stream, owner, revision, leaf_hash, schema_version, state)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (stream, owner) DO UPDATE
   SET revision = excluded.revision, leaf_hash = excluded.leaf_hash,
       schema_version = excluded.schema_version, state = excluded.state
 WHERE kept.revision <= excluded.revision`;

const LOAD = 'SELECT revision, leaf_hash, schema_version, state FROM log.snapshots WHERE stream = $1 AND owner = $2';

export const saveSnapshot = async (
  query: Query,
  { journal, owner, snapshot }: { readonly journal: JournalName; readonly owner: string; readonly snapshot: Snapshot },
): Promise<void> => {
  const { revision, leafHash, schemaVersion, state } = snapshot;
  const bytes = [Buffer.from(leafHash), String(schemaVersion), Buffer.from(state)];
  await query({ name: 'verdict_save_snapshot', text: SAVE, values: [journal, owner, revision.toString(), ...bytes] });
};

export const loadSnapshot = async (
  query: Query,
  journal: JournalName,
  owner: string,
): Promise<Snapshot | undefined> => {
  const [row] = await query<SnapshotRow>({ name: 'verdict_load_snapshot', text: LOAD, values: [journal, owner] });
  if (row === undefined) return undefined;
  const { revision, leaf_hash: leafHash, schema_version: schemaVersion, state } = row;
  return { revision: BigInt(revision), leafHash, schemaVersion, state };
};

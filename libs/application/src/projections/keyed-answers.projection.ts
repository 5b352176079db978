import type { ScopedKey } from '@verdict/domain';
import type { RecordedEntry } from '../journals/entry-log.js';
import type { KeyedAnswerRow } from '../ports/read-models.js';
import type { RowChange } from './changes.js';

/** The row by which an explicit key is found once it has left memory; none where nobody can ask with the key again. */
export const keyedAnswer = (
  { tenantId, kind }: Pick<KeyedAnswerRow, 'tenantId' | 'kind'>,
  { revision }: RecordedEntry,
  answered: ScopedKey | undefined,
): readonly RowChange[] => {
  if (answered === undefined || answered.keyed.key === null) return [];
  const { scope, keyed } = answered;
  const row = { tenantId, kind, revision, scope, key: answered.keyed.key, payloadHash: keyed.payload_hash };
  return [{ op: 'insert', table: 'keyed_answers', row }];
};

import type { JsonObject, JsonValue } from '../json/json-value.js';

/** Entries per journal kind and entry type. */
export type CountsByType = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The entry that stands for one thing of its journal: one decision, one approval, one settled reservation. */
const HEADLINES = [
  ['decision', 'decisions', 'decision_recorded'],
  ['approval', 'approvals', 'approval_requested'],
  ['reservation', 'reservations', 'reservation_settled'],
] as const;

/** `counts` of the manifest. `views`: rows per view file, without the header. */
export const countsMember = (journals: CountsByType, views: Readonly<Record<string, number>>): JsonObject => ({
  ...Object.fromEntries(HEADLINES.map(([name, kind, type]) => [`${name}_count`, countOf(journals, kind, type)])),
  policy_count: Object.values(journals['policy'] ?? {}).reduce((sum, count) => sum + count, 0),
  journals,
  views,
});

export interface ParityInput {
  /** Counted in the journals. */
  readonly journals: CountsByType;
  /** Counted in the views of the bundle. */
  readonly exported: CountsByType;
  readonly readModel: CountsByType;
}

/**
 * `parity` of the manifest: journal counts = view counts = read-model counts, each number given.
 * The three headline types are always compared; other types where the read model counts them.
 * @source contract section 14.3
 */
export const parityMember = ({ journals, exported, readModel }: ParityInput): JsonObject => {
  const mismatches = comparedTypes(readModel).flatMap(([kind, type]) => {
    const numbers = {
      journal: countOf(journals, kind, type),
      read_model: countOf(readModel, kind, type),
      exported: hasView(kind) ? countOf(exported, kind, type) : countOf(journals, kind, type),
    };
    const isEqual = numbers.journal === numbers.read_model && numbers.journal === numbers.exported;
    return isEqual ? [] : [{ kind, type, ...numbers }];
  });
  const numbers = HEADLINES.flatMap(([name, kind, type]) => [
    [`${name}_count_journal`, countOf(journals, kind, type)] as const,
    [`${name}_count_read_model`, countOf(readModel, kind, type)] as const,
    [`${name}_count_exported`, countOf(exported, kind, type)] as const,
  ]);
  const gaps: readonly JsonValue[] = []; // A journal with a gap is not exported at all.
  return {
    ...Object.fromEntries(numbers),
    read_model: readModel,
    gaps,
    mismatches,
    parity_ok: mismatches.length === 0,
  };
};

const comparedTypes = (readModel: CountsByType): readonly (readonly [string, string])[] => {
  const named = Object.entries(readModel).flatMap(([kind, types]) =>
    Object.keys(types).map((type) => `${kind}/${type}`),
  );
  const all = new Set([...HEADLINES.map(([, kind, type]) => `${kind}/${type}`), ...named]);
  return [...all].sort().map((key) => {
    const [kind = '', type = ''] = key.split('/');
    return [kind, type] as const;
  });
};

const countOf = (counts: CountsByType, kind: string, type: string): number => {
  const types = Object.hasOwn(counts, kind) ? counts[kind] : undefined;
  return types !== undefined && Object.hasOwn(types, type) ? (types[type] ?? 0) : 0;
};

const VIEWED_KINDS: readonly string[] = ['decisions', 'approvals', 'reservations', 'policy'];
const hasView = (kind: string): boolean => VIEWED_KINDS.includes(kind);

/** Adds one to a counter of a table that is being filled. */
export const addOne = (counts: Map<string, number>, type: string): void => {
  counts.set(type, (counts.get(type) ?? 0) + 1);
};

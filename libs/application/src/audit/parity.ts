import { EntryLog } from '../journals/entry-log.js';
import { JOURNAL_KINDS, type JournalKind, journalName } from '../journals/kinds.js';
import type { ExportRange, ExportRanges, ExportResult } from '../ports/audit.js';
import { JournalGap, type Journals } from '../ports/journals.js';
import type { ReadModels } from '../ports/read-models.js';
import { headlineIdOf } from '../projections/changes.js';
import { projectEntry } from '../projections/project-entry.js';
import { breathing } from '../shared/breathe.js';
import { rangesInOrder } from './export-bundle.js';
import { digestIds, type IdDigest } from './sorted-ids.js';

export interface Parity {
  readonly isEqual: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly ids: Readonly<Record<string, { readonly journal: string; readonly readModel: string }>>;
  readonly gaps: readonly string[];
  readonly mismatches: readonly string[];
}
export interface ParityDeps {
  readonly journals: Journals;
  readonly readModels: ReadModels;
}

/** What one main row stands for, by kind: the entry it came from, and its name in the counts. */
const HEADLINES = {
  policy: { name: 'policy', type: null },
  decisions: { name: 'decision', type: 'decision_recorded' },
  approvals: { name: 'approval', type: 'approval_requested' },
  reservations: { name: 'reservation', type: 'reservation_settled' },
} as const satisfies Readonly<Record<JournalKind, { readonly name: string; readonly type: string | null }>>;

interface Counted {
  readonly types: Map<string, number>;
  readonly gaps: string[];
}
interface Compared {
  readonly kind: JournalKind;
  readonly journal: IdDigest;
  readonly readModel: IdDigest;
  readonly types: ReadonlyMap<string, number>;
  readonly gaps: readonly string[];
}

/**
 * Compares the journals with the read models, and with what an export has counted, for these ranges. Memory grows with
 * the ids of one journal.
 * @source contract section 14.3
 */
export const compareRanges = async (
  deps: ParityDeps,
  tenantId: string,
  { ranges, exported }: { readonly ranges: ExportRanges; readonly exported?: ExportResult['counts'] },
): Promise<Parity> => {
  const compared: Compared[] = [];
  for (const [kind, range] of rangesInOrder(ranges)) compared.push(await compareKind(deps, { tenantId, kind, range }));
  const mismatches = compared.flatMap((each) => mismatchesOf(each, tenantId, exported));
  const gaps = compared.flatMap((each) => each.gaps);
  return {
    isEqual: mismatches.length === 0 && gaps.length === 0,
    counts: Object.fromEntries(JOURNAL_KINDS.flatMap((kind) => countsOf(kind, compared, exported))),
    ids: Object.fromEntries(
      compared.map(({ kind, journal, readModel }) => [kind, { journal: journal.sha256, readModel: readModel.sha256 }]),
    ),
    gaps,
    mismatches,
  };
};

interface Part {
  readonly tenantId: string;
  readonly kind: JournalKind;
  readonly range: ExportRange;
}

const compareKind = async ({ journals, readModels }: ParityDeps, part: Part): Promise<Compared> => {
  const { tenantId, kind, range } = part;
  const counted: Counted = { types: new Map(), gaps: [] };
  const journal = await digestIds(idsOfJournal(journals, part, counted));
  const readModel = await digestIds(readModels.idsInRange(tenantId, kind, range.from, range.to));
  return { kind, journal, readModel, ...counted };
};

/** Ids of main rows as the projection makes them; counts all entries on the way. */
async function* idsOfJournal(
  journals: Journals,
  { tenantId, kind, range }: Part,
  { types, gaps }: Counted,
): AsyncGenerator<string> {
  const journal = journalName(kind, tenantId);
  const log = new EntryLog(journals); // Without a tail: what is compared comes from the store.
  let next = range.from;
  try {
    for await (const entry of breathing(log.read(journal, range.from, Number(range.to - range.from)))) {
      types.set(entry.type, (types.get(entry.type) ?? 0) + 1);
      next = entry.revision + 1n;
      for (const change of projectEntry({ tenantId, kind }, entry)) {
        const id = headlineIdOf(change);
        if (id !== undefined) yield id;
      }
    }
  } catch (error) {
    if (!(error instanceof JournalGap)) throw error;
  }
  if (next < range.to) gaps.push(`${journal}: no entry at revision ${next.toString()}`);
}

const headlineCount = (
  kind: JournalKind,
  types: ReadonlyMap<string, number> | Readonly<Record<string, number>>,
): number => {
  const { type } = HEADLINES[kind];
  const all = types instanceof Map ? [...types] : Object.entries(types);
  return all.reduce((sum, [name, count]) => (type === null || name === type ? sum + Number(count) : sum), 0);
};

const countsOf = (
  kind: JournalKind,
  compared: readonly Compared[],
  exported: ExportResult['counts'] | undefined,
): readonly (readonly [string, number])[] => {
  const found = compared.find((each) => each.kind === kind);
  const { name } = HEADLINES[kind];
  if (found === undefined) return [];
  return [
    [`${name}_count_journal`, headlineCount(kind, found.types)],
    [`${name}_count_read_model`, found.readModel.count],
    ...(exported === undefined ? [] : [[`${name}_count_exported`, headlineCount(kind, exported[kind] ?? {})] as const]),
    ...[...found.types]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([type, count]) => [`${kind}.${type}`, count] as const),
  ];
};

const mismatchesOf = (
  { kind, journal, readModel, types }: Compared,
  tenantId: string,
  exported: ExportResult['counts'] | undefined,
): readonly string[] => {
  const place = journalName(kind, tenantId);
  const ids =
    journal.count === readModel.count
      ? 'as many, but other ids'
      : `${journal.count.toString()} there, ${readModel.count.toString()} here`;
  const rows = journal.sha256 === readModel.sha256 ? [] : [`${place}: the read model differs from the journal: ${ids}`];
  const wanted = exported?.[kind];
  const bundle =
    wanted === undefined
      ? []
      : [...typesOf(types, wanted)].map((type) => `${place}: the bundle differs from the journal in ${type}`);
  return [...rows, ...bundle];
};

const typesOf = (types: ReadonlyMap<string, number>, exported: Readonly<Record<string, number>>): readonly string[] =>
  [...new Set([...types.keys(), ...Object.keys(exported)])]
    .sort()
    .filter((type) => (types.get(type) ?? 0) !== (exported[type] ?? 0));

/** Main rows that the read models hold of these ranges, as a manifest states them; policy rows are of no one type. */
export const countReadModels = async (
  readModels: ReadModels,
  tenantId: string,
  ranges: ExportRanges,
): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>> => {
  const counts: Record<string, Readonly<Record<string, number>>> = {};
  for (const [kind, { from, to }] of rangesInOrder(ranges)) {
    const { type } = HEADLINES[kind];
    if (type === null) continue;
    let count = 0;
    for await (const _ of readModels.idsInRange(tenantId, kind, from, to)) count += 1;
    counts[kind] = { [type]: count };
  }
  return counts;
};

import {
  bookingOf,
  type CellOf,
  COST_ROWS_MAX,
  type CostRowInput,
  type DecisionId,
  decisionIdOf,
  formatUsd4,
  formatUsd6,
  hasForgotten,
  instantOf,
  type MicroUsd,
  readCostRow,
  type ReservationsState,
  type SettlementStatus,
} from '@verdict/domain';
import { reservationsEntryOf } from '../journals/entries.codec.js';
import type { RecordedEntry } from '../journals/entry-log.js';
import { journalName, originOf } from '../journals/kinds.js';
import { nothingWhileAway } from '../journals/outage.js';
import { type EntryReference, entryReferenceOf } from '../gate/verdict-answer.js';
import type { ReadModels } from '../ports/read-models.js';
import { findDecision, type FindDecisionDeps } from '../shared/find-decision.js';
import { contextOf, keyedBy, mayActFor, type RequestMeta } from '../shared/request.js';
import { done, notCommitted, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { refusedUnderKey } from './key-conflict.js';
import type { ReconcileReservation } from './reconcile-reservation.js';
import type { SweepDeps } from './sweep-overdue.js';
import { executeUnderReservationsKey } from './under-reservations-key.js';

export interface ImportDeps extends SweepDeps, FindDecisionDeps {
  readonly readModels: Pick<ReadModels, 'findDecision' | 'findKeyedAnswer'>;
  readonly reconcile: ReconcileReservation;
}

/** A row as it was sent. */
export interface SentRow {
  /** Line of the text it came in; null where rows are members of a list. */
  readonly line: number | null;
  readonly cell: CellOf;
}

export interface ImportedCosts {
  readonly importId: string;
  readonly accepted: number;
  /** Of those accepted, rows that replace an earlier one. */
  readonly replaced: number;
  readonly reconciled: readonly {
    readonly decisionId: DecisionId;
    /** null: `code` says why it was not. */
    readonly status: SettlementStatus | null;
    readonly code: string | null;
  }[];
  readonly entry: EntryReference;
  readonly isReplayed: boolean;
}

interface Defect {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}
const DEFECTS_MAX = 50;

const defectAt = (
  { line }: SentRow,
  index: number,
  { column, code, detail }: { readonly column: string; readonly code: string; readonly detail: string },
): Defect => ({
  pointer: `/rows/${String(index)}/${column}`,
  code,
  detail: `${line === null ? `row ${String(index + 1)}` : `line ${String(line)}`}, column ${column}: ${detail}`,
});

/** The project of a decision that may be reconciled; undefined: there is no such decision. */
type ProjectOf = (decisionId: string) => string | undefined;

/** Two rows may reconcile one decision if they agree; a decision that nobody knows can be none that a row means. */
const settlesDefect = (
  row: CostRowInput,
  known: ReadonlyMap<string, MicroUsd>,
  projectOf: ProjectOf,
): { readonly column: string; readonly code: string; readonly detail: string } | undefined => {
  if (row.settles === null) return undefined;
  const { decisionId, actual } = row.settles;
  if (projectOf(decisionId) === undefined)
    return { column: 'x_decision_id', code: 'not_found', detail: 'no such decision holds or held money' };
  const other = known.get(decisionId);
  return other === undefined || other === actual
    ? undefined
    : { column: 'x_actual_monthly_delta_usd', code: 'validation_failed', detail: 'another row says something else' };
};

interface ReadRows {
  readonly rows: readonly CostRowInput[];
  readonly settles: ReadonlyMap<string, MicroUsd>;
  readonly defects: readonly Defect[];
}

const readRows = (sent: readonly SentRow[], projectOf: ProjectOf, nowMs: number): ReadRows => {
  const now = instantOf(nowMs);
  const rows: CostRowInput[] = [];
  const settles = new Map<string, MicroUsd>();
  const defects: Defect[] = [];
  for (const [index, each] of sent.entries()) {
    if (defects.length >= DEFECTS_MAX) break;
    const read = readCostRow(each.cell, now);
    if (read.kind === 'defects') {
      defects.push(...read.defects.map((defect) => defectAt(each, index, defect)));
      continue;
    }
    const defect = settlesDefect(read.row, settles, projectOf);
    if (defect !== undefined) defects.push(defectAt(each, index, defect));
    if (read.row.settles !== null) settles.set(read.row.settles.decisionId, read.row.settles.actual);
    rows.push(read.row);
  }
  return { rows, settles, defects: defects.slice(0, DEFECTS_MAX) };
};

const refusalOf = (defects: readonly Defect[]): UseCaseResult<never> => {
  const codes = new Set(defects.map(({ code }) => code));
  const isCurrency = codes.size === 1 && codes.has('currency_unsupported');
  return problemOf(isCurrency ? 'currency_unsupported' : 'validation_failed', {
    detail: 'nothing was imported',
    errors: defects,
  });
};

/** What makes an import recognisable: the rows as read, whatever the form they came in. */
const askedOf = (rows: readonly CostRowInput[]) => ({
  operation: 'import_costs',
  rows: rows.map(({ cost, settles, ...row }) => ({
    ...row,
    cost: formatUsd6(cost),
    settles: settles === null ? null : { decision_id: settles.decisionId, actual: formatUsd4(settles.actual) },
  })),
});

/** Imports actual cost, all rows or none, and reconciles the decisions that rows name. */
export class ImportActualCosts {
  constructor(private readonly deps: ImportDeps) {}

  async import(sent: readonly SentRow[], meta: RequestMeta): Promise<UseCaseResult<ImportedCosts>> {
    if (meta.key === null) return problemOf('idempotency_key_required');
    if (sent.length < 1 || sent.length > COST_ROWS_MAX)
      return problemOf('validation_failed', { detail: `1 to ${String(COST_ROWS_MAX)} rows` });
    const { tenantId } = meta.caller;
    const { reconciliation, clock } = this.deps;
    const caught = await reconciliation.caughtUp(tenantId).catch(nothingWhileAway);
    if (caught === undefined) return notCommitted({ kind: 'unavailable' });
    const projectOf = await this.projects(sent, caught.state, tenantId);
    const read = readRows(sent, projectOf, clock.nowMs());
    if (read.defects.length > 0) return refusalOf(read.defects);
    const isOwn = read.rows.every(
      ({ projectId, settles }) =>
        mayActFor(meta.caller, projectId) &&
        (settles === null || mayActFor(meta.caller, projectOf(settles.decisionId) ?? '')),
    );
    return isOwn ? this.record(read, meta) : projectForbidden();
  }

  /** Decisions that have left memory are looked up, once anything has. */
  private async projects(sent: readonly SentRow[], state: ReservationsState, tenantId: string): Promise<ProjectOf> {
    const kept: ProjectOf = (id) => (state.reservations.get(id) ?? bookingOf(state, id)?.reservation)?.projectId;
    if (!hasForgotten(state)) return kept;
    const older = new Map<string, string>();
    const { settles } = readRows(sent, () => '', this.deps.clock.nowMs());
    for (const id of settles.keys()) {
      const row = kept(id) === undefined ? (await findDecision(this.deps, tenantId, id))?.row : undefined;
      if (row?.isDryRun === false) older.set(id, row.projectId);
    }
    return (id) => kept(id) ?? older.get(id);
  }

  private async record({ rows, settles }: ReadRows, meta: RequestMeta): Promise<UseCaseResult<ImportedCosts>> {
    const { tenantId, subject } = meta.caller;
    const { clock, ids, logHost } = this.deps;
    const asked = askedOf(rows);
    const command = {
      kind: 'import_costs' as const,
      importId: ids.uuid(),
      rows,
      by: subject,
      now: instantOf(clock.nowMs()),
      idempotency: keyedBy(meta, asked),
    };
    const outcome = await executeUnderReservationsKey(this.deps, command, meta, contextOf(meta, ids.uuid()));
    if (outcome.kind !== 'committed') return notCommitted(outcome);
    const { answer } = outcome;
    if (answer.kind === 'refused') return refusedUnderKey(this.deps, tenantId, answer.refusal, asked);
    const fresh = outcome.entries.map(({ entry }) => entry);
    const parts = answer.kind === 'replay' ? await this.partsOf(tenantId, answer.revision) : fresh;
    const last = parts.at(-1);
    if (last === undefined) throw new Error('an import was accepted without an entry');
    const reconciled = await this.reconcileAll(settles, meta);
    const entry = entryReferenceOf(originOf(logHost, tenantId, 'reservations'), last);
    return done({ ...countOf(parts), reconciled, entry, isReplayed: fresh.length === 0 });
  }

  /** One after the other, each under a key of its own: a repeated import finishes what a crash cut off. */
  private async reconcileAll(
    settles: ReadonlyMap<string, MicroUsd>,
    meta: RequestMeta,
  ): Promise<ImportedCosts['reconciled']> {
    const results: ImportedCosts['reconciled'][number][] = [];
    for (const [id, actual] of settles) {
      const decisionId = decisionIdOf(id);
      const input = { decisionId, actual, notes: null, isCorrection: false, trigger: 'import' as const };
      const result = await this.deps.reconcile(input, { ...meta, key: `import:${meta.key ?? ''}:${id}` });
      results.push(
        result.kind === 'done'
          ? { decisionId, status: result.value.settled.status, code: null }
          : { decisionId, status: null, code: result.problem.code },
      );
    }
    return results;
  }

  private async read(tenantId: string, from: bigint, count: number): Promise<readonly RecordedEntry[]> {
    const found: RecordedEntry[] = [];
    for await (const each of this.deps.log.read(journalName('reservations', tenantId), from, count)) found.push(each);
    return found;
  }

  /** The parts of an import are one append, so they lie side by side; its key remembers the last. */
  private async partsOf(tenantId: string, lastRevision: bigint): Promise<readonly RecordedEntry[]> {
    const [last] = await this.read(tenantId, lastRevision, 1);
    const entry = last === undefined ? undefined : reservationsEntryOf(last);
    if (entry?.type !== 'actual_costs_imported') throw new Error('an import was folded and is not in the log');
    const { parts } = entry.payload;
    return this.read(tenantId, lastRevision - BigInt(parts - 1), parts);
  }
}

const countOf = (
  parts: readonly { readonly type: string; readonly payload: unknown }[],
): Pick<ImportedCosts, 'importId' | 'accepted' | 'replaced'> => {
  const imported = parts.flatMap((part) => {
    const entry = reservationsEntryOf(part);
    return entry.type === 'actual_costs_imported' ? [entry.payload] : [];
  });
  const rows = imported.flatMap(({ rows: each }) => each);
  return {
    importId: imported[0]?.import_id ?? '',
    accepted: rows.length,
    replaced: rows.filter(({ replaces_usd: replaces }) => replaces !== null).length,
  };
};

import { Controller, Inject } from '@nestjs/common';
import type { ImportActualCosts, SentRow } from '@verdict/application';
import { ImportBody, ROUTES } from '@verdict/contracts';
import { COST_ROWS_MAX, isRawList, isRawObject, NumberToken, type RawJson } from '@verdict/domain';
import { type Call, Endpoint, METRICS, type Metrics, problem, readCsv, TheCall, unwrap } from '@verdict/nest-kit';
import { IMPORT_COSTS } from './tokens.js';

const RAW_ROWS: ReadonlySet<string> = new Set(['rows']);

const textOf = (value: RawJson | undefined): string | undefined => {
  if (value instanceof NumberToken) return value.text;
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Rows are in the columns of others: their numbers are taken as they were written. */
const rowsOf = (rows: unknown): readonly SentRow[] => {
  // eslint-disable-next-line no-restricted-syntax -- handed through by the strict reader, as read
  const list = rows as RawJson;
  if (!isRawList(list)) return [];
  return list.map((row) => ({
    line: null,
    cell: (column) => (isRawObject(row) && Object.hasOwn(row, column) ? textOf(row[column]) : undefined),
  }));
};

const csvRows = (bytes: Uint8Array): readonly SentRow[] => {
  const reading = readCsv(bytes, COST_ROWS_MAX);
  if (reading.kind === 'malformed')
    throw problem('validation_failed', { detail: `line ${String(reading.line)}: ${reading.detail}` });
  return reading.records.map(({ line, cells }) => ({ line, cell: (column) => cells.get(column) }));
};

/** What is wrong with rows. */
const DEFECTIVE: ReadonlySet<string> = new Set(['validation_failed', 'currency_unsupported']);

@Controller()
export class ActualCostsController {
  constructor(
    @Inject(IMPORT_COSTS) private readonly costs: ImportActualCosts,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  @Endpoint(ROUTES.importCosts)
  async import(@TheCall() call: Call) {
    const body = call.isCsv ? undefined : call.body(ImportBody, { raw: RAW_ROWS });
    const meta = call.meta(body?.idempotency_key);
    const sent = body === undefined ? csvRows(call.bytes) : rowsOf(body.rows);
    const result = await this.costs.import(sent, meta);
    if (result.kind === 'problem' && DEFECTIVE.has(result.problem.code))
      this.metrics.actualCostRows.add(sent.length, 'refused');
    const imported = unwrap(result);
    call.answer.entry('reservations', BigInt(imported.entry.revision));
    return {
      import_id: imported.importId,
      accepted: imported.accepted,
      replaced: imported.replaced,
      reconciled: imported.reconciled.map(({ decisionId, status, code }) => ({
        decision_id: decisionId,
        status,
        code,
      })),
      replayed: imported.isReplayed,
      entry: imported.entry,
    };
  }
}

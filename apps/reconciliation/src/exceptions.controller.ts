import { Controller, Inject } from '@nestjs/common';
import {
  type ExceptionRow,
  journalName,
  type Platform,
  readWalk,
  reservationsEntryOf,
  type ResolveExceptions,
} from '@verdict/application';
import { ExceptionIdParams, ExceptionsQuery, ResolveBody, ROUTES } from '@verdict/contracts';
import { formatUsd4, microUsd, usdOf, usdTextOf } from '@verdict/domain';
import { type Call, Endpoint, TheCall, unwrap } from '@verdict/nest-kit';
import { PLATFORM, RESOLVE_EXCEPTION } from './tokens.js';

@Controller()
export class ExceptionsController {
  constructor(
    @Inject(RESOLVE_EXCEPTION) private readonly resolveException: ResolveExceptions,
    @Inject(PLATFORM) private readonly platform: Platform,
  ) {}

  @Endpoint(ROUTES.listExceptions)
  async list(@TheCall() call: Call) {
    const { limit, cursor, kind, status } = call.query(ExceptionsQuery);
    const { tenantId } = call;
    const filter = { kind, status };
    const { rows, nextCursor, asOf } = unwrap(
      await readWalk(
        this.platform,
        {
          ...{ name: 'reconciliation_exceptions', tenantId, filter, kinds: ['reservations'] },
          page: (at) => this.platform.readModels.listExceptions(tenantId, filter, at),
        },
        { limit, cursor },
      ),
    );
    const items = await Promise.all(rows.map((row) => this.shown(tenantId, row)));
    return { items, next_cursor: nextCursor, as_of: asOf };
  }

  @Endpoint(ROUTES.resolveException)
  async resolve(@TheCall() call: Call) {
    const { exception_id: exceptionId } = call.params(ExceptionIdParams);
    const { resolution, notes = null, idempotency_key: key } = call.body(ResolveBody);
    const resolved = unwrap(await this.resolveException({ exceptionId, resolution, notes }, call.meta(key)));
    call.answer.entry('reservations', BigInt(resolved.entry.revision));
    return {
      exception_id: exceptionId,
      status: 'resolved' as const,
      resolution: resolved.resolution,
      replayed: resolved.isReplayed,
      entry: resolved.entry,
    };
  }

  private async shown(tenantId: string, row: ExceptionRow) {
    return {
      exception_id: row.exceptionId,
      kind: row.kind,
      decision_id: row.decisionId,
      expected_usd: row.expectedUsd,
      actual_usd: row.actualUsd,
      drift_usd: formatUsd4(microUsd(usdOf(usdTextOf(row.actualUsd)) - usdOf(usdTextOf(row.expectedUsd)))),
      amount_usd: row.amountUsd,
      owner: row.owner,
      status: row.status,
      resolution: row.resolution,
      notes: await this.notesOf(tenantId, row),
      opened_at: row.openedAt,
      due_at: row.dueAt,
    };
  }

  /** Notes are a person's text: sealed in the entry that resolved the exception, and gone once the key is. */
  private async notesOf(tenantId: string, { resolvedRevision }: ExceptionRow): Promise<string | null> {
    if (resolvedRevision === null) return null;
    const { log, sealer } = this.platform;
    for await (const recorded of log.read(journalName('reservations', tenantId), resolvedRevision, 1)) {
      const entry = reservationsEntryOf(recorded);
      if (entry.type !== 'exception_resolved' || entry.payload.notes === null) return null;
      const { notes } = entry.payload;
      return '$seal' in notes
        ? notes.$seal.text
        : (sealer.open({ tenantId, sealed: notes.$sealed, aad: `${recorded.id}/notes` }) ?? null);
    }
    return null;
  }
}

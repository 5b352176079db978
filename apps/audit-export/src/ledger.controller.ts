import { Controller, Inject, Query } from '@nestjs/common';
import {
  JOURNAL_KINDS,
  journalName,
  parseJournalName,
  type Platform,
  readLedger,
  type StoredCheckpoint,
  vkeyLines,
} from '@verdict/application';
import { KindParams, LedgerQuery, PageQuery, ROUTES } from '@verdict/contracts';
import {
  Answer,
  type AnswerHead,
  type Call,
  Caller,
  type CallerIdentity,
  Endpoint,
  problem,
  readParams,
  TheCall,
  unwrap,
} from '@verdict/nest-kit';
import { checkpointAnswer, ledgerAnswer } from './answers.js';
import { orUnavailable } from './outage.js';
import type { AuditServices } from './services.js';
import { AUDIT_SERVICES, PLATFORM } from './tokens.js';

const revisionOf = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));

/** The last revision that the newest checkpoint of each journal covers. */
const coveredBy = (checkpoints: readonly StoredCheckpoint[]) =>
  Object.fromEntries(
    checkpoints.map(({ journal, size }) => [parseJournalName(journal)?.kind ?? journal, Number(size) - 1]),
  );

@Controller()
export class LedgerController {
  constructor(
    @Inject(AUDIT_SERVICES) private readonly services: AuditServices,
    @Inject(PLATFORM) private readonly platform: Platform,
  ) {}

  @Endpoint(ROUTES.queryLedger)
  query(@Caller() caller: CallerIdentity, @Query() query: unknown) {
    const {
      limit,
      cursor,
      journal,
      type,
      from_revision: from,
      to_revision: to,
    } = readParams(LedgerQuery, query, 'query');
    const filter = { kind: journal, type, from: revisionOf(from), to: revisionOf(to) };
    return orUnavailable(async () =>
      ledgerAnswer(
        journal,
        unwrap(await readLedger(this.platform.log.journals, caller.tenantId, { ...filter, limit, cursor })),
      ),
    );
  }

  @Endpoint(ROUTES.listCheckpoints)
  checkpoints(@TheCall() call: Call) {
    const journals = JOURNAL_KINDS.map((kind) => journalName(kind, call.tenantId));
    // One for each kind is one page whatever the limit, and no cursor was ever given.
    if (call.query(PageQuery).cursor !== undefined) throw problem('cursor_invalid');
    return orUnavailable(async () => {
      await this.coverNamed(call);
      const latest = await this.services.store.latestCheckpoints(journals);
      return { items: latest.map(checkpointAnswer), next_cursor: null, as_of: coveredBy(latest) };
    });
  }

  @Endpoint(ROUTES.latestCheckpoint)
  checkpoint(@TheCall() call: Call) {
    const { kind } = call.params(KindParams);
    return orUnavailable(async () => {
      await this.coverNamed(call);
      const [latest] = await this.services.store.latestCheckpoints([journalName(kind, call.tenantId)]);
      if (latest === undefined) throw problem('not_found');
      return checkpointAnswer(latest);
    });
  }

  /** The log has the entry that the caller names; the checkpoints have it once one is signed that covers it. */
  private async coverNamed({ minEntry, tenantId }: Call): Promise<void> {
    if (minEntry === null) return;
    const { kind, revision } = minEntry;
    const covering = await this.services.publisher.covering(tenantId, kind, revision + 1n);
    if (covering === undefined) throw problem('read_model_behind');
  }

  @Endpoint(ROUTES.vkeys)
  async vkeys(@Answer() answer: AnswerHead): Promise<string> {
    const lines = await orUnavailable(() => vkeyLines(this.platform));
    answer.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'public, max-age=300');
    return lines;
  }
}

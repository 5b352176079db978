import { Controller, Inject, Param, Query } from '@nestjs/common';
import { JOURNAL_KINDS, journalName, type Platform, readLedger, vkeyLines } from '@verdict/application';
import { KindParams, LedgerQuery, ROUTES } from '@verdict/contracts';
import {
  Answer,
  type AnswerHead,
  Caller,
  type CallerIdentity,
  Endpoint,
  problem,
  readParams,
  unwrap,
} from '@verdict/nest-kit';
import { checkpointAnswer, ledgerAnswer } from './answers.js';
import { orUnavailable } from './outage.js';
import type { AuditServices } from './services.js';
import { AUDIT_SERVICES, PLATFORM } from './tokens.js';

const revisionOf = (value: number | undefined): bigint | undefined => (value === undefined ? undefined : BigInt(value));

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
      ledgerAnswer(unwrap(await readLedger(this.platform.log.journals, caller.tenantId, { ...filter, limit, cursor }))),
    );
  }

  @Endpoint(ROUTES.listCheckpoints)
  checkpoints(@Caller() caller: CallerIdentity) {
    const journals = JOURNAL_KINDS.map((kind) => journalName(kind, caller.tenantId));
    return orUnavailable(async () => ({
      items: (await this.services.store.latestCheckpoints(journals)).map(checkpointAnswer),
      next_cursor: null,
    }));
  }

  @Endpoint(ROUTES.latestCheckpoint)
  checkpoint(@Caller() caller: CallerIdentity, @Param() params: unknown) {
    const { kind } = readParams(KindParams, params);
    return orUnavailable(async () => {
      const [latest] = await this.services.store.latestCheckpoints([journalName(kind, caller.tenantId)]);
      if (latest === undefined) throw problem('not_found');
      return checkpointAnswer(latest);
    });
  }

  @Endpoint(ROUTES.vkeys)
  async vkeys(@Answer() answer: AnswerHead): Promise<string> {
    const lines = await orUnavailable(() => vkeyLines(this.platform));
    answer.header('content-type', 'text/plain; charset=utf-8').header('cache-control', 'public, max-age=300');
    return lines;
  }
}

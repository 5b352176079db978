import { Readable } from 'node:stream';
import { Controller, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { ExportContent, ExportInput } from '@verdict/application';
import { CreateExportBody, ExportIdParams, ExportsQuery, ROUTES } from '@verdict/contracts';
import {
  Caller,
  type CallerIdentity,
  Endpoint,
  IdempotencyKeyHeader,
  metaOf,
  oneKey,
  problem,
  RawBody,
  readBody,
  readParams,
  RequestContext,
  type RequestInfo,
  unwrap,
} from '@verdict/nest-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { asOfAnswer, exportAnswer, parityAnswer } from './answers.js';
import { readByteRange } from './byte-range.js';
import { orUnavailable } from './outage.js';
import type { AuditServices } from './services.js';
import { AUDIT_SERVICES } from './tokens.js';

const ENTRIES_MAX = 5_000_000;
const one = (header: string | readonly string[] | undefined): string | null =>
  typeof header === 'string' ? header : null;

@Controller()
export class ExportsController {
  constructor(@Inject(AUDIT_SERVICES) private readonly services: AuditServices) {}

  @Endpoint(ROUTES.createExport)
  create(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
  ) {
    const body = readBody(CreateExportBody, bytes);
    const revisions = Object.fromEntries(
      Object.entries(body.revisions ?? {}).filter(([, range]) => range !== undefined),
    );
    const input: ExportInput = {
      series: body.series,
      journals: body.journals,
      revisions,
      entriesMax: body.max_entries ?? ENTRIES_MAX,
    };
    const meta = metaOf(caller, info, oneKey(header, body.idempotency_key));
    return orUnavailable(async () => {
      const { job, isReplayed } = unwrap(await this.services.exports.create(input, meta));
      return exportAnswer(job, isReplayed);
    });
  }

  @Endpoint(ROUTES.listExports)
  list(@Caller() caller: CallerIdentity, @Query() query: unknown) {
    const { limit, cursor } = readParams(ExportsQuery, query, 'query');
    return orUnavailable(async () => {
      const { jobs, nextCursor, asOf } = unwrap(await this.services.exports.list(caller.tenantId, { limit, cursor }));
      const items = jobs.map((job) => exportAnswer(job));
      return { items, next_cursor: nextCursor, as_of: asOfAnswer(asOf) };
    });
  }

  @Endpoint(ROUTES.exportParity)
  parity(@Caller() caller: CallerIdentity) {
    return orUnavailable(async () => parityAnswer(unwrap(await this.services.parity.ofTenant(caller.tenantId))));
  }

  @Endpoint(ROUTES.getExport)
  one(@Caller() caller: CallerIdentity, @Param() params: unknown) {
    const { export_id: id } = readParams(ExportIdParams, params);
    return orUnavailable(async () => {
      const job = await this.services.exports.find(caller.tenantId, id);
      if (job === undefined) throw problem('not_found');
      return exportAnswer(job);
    });
  }

  @Endpoint(ROUTES.getExportParity)
  parityOfOne(@Caller() caller: CallerIdentity, @Param() params: unknown) {
    const { export_id: id } = readParams(ExportIdParams, params);
    return orUnavailable(async () => parityAnswer(unwrap(await this.services.parity.ofExport(caller.tenantId, id))));
  }

  @Endpoint(ROUTES.downloadExport)
  async download(
    @Caller() caller: CallerIdentity,
    @Param() params: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { export_id: id } = readParams(ExportIdParams, params);
    const { content, contentSha256 } = await orUnavailable(async () =>
      unwrap(await this.services.exports.content(caller.tenantId, id)),
    );
    const etag = `"${contentSha256}"`;
    reply.header('etag', etag).header('accept-ranges', 'bytes');
    if (one(request.headers['if-none-match']) === etag) {
      await reply.status(304).send();
      return;
    }
    const condition = one(request.headers['if-range']);
    const asked = condition === null || condition === etag ? one(request.headers.range) : null;
    reply.header('content-disposition', `attachment; filename="verdict-export-${id}.zip"`);
    await send(reply, content, asked);
  }
}

const send = async (reply: FastifyReply, content: ExportContent, asked: string | null): Promise<void> => {
  const { size } = content;
  const range = readByteRange(asked, size);
  if (range === 'unsatisfiable') {
    await reply.status(416).header('content-range', `bytes */${size.toString()}`).send();
    return;
  }
  const { from, to } = range ?? { from: 0, to: size - 1 };
  if (range !== undefined)
    reply.status(206).header('content-range', `bytes ${from.toString()}-${to.toString()}/${size.toString()}`);
  reply.header('content-type', 'application/zip').header('content-length', to - from + 1);
  await reply.send(Readable.from(content.read(from, to), { objectMode: false }));
};

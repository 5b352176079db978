import { Controller, Inject, Param } from '@nestjs/common';
import { asCanonical, type EntryReference, type PolicyAdmin, type ShownPolicy } from '@verdict/application';
import { completePolicy, policyDefects, PublishPolicyBody, RollBackPolicyBody, ROUTES, ValidatePolicyBody, VersionParams } from '@verdict/contracts';
import { jcsText, type PolicyDocument, sha256Hex } from '@verdict/domain';
import {
  Answer,
  type AnswerHead,
  Caller,
  type CallerIdentity,
  Endpoint,
  IdempotencyKeyHeader,
  IfMatchVersion,
  metaOf,
  oneKey,
  problem,
  ProblemException,
  RawBody,
  readBody,
  readParams,
  RequestContext,
  type RequestInfo,
  unwrap,
} from '@verdict/nest-kit';
import type { z } from 'zod';
import { POLICY_ADMIN } from './tokens.js';

const policyAnswer = ({ version, isInForce }: ShownPolicy) => ({
  version: version.version,
  document: version.document,
  document_sha256: version.documentSha256,
  message: version.message,
  author: version.author,
  published_at: version.publishedAt,
  effective_from: version.effectiveFrom,
  rolled_back_to: version.rolledBackTo,
  in_force: isInForce,
});

/** Any defect of the document itself is `policy_invalid`, all of them listed. */
const readPolicyBody = <Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array): z.output<Schema> => {
  try {
    return readBody(schema, bytes);
  } catch (error) {
    const errors = error instanceof ProblemException ? error.problem.errors : undefined;
    if (errors?.some(({ pointer }) => pointer.startsWith('/document')) === true) throw problem('policy_invalid', { errors });
    throw error;
  }
};

const complete = (input: Parameters<typeof completePolicy>[0]): PolicyDocument => {
  const document = completePolicy(input);
  const defects = policyDefects(document);
  if (defects.length === 0) return document;
  throw problem('policy_invalid', {
    errors: defects.map(({ pointer, detail }) => ({ pointer: `/document${pointer}`, code: 'policy_invalid', detail })),
  });
};

@Controller()
export class PolicyController {
  constructor(@Inject(POLICY_ADMIN) private readonly admin: PolicyAdmin) {}

  @Endpoint(ROUTES.getPolicy)
  async inForce(@Caller() caller: CallerIdentity, @Answer() answer: AnswerHead) {
    const versions = unwrap(await this.admin.policyVersions(caller.tenantId));
    const shown = versions.find(({ isInForce }) => isInForce);
    const newest = versions.at(-1);
    if (shown === undefined || newest === undefined) throw problem('log_unavailable', { detail: 'the policy of this tenant is being written' });
    answer.etag(newest.version.version); // An author changes the newest version, which may be scheduled.
    return policyAnswer(shown);
  }

  @Endpoint(ROUTES.listPolicyVersions)
  async versions(@Caller() caller: CallerIdentity) {
    const versions = unwrap(await this.admin.policyVersions(caller.tenantId));
    return { items: versions.map(policyAnswer).reverse(), next_cursor: null };
  }

  @Endpoint(ROUTES.getPolicyVersion)
  async version(@Caller() caller: CallerIdentity, @Param() params: unknown, @Answer() answer: AnswerHead) {
    const { version } = readParams(VersionParams, params);
    const shown = unwrap(await this.admin.policyVersions(caller.tenantId)).find((each) => each.version.version === version);
    if (shown === undefined) throw problem('not_found');
    answer.etag(version);
    return policyAnswer(shown);
  }

  @Endpoint(ROUTES.validatePolicy)
  validate(@RawBody() bytes: Uint8Array) {
    const document = complete(readPolicyBody(ValidatePolicyBody, bytes).document);
    return { valid: true, document, document_sha256: sha256Hex(jcsText(asCanonical(document))) };
  }

  @Endpoint(ROUTES.publishPolicy)
  async publish(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @IfMatchVersion() expectedVersion: number | null,
    @Answer() answer: AnswerHead,
  ) {
    const body = readPolicyBody(PublishPolicyBody, bytes);
    const input = { document: complete(body.document), message: body.message, effectiveFrom: body.effective_from ?? null, expectedVersion };
    const written = unwrap(await this.admin.publishPolicy(input, metaOf(caller, info, oneKey(header, body.idempotency_key))));
    return this.written(written, answer);
  }

  @Endpoint(ROUTES.rollBackPolicy)
  async rollBack(
    @Caller() caller: CallerIdentity,
    @RequestContext() info: RequestInfo,
    @RawBody() bytes: Uint8Array,
    @IdempotencyKeyHeader() header: string | null,
    @IfMatchVersion() expectedVersion: number | null,
    @Answer() answer: AnswerHead,
  ) {
    const body = readBody(RollBackPolicyBody, bytes);
    const input = { toVersion: body.to_version, message: body.message, expectedVersion };
    const written = unwrap(await this.admin.rollBackPolicy(input, metaOf(caller, info, oneKey(header, body.idempotency_key))));
    return this.written(written, answer);
  }

  private written(
    written: ShownPolicy & { readonly entry: EntryReference | null; readonly isReplayed: boolean },
    answer: AnswerHead,
  ) {
    answer.etag(written.version.version);
    if (written.entry === null) answer.status(200);
    else answer.entry('policy', BigInt(written.entry.revision));
    return {
      ...policyAnswer(written),
      entry: written.entry,
      replayed: written.isReplayed,
      unchanged: written.entry === null && !written.isReplayed,
    };
  }
}

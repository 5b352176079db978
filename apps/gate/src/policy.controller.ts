import { Controller, Inject } from '@nestjs/common';
import {
  asCanonical,
  asLedgerJson,
  type EntryReference,
  type Platform,
  type PolicyAdmin,
  type ShownPolicy,
} from '@verdict/application';
import {
  CancelVersionBody,
  PublishPolicyEnvelope,
  readPolicy,
  RollBackPolicyBody,
  RolloutBody,
  ROUTES,
  ValidatePolicyEnvelope,
  VersionPairParams,
  VersionParams,
} from '@verdict/contracts';
import { jcsText, policyDiff, type PolicyDocument, policyWarnings, sha256Hex, versionTag } from '@verdict/domain';
import { type Call, Endpoint, problem, QUOTAS, type Quotas, TheCall, unwrap } from '@verdict/nest-kit';
import { pageAnswer, pageRequest } from './page-answer.js';
import { PLATFORM, POLICY_ADMIN } from './tokens.js';

const policyAnswer = ({ version, status, isInForce }: ShownPolicy) => ({
  version: version.version,
  document: version.document,
  document_sha256: version.documentSha256,
  message: version.message,
  author: version.author,
  published_at: version.publishedAt,
  effective_from: version.effectiveFrom,
  rolled_back_to: version.rolledBackTo,
  role: version.role,
  rollout: version.rollout,
  status,
  in_force: isInForce,
});

const NOTHING_KNOWN = {
  valid: false,
  document: null,
  document_sha256: null,
  warnings: [],
  loosens: [],
  tightens: [],
};

@Controller()
export class PolicyController {
  constructor(
    @Inject(POLICY_ADMIN) private readonly admin: PolicyAdmin,
    @Inject(PLATFORM) private readonly platform: Platform,
    @Inject(QUOTAS) private readonly quotas: Quotas,
  ) {}

  private read(value: unknown) {
    return readPolicy(value, this.platform.rules, this.quotas.gateQuota);
  }

  /** The complete document; any defect of it is `policy_invalid`, all of them listed. */
  private complete(value: unknown): PolicyDocument {
    const reading = this.read(value);
    if (reading.kind === 'policy') return reading.document;
    const errors = reading.errors.map((error) => ({ ...error, pointer: `/document${error.pointer}` }));
    throw problem('policy_invalid', { errors });
  }

  @Endpoint(ROUTES.getPolicy)
  async inForce(@TheCall() call: Call) {
    const versions = unwrap(await this.admin.policyVersions(call.tenantId));
    const shown = versions.find(({ isInForce }) => isInForce);
    const newest = versions.at(-1);
    if (shown === undefined || newest === undefined)
      throw problem('log_unavailable', { detail: 'the policy of this tenant is being written' });
    call.answer.etag(versionTag(newest.version)); // An author changes the newest version, which may be scheduled.
    return policyAnswer(shown);
  }

  @Endpoint(ROUTES.listPolicyVersions)
  async versions(@TheCall() call: Call) {
    return pageAnswer(unwrap(await this.admin.listPolicyVersions(call.tenantId, pageRequest(call))), policyAnswer);
  }

  @Endpoint(ROUTES.getPolicyVersion)
  async version(@TheCall() call: Call) {
    const { version } = call.params(VersionParams);
    const shown = unwrap(await this.admin.policyVersions(call.tenantId)).find(
      (each) => each.version.version === version,
    );
    if (shown === undefined) throw problem('not_found');
    call.answer.etag(versionTag(shown.version));
    return policyAnswer(shown);
  }

  @Endpoint(ROUTES.diffPolicies)
  async diff(@TheCall() call: Call) {
    const { version, other } = call.params(VersionPairParams);
    const diff = unwrap(await this.admin.diff(call.tenantId, version, other));
    return { from_version: version, to_version: other, ...diff };
  }

  /** Everything there is to say of a document at once; a defective one is an answer here, not an error. */
  @Endpoint(ROUTES.validatePolicy)
  async validate(@TheCall() call: Call) {
    const reading = this.read(call.body(ValidatePolicyEnvelope).document);
    if (reading.kind === 'defective') {
      const errors = reading.errors.map((error) => ({ ...error, pointer: `/document${error.pointer}` }));
      return { ...NOTHING_KNOWN, errors };
    }
    const { document } = reading;
    const versions = unwrap(await this.admin.policyVersions(call.tenantId));
    const inForce = versions.find(({ isInForce }) => isInForce)?.version.document ?? document;
    const { loosens, tightens } = policyDiff(asLedgerJson(inForce), asLedgerJson(document));
    return {
      valid: true,
      document,
      document_sha256: sha256Hex(jcsText(asCanonical(document))),
      errors: [],
      warnings: policyWarnings(document),
      loosens,
      tightens,
    };
  }

  @Endpoint(ROUTES.rollOutPolicy)
  async rollOut(@TheCall() call: Call) {
    const body = call.body(RolloutBody);
    const { version } = call.params(VersionParams);
    const input = { version, cohortPercent: body.cohort_percent, expectedVersion: call.expectedVersion };
    return this.written(unwrap(await this.admin.setRollout(input, call.meta(body.idempotency_key))), call);
  }

  @Endpoint(ROUTES.cancelPolicy)
  async cancel(@TheCall() call: Call) {
    const body = call.body(CancelVersionBody);
    const input = { version: call.params(VersionParams).version, expectedVersion: call.expectedVersion };
    return this.written(unwrap(await this.admin.cancelVersion(input, call.meta(body.idempotency_key))), call);
  }

  @Endpoint(ROUTES.publishPolicy)
  async publish(@TheCall() call: Call) {
    const body = call.body(PublishPolicyEnvelope);
    const { expectedVersion } = call;
    const input = {
      document: this.complete(body.document),
      message: body.message,
      effectiveFrom: body.effective_from ?? null,
      expectedVersion,
      rollout: body.rollout ?? null,
      role: body.role,
    };
    return this.written(unwrap(await this.admin.publishPolicy(input, call.meta(body.idempotency_key))), call);
  }

  @Endpoint(ROUTES.rollBackPolicy)
  async rollBack(@TheCall() call: Call) {
    const body = call.body(RollBackPolicyBody);
    const input = { toVersion: body.to_version, message: body.message, expectedVersion: call.expectedVersion };
    return this.written(unwrap(await this.admin.rollBackPolicy(input, call.meta(body.idempotency_key))), call);
  }

  private written(
    written: ShownPolicy & { readonly entry: EntryReference | null; readonly isReplayed: boolean },
    { answer }: Call,
  ) {
    answer.etag(versionTag(written.version));
    if (written.entry === null) answer.status(200);
    else answer.entry('policy', BigInt(written.entry.revision));
    return {
      ...policyAnswer(written),
      entry: written.entry,
      replayed: written.isReplayed,
      unchanged: written.entry === null,
    };
  }
}

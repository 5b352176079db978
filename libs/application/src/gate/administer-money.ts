import {
  type Credit,
  creditBalance,
  type ExpectedVersion,
  formatUsd4,
  type GateState,
  type GrantCredit,
  type GrantWaiver,
  type Instant,
  type MicroUsd,
  type PolicyCommand,
  type PolicyWarning,
  waiverWarnings,
} from '@verdict/domain';
import type { PageRequest } from '../ports/read-models.js';
import { revisionPlace } from '../shared/page.js';
import { findDecision, type FindDecisionDeps } from '../shared/find-decision.js';
import { keyedBy, mayActFor, type RequestMeta, type Viewer } from '../shared/request.js';
import { done, problemOf, projectForbidden, type UseCaseResult } from '../shared/refusal.js';
import { EXCEPTIONS, findException, type ShownException, type ShownWaiver, shownWaiver } from './exceptions.js';
import { mayActOnScope } from './projects-of-terms.js';
import {
  type PolicyAdminDeps,
  type PolicyList,
  PolicyWriter,
  type ShownPage,
  type Written,
  type WrittenState,
} from './policy-writer.js';

export interface ShownCredit {
  readonly credit: Credit;
  readonly consumed: MicroUsd;
  readonly held: MicroUsd;
  readonly available: MicroUsd;
  readonly isExpired: boolean;
}

const shownCredit = (state: GateState, credit: Credit, now: Instant): ShownCredit => ({
  credit,
  ...creditBalance(state.accounts, credit, now),
  isExpired: credit.terms.expires_at !== null && now >= credit.terms.expires_at,
});

const CREDITS: PolicyList<Credit, ShownCredit> = {
  name: 'credits',
  itemsOf: ({ policy }) => policy.credits.grants.values(),
  placeOf: ({ revision }) => revisionPlace(revision),
  show: shownCredit,
  isFor: (viewer, { terms }) => mayActOnScope(viewer, terms.scope),
};
/** Whoever repeats a grant (no id) is answered as the first time, also where it was revoked since; its money is that of now. */
const asWritten = <Granted extends { readonly isRevoked: boolean }>(granted: Granted, id: string | null): Granted =>
  id === null ? { ...granted, isRevoked: false } : granted;

type CreditInput = Pick<GrantCredit, 'pool' | 'scope' | 'total' | 'priority' | 'expiresAt' | 'reason' | 'owner'>;
type WaiverInput = Pick<
  GrantWaiver,
  'scope' | 'waives' | 'maxMonthly' | 'maxUses' | 'owner' | 'reason' | 'ticket' | 'expiresAt'
>;

/** A waiver as granted, and what of it waives nothing yet. */
export interface GrantedWaiver extends Written, ShownWaiver {
  readonly warnings: readonly PolicyWarning[];
}

/** Credits and waivers of a tenant: commands of administrators, and what stands. */
export class MoneyAdmin {
  private readonly writer: PolicyWriter;

  constructor(private readonly deps: PolicyAdminDeps & FindDecisionDeps) {
    this.writer = new PolicyWriter(deps);
  }

  async grantCredit(input: CreditInput, meta: RequestMeta): Promise<UseCaseResult<Written & ShownCredit>> {
    if (!mayActOnScope(meta.caller, input.scope)) return projectForbidden();
    const { total, expiresAt, ...rest } = input;
    const asked = { ...rest, total_usd: formatUsd4(total), expires_at: expiresAt };
    const command: PolicyCommand = {
      kind: 'grant_credit',
      creditId: this.writer.uuid(),
      ...input,
      ...this.by(meta, asked),
    };
    const sent = { ...rest, total_amount_usd: asked.total_usd, expires_at: expiresAt };
    return this.creditOf(await this.writer.write(command, meta, { operation: 'credit', sent }), null);
  }

  async revokeCredit(creditId: string, meta: RequestMeta): Promise<UseCaseResult<Written & ShownCredit>> {
    const scopeOf = ({ policy }: GateState) => policy.credits.grants.get(creditId)?.terms.scope;
    if (!(await this.mayRevoke(meta, scopeOf))) return projectForbidden();
    const command: PolicyCommand = { kind: 'revoke_credit', creditId, ...this.by(meta, { credit_id: creditId }) };
    const place = { operation: 'credit_revoke', sent: { credit_id: creditId } } as const;
    return this.creditOf(await this.writer.write(command, meta, place), creditId);
  }

  async grantWaiver(input: WaiverInput, meta: RequestMeta): Promise<UseCaseResult<GrantedWaiver>> {
    const { maxMonthly, scope, ...rest } = input;
    if (scope.project !== null && !mayActFor(meta.caller, scope.project)) return projectForbidden();
    const asked = {
      ...rest,
      scope: { ...scope },
      max_monthly_usd: maxMonthly === null ? null : formatUsd4(maxMonthly),
    };
    const command: PolicyCommand = {
      kind: 'grant_waiver',
      exceptionId: this.writer.uuid(),
      ...input,
      ...this.by(meta, asked),
    };
    const { waives, maxUses: max_uses, owner, reason, ticket, expiresAt: expires_at } = input;
    const sent = {
      ...{ waives, max_uses, owner, reason, ticket, expires_at },
      scope: asked.scope,
      max_monthly_delta_usd: asked.max_monthly_usd,
    };
    const written = await this.writer.write(command, meta, { operation: 'exception', sent });
    const shown = this.waiverOf(written, null);
    if (written.kind === 'problem') return written;
    if (shown.kind === 'problem') return shown;
    const warnings = waiverWarnings(waives, written.value.state.policy, this.writer.now());
    return done({ ...shown.value, warnings });
  }

  async revokeWaiver(
    input: { readonly exceptionId: string; readonly expectedVersion: ExpectedVersion | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownWaiver>> {
    const { exceptionId } = input;
    const scopeOf = ({ policy }: GateState) => {
      const project = policy.waivers.get(exceptionId)?.terms.scope.project ?? null;
      return project === null ? undefined : `project:${project}`;
    };
    if (!(await this.mayRevoke(meta, scopeOf))) return projectForbidden();
    const command: PolicyCommand = {
      kind: 'revoke_waiver',
      ...input,
      ...this.by(meta, { exception_id: exceptionId }),
    };
    const place = { operation: 'exception_revoke', sent: { exception_id: exceptionId } } as const;
    return this.waiverOf(await this.writer.write(command, meta, place), exceptionId);
  }

  /** Newest first. */
  credits(viewer: Viewer, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownCredit>>> {
    return this.writer.page(CREDITS, viewer, page);
  }

  /** Newest first. */
  exceptions(viewer: Viewer, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownException>>> {
    return this.writer.page(EXCEPTIONS, viewer, page);
  }

  async findException(viewer: Viewer, exceptionId: string): Promise<UseCaseResult<ShownException>> {
    const found = await this.writer.find(viewer.tenantId, (state, now) => findException(state, exceptionId, now));
    if (found.kind === 'problem' || viewer.projects === null) return found;
    const projectId = await this.projectOf(viewer, found.value);
    return projectId === null || mayActFor(viewer, projectId) ? found : projectForbidden();
  }

  /** null: it is of the whole tenant. */
  private async projectOf({ tenantId }: Viewer, exception: ShownException): Promise<string | null> {
    if (exception.kind === 'waiver') return exception.shown.waiver.terms.scope.project;
    const { decisionId } = exception.kind === 'overage' ? exception.shown.overage : exception.shown;
    const view = await findDecision(this.deps, tenantId, decisionId);
    return view?.row.projectId ?? '';
  }

  /** Whether what is to be revoked is of the caller's projects; what is not there, or cannot be read, the writer tells. */
  private async mayRevoke(
    { caller }: RequestMeta,
    scopeOf: (state: GateState) => string | undefined,
  ): Promise<boolean> {
    if (caller.projects === null) return true;
    const found = await this.writer.find(caller.tenantId, scopeOf);
    return found.kind === 'problem' || mayActOnScope(caller, found.value);
  }

  private by(meta: RequestMeta, asked: Parameters<typeof keyedBy>[1]) {
    return { author: meta.caller.subject, now: this.writer.now(), idempotency: keyedBy(meta, asked) };
  }

  /** The credit that was written about, by its id or by the entry that made it. */
  private creditOf(written: UseCaseResult<WrittenState>, id: string | null): UseCaseResult<Written & ShownCredit> {
    if (written.kind === 'problem') return written;
    const { state, revision, entry, isReplayed } = written.value;
    const { grants } = state.policy.credits;
    const credit = id === null ? [...grants.values()].find((each) => each.revision === revision) : grants.get(id);
    if (credit === undefined) return problemOf('not_found');
    const shown = shownCredit(state, credit, this.writer.now());
    return done({ entry, isReplayed, ...shown, credit: asWritten(credit, id) });
  }

  private waiverOf(written: UseCaseResult<WrittenState>, id: string | null): UseCaseResult<Written & ShownWaiver> {
    if (written.kind === 'problem') return written;
    const { state, revision, entry, isReplayed } = written.value;
    const { waivers } = state.policy;
    const waiver = id === null ? [...waivers.values()].find((each) => each.revision === revision) : waivers.get(id);
    if (waiver === undefined) return problemOf('not_found');
    return done({ entry, isReplayed, ...shownWaiver(state, asWritten(waiver, id), this.writer.now()) });
  }
}

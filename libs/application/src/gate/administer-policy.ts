import {
  type ExpectedVersion,
  type GateState,
  type Instant,
  jcsText,
  type Json,
  type PolicyCommand,
  type PolicyDiff,
  policyDiff,
  type PolicyDocument,
  type PolicyRole,
  type PolicyVersion,
  type PriceBook,
  type PublishedPriceBook,
  type Rollout,
  sha256Hex,
  type VersionStatus,
  versionStatus,
} from '@verdict/domain';
import { asCanonical, asJson, asLedgerJson } from '../journals/entries.codec.js';
import type { PageRequest } from '../ports/read-models.js';
import { revisionPlace } from '../shared/page.js';
import { keyedBy, type RequestMeta } from '../shared/request.js';
import { done, problemOf, type UseCaseResult } from '../shared/refusal.js';
import { asBook } from './differing-in-policy.js';
import {
  type PolicyAdminDeps,
  type PolicyList,
  PolicyWriter,
  type ShownPage,
  type Written,
  type WrittenState,
} from './policy-writer.js';

const textHash = (value: unknown) => sha256Hex(jcsText(asCanonical(value)));

export interface ShownPolicy {
  readonly version: PolicyVersion;
  readonly status: VersionStatus;
  readonly isInForce: boolean;
}

const shownPolicy = ({ policy }: GateState, version: PolicyVersion, now: Instant): ShownPolicy => {
  const status = versionStatus(policy, version, now);
  return { version, status, isInForce: status === 'in_force' };
};
const VERSIONS: PolicyList<PolicyVersion, ShownPolicy> = {
  name: 'policy_versions',
  itemsOf: ({ policy }) => policy.versions,
  placeOf: ({ revision }) => revisionPlace(revision),
  show: shownPolicy,
};
const PRICE_BOOKS: PolicyList<PublishedPriceBook, PublishedPriceBook> = {
  name: 'price_books',
  itemsOf: ({ policy }) => policy.priceBooks,
  placeOf: ({ revision }) => revisionPlace(revision),
  show: (_state, book) => book,
};

/** Policy and price books of a tenant: commands of administrators, and what stands. */
export class PolicyAdmin {
  private readonly writer: PolicyWriter;

  constructor(deps: PolicyAdminDeps) {
    this.writer = new PolicyWriter(deps);
  }

  async publishPolicy(
    input: {
      readonly document: PolicyDocument;
      readonly message: string;
      readonly effectiveFrom: Instant | null;
      readonly expectedVersion: ExpectedVersion | null;
      readonly rollout: Rollout | null;
      readonly role: PolicyRole;
    },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.writer.now();
    const documentSha256 = textHash(input.document);
    const command: PolicyCommand = {
      kind: 'publish_policy',
      ...input,
      documentSha256,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, {
        operation: 'publish',
        document_sha256: documentSha256,
        message: input.message,
        effective_from: input.effectiveFrom,
        rollout: input.rollout === null ? null : { ...input.rollout },
        role: input.role,
      }),
    };
    const { message, effectiveFrom: effective_from, rollout, role } = input;
    const sent = { document: asJson(input.document), message, effective_from, rollout: asJson(rollout), role };
    return this.made(await this.writer.write(command, meta, { operation: 'policy', sent }), meta, now);
  }

  async rollBackPolicy(
    input: { readonly toVersion: number; readonly message: string; readonly expectedVersion: ExpectedVersion | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const now = this.writer.now();
    const command: PolicyCommand = {
      kind: 'roll_back_policy',
      ...input,
      author: meta.caller.subject,
      now,
      idempotency: keyedBy(meta, { operation: 'rollback', to_version: input.toVersion, message: input.message }),
    };
    const sent = { to_version: input.toVersion, message: input.message };
    return this.made(await this.writer.write(command, meta, { operation: 'policy_rollback', sent }), meta, now);
  }

  async setRollout(
    input: {
      readonly version: number;
      readonly cohortPercent: number;
      readonly expectedVersion: ExpectedVersion | null;
    },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const sent = { version: input.version, cohort_percent: input.cohortPercent };
    const asked = { operation: 'rollout', ...sent };
    const command = { kind: 'set_rollout', ...input, ...this.by(meta, asked) } as const;
    const written = await this.writer.write(command, meta, { operation: 'policy_rollout', sent });
    return this.changed(written, meta, input.version);
  }

  async cancelVersion(
    input: { readonly version: number; readonly expectedVersion: ExpectedVersion | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const { version } = input;
    const command = { kind: 'cancel_version', ...input, ...this.by(meta, { operation: 'cancel', version }) } as const;
    const place = { operation: 'policy_cancel', sent: { version } } as const;
    return this.changed(await this.writer.write(command, meta, place), meta, version);
  }

  /** What differs between two versions; undefined members of a change are places that are not there. */
  async diff(tenantId: string, from: number, to: number): Promise<UseCaseResult<PolicyDiff>> {
    const versions = await this.policyVersions(tenantId);
    if (versions.kind === 'problem') return versions;
    const textOf = (number: number) =>
      versions.value.find(({ version }) => version.version === number)?.version.document;
    const [before, after] = [textOf(from), textOf(to)];
    if (before === undefined || after === undefined) return problemOf('not_found');
    return done(policyDiff(asLedgerJson(before), asLedgerJson(after)));
  }

  private by(meta: RequestMeta, asked: Json) {
    return { author: meta.caller.subject, now: this.writer.now(), idempotency: keyedBy(meta, asked) };
  }

  private async changed(
    written: UseCaseResult<WrittenState>,
    meta: RequestMeta,
    number: number,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    if (written.kind === 'problem') return written;
    const version = written.value.state.policy.versions.find((each) => each.version === number);
    if (version === undefined) return problemOf('not_found');
    return done(await this.asWritten(written.value, version, meta, this.writer.now()));
  }

  /** The version that was made, now or under this key before; the newest, where that says the same already. */
  private async made(
    written: UseCaseResult<WrittenState>,
    meta: RequestMeta,
    now: Instant,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    if (written.kind === 'problem') return written;
    const { state, revision } = written.value;
    const { versions } = state.policy;
    const version = versions.find((each) => each.revision === revision) ?? versions.at(-1);
    if (version === undefined) throw new Error('a policy was written and is not there');
    return done(await this.asWritten(written.value, version, meta, now));
  }

  /** Whoever repeats a command sees the version, and its tag, as his entry left it; whether it is in force is of now. */
  private async asWritten(
    { state, entry, isReplayed, revision }: WrittenState,
    version: PolicyVersion,
    { caller }: RequestMeta,
    now: Instant,
  ): Promise<Written & ShownPolicy> {
    const shown = shownPolicy(state, version, now);
    if (!isReplayed || revision === null) return { entry, isReplayed, ...shown };
    return { entry, isReplayed, ...shown, version: await this.writer.versionAfter(caller.tenantId, version, revision) };
  }

  async publishPriceBook(
    book: PriceBook,
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & { readonly published: PublishedPriceBook }>> {
    const bookSha256 = textHash(book);
    const command: PolicyCommand = {
      kind: 'publish_price_book',
      book,
      bookSha256,
      author: meta.caller.subject,
      now: this.writer.now(),
      idempotency: keyedBy(meta, { operation: 'price_book', book_sha256: bookSha256 }),
    };
    const written = await this.writer.write(command, meta, { operation: 'price_book', sent: asBook(book) });
    if (written.kind === 'problem') return written;
    const published = written.value.state.policy.priceBooks.find(({ version }) => version === book.version);
    if (published === undefined) throw new Error('a price book was written and is not there');
    return done({ entry: written.value.entry, isReplayed: written.value.isReplayed, published });
  }

  /** All of them, oldest first. */
  policyVersions(tenantId: string): Promise<UseCaseResult<readonly ShownPolicy[]>> {
    return this.writer.read(tenantId, (state, now) =>
      state.policy.versions.map((version) => shownPolicy(state, version, now)),
    );
  }

  /** Newest first. */
  listPolicyVersions(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<ShownPolicy>>> {
    return this.writer.page(VERSIONS, { tenantId, projects: null }, page);
  }

  /** Newest first. */
  listPriceBooks(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<PublishedPriceBook>>> {
    return this.writer.page(PRICE_BOOKS, { tenantId, projects: null }, page);
  }

  findPriceBook(tenantId: string, version: string): Promise<UseCaseResult<PublishedPriceBook>> {
    return this.writer.find(tenantId, ({ policy }) => policy.priceBooks.find((book) => book.version === version));
  }
}

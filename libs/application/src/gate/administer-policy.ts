import {
  earlierAdminAnswer,
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

  /** The version that an earlier call under this key made, or the newest. */
  private versionAt(state: GateState, scope: string, command: PolicyCommand): PolicyVersion | undefined {
    const earlier = earlierAdminAnswer(state.policy, scope, command.idempotency);
    const made =
      earlier?.kind === 'replay'
        ? state.policy.versions.find(({ revision }) => revision === earlier.revision)
        : undefined;
    return made ?? state.policy.versions.at(-1);
  }

  async publishPolicy(
    input: {
      readonly document: PolicyDocument;
      readonly message: string;
      readonly effectiveFrom: Instant | null;
      readonly expectedVersion: string | null;
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
    return this.shown(command, await this.writer.write(command, meta, { scope: 'policy', sent }), now);
  }

  async rollBackPolicy(
    input: { readonly toVersion: number; readonly message: string; readonly expectedVersion: string | null },
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
    return this.shown(command, await this.writer.write(command, meta, { scope: 'policy', sent }), now);
  }

  async setRollout(
    input: { readonly version: number; readonly cohortPercent: number; readonly expectedVersion: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const sent = { version: input.version, cohort_percent: input.cohortPercent };
    const asked = { operation: 'rollout', ...sent };
    const command = { kind: 'set_rollout', ...input, ...this.by(meta, asked) } as const;
    return this.versionOf(await this.writer.write(command, meta, { scope: 'policy_rollout', sent }), input.version);
  }

  async cancelVersion(
    input: { readonly version: number; readonly expectedVersion: string | null },
    meta: RequestMeta,
  ): Promise<UseCaseResult<Written & ShownPolicy>> {
    const { version } = input;
    const command = { kind: 'cancel_version', ...input, ...this.by(meta, { operation: 'cancel', version }) } as const;
    const place = { scope: 'policy_cancel', sent: { version } };
    return this.versionOf(await this.writer.write(command, meta, place), version);
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

  private versionOf(written: UseCaseResult<WrittenState>, number: number): UseCaseResult<Written & ShownPolicy> {
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const version = state.policy.versions.find((each) => each.version === number);
    if (version === undefined) return problemOf('not_found');
    return done({ entry, isReplayed, ...shownPolicy(state, version, this.writer.now()) });
  }

  private shown(
    command: PolicyCommand,
    written: UseCaseResult<WrittenState>,
    now: Instant,
  ): UseCaseResult<Written & ShownPolicy> {
    if (written.kind === 'problem') return written;
    const { state, entry, isReplayed } = written.value;
    const version = this.versionAt(state, 'policy', command);
    if (version === undefined) throw new Error('a policy was written and is not there');
    return done({ entry, isReplayed, ...shownPolicy(state, version, now) });
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
    const written = await this.writer.write(command, meta, { scope: 'price_book', sent: asBook(book) });
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
    return this.writer.page(VERSIONS, tenantId, page);
  }

  /** Newest first. */
  listPriceBooks(tenantId: string, page: PageRequest): Promise<UseCaseResult<ShownPage<PublishedPriceBook>>> {
    return this.writer.page(PRICE_BOOKS, tenantId, page);
  }

  findPriceBook(tenantId: string, version: string): Promise<UseCaseResult<PublishedPriceBook>> {
    return this.writer.find(tenantId, ({ policy }) => policy.priceBooks.find((book) => book.version === version));
  }
}

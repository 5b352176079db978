import {
  type BundleEntry,
  type BundleInput,
  type BundleJournal,
  consistencyProofOfStream,
  type JsonObject,
  type PreviousCheckpoint,
} from '@verdict/ledger';
import { JOURNAL_KINDS, type JournalKind, journalName, originOf } from '../journals/kinds.js';
import type {
  ExportJob,
  ExportRange,
  ExportRanges,
  ExportTerms,
  LeafSource,
  StoredCheckpoint,
} from '../ports/audit.js';
import type { Journals } from '../ports/journals.js';
import { breathing } from '../shared/breathe.js';
import { PolicyTexts } from './policy-texts.js';

export interface BundleDeps {
  readonly journals: Journals;
  readonly leaves: LeafSource;
  readonly logHost: string;
  /** The first checkpoint that covers so many entries; rejects when there can be none. */
  readonly covering: (kind: JournalKind, size: bigint) => Promise<StoredCheckpoint>;
}

export interface BundleParts {
  readonly terms: ExportTerms;
  readonly readModelCounts: BundleInput['readModelCounts'];
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
  /** Called for every entry; throws when the work is to stop. */
  readonly onEntry: () => void;
}

interface Part {
  readonly job: ExportJob;
  readonly kind: JournalKind;
  readonly range: ExportRange;
}

/** Ranges in the order of the kinds. */
export const rangesInOrder = (ranges: ExportRanges): readonly (readonly [JournalKind, ExportRange])[] =>
  JOURNAL_KINDS.flatMap((kind) => {
    const range = ranges[kind];
    return range === undefined ? [] : [[kind, range] as const];
  });

/** What a job's bundle is made from. Equal jobs, terms and numbers give equal bytes, however much the log has grown since. */
export const bundleInput = async (deps: BundleDeps, job: ExportJob, parts: BundleParts): Promise<BundleInput> => {
  const { terms, readModelCounts, sign, onEntry } = parts;
  const journals: BundleJournal[] = [];
  for (const [kind, range] of rangesInOrder(job.ranges))
    journals.push(await journalOf(deps, { job, kind, range }, { terms, onEntry }));
  const texts = new PolicyTexts(deps.journals, job.tenantId);
  return {
    series: job.series,
    query: { tenant: job.tenantId, ...queryOf(job.ranges) },
    generator: terms.generator,
    clock: terms.clock,
    journals,
    readModelCounts,
    policyText: (sha256) => texts.find(sha256),
    keys: terms.keys,
    jwks: terms.jwks,
    signer: { name: deps.logHost, privateKey: sign, publicKey: Buffer.from(terms.signer.publicKey, 'hex') },
    previousManifestSha256: terms.previous?.manifestSha256 ?? null,
    compression: 'stored',
  };
};

const queryOf = (ranges: ExportRanges): JsonObject => ({
  journals: rangesInOrder(ranges).map(([kind]) => kind),
  revisions: Object.fromEntries(
    rangesInOrder(ranges).map(([kind, { from, to }]) => [kind, [Number(from), Number(to)]]),
  ),
});

const journalOf = async (
  deps: BundleDeps,
  part: Part,
  { terms, onEntry }: Pick<BundleParts, 'terms' | 'onEntry'>,
): Promise<BundleJournal> => {
  const { job, kind, range } = part;
  const { from, to } = range;
  const journal = journalName(kind, job.tenantId);
  const { size, root, note } = await deps.covering(kind, to);
  const previous = await previousOf(deps, part, { size, range: terms.previous?.ranges[kind] });
  return {
    kind,
    origin: originOf(deps.logHost, job.tenantId, kind),
    ...{ from, to, size, root, checkpoint: note },
    entries: () => entriesOf(deps, journal, { from, to }, onEntry),
    before: () => leavesOf(deps, journal, { from: 0n, to: from }),
    after: () => leavesOf(deps, journal, { from: to, to: size }),
    ...(previous === undefined ? {} : { previous }),
  };
};

const previousOf = async (
  deps: BundleDeps,
  { job, kind }: Part,
  { size, range }: { readonly size: bigint; readonly range: ExportRange | undefined },
): Promise<PreviousCheckpoint | undefined> => {
  if (range === undefined) return undefined;
  const earlier = await deps.covering(kind, range.to);
  const leaves = leavesOf(deps, journalName(kind, job.tenantId), { from: 0n, to: size });
  return { size: earlier.size, root: earlier.root, proof: await consistencyProofOfStream(leaves, earlier.size, size) };
};

async function* entriesOf(
  deps: BundleDeps,
  journal: string,
  { from, to }: ExportRange,
  onEntry: () => void,
): AsyncGenerator<BundleEntry> {
  for await (const entry of breathing(deps.journals.read(journal, from, Number(to - from)))) {
    onEntry();
    yield entry;
  }
}

async function* leavesOf(deps: BundleDeps, journal: string, { from, to }: ExportRange): AsyncGenerator<Uint8Array> {
  if (from >= to) return;
  for await (const { leafHash } of breathing(deps.leaves.read(journal, from, Number(to - from)))) yield leafHash;
}

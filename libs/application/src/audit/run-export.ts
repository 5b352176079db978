import { BundleInputError, type WrittenBundle } from '@verdict/ledger';
import type { JournalKind } from '../journals/kinds.js';
import type { ExportFiles, ExportJob, ExportStore, ExportTerms, LeafSource, StoredCheckpoint } from '../ports/audit.js';
import { JournalGap, type Journals } from '../ports/journals.js';
import type { KeyStore } from '../ports/key-store.js';
import type { ReadBarrier } from '../ports/platform.js';
import type { ReadModels } from '../ports/read-models.js';
import { haveRanges } from './check-parity.js';
import { SigningKeyMoved } from './checkpoint-keys.js';
import { bundleInput, rangesInOrder } from './export-bundle.js';
import { type ExportStatement, TermsSigner, termsOf, withKeysOfNow } from './export-terms.js';
import { countReadModels } from './parity.js';

export interface RunExportDeps {
  readonly store: ExportStore;
  readonly files: ExportFiles;
  readonly journals: Journals;
  readonly leaves: LeafSource;
  readonly readModels: ReadModels;
  readonly barrier: ReadBarrier;
  readonly keys: KeyStore;
  readonly logHost: string;
  readonly statement: ExportStatement;
  readonly covering: (tenantId: string, kind: JournalKind, size: bigint) => Promise<StoredCheckpoint | undefined>;
  /** How long the read models may take to hold the ranges. */
  readonly barrierMs: number;
}

/** Why an export can never be written as it was asked for; trying again changes nothing. */
export class ExportImpossible extends Error {
  override readonly name = 'ExportImpossible';
}

export interface ExportWritten {
  readonly written: WrittenBundle;
  /** Whether the read models have as many rows as the journals have entries for them. */
  readonly hasParity: boolean;
}

const KEY_MOVES_MAX = 2;

/** Reasons that are the bundle's own; everything else may pass. */
export const isFinal = (error: unknown): error is Error =>
  error instanceof ExportImpossible || error instanceof BundleInputError || error instanceof JournalGap;

/**
 * Writes the bundle of a job from scratch. Rejects with ExportImpossible, BundleInputError or JournalGap when it cannot be
 * written as asked, with what `onEntry` throws, or with the error of whatever is away.
 */
export const runExport = async (deps: RunExportDeps, job: ExportJob, onEntry: () => void): Promise<ExportWritten> => {
  const { tenantId, ranges } = job;
  if (!(await haveRanges(deps.barrier, { tenantId, ranges, timeoutMs: deps.barrierMs }))) {
    throw new ExportImpossible('the read models do not hold the whole range, so parity cannot be stated');
  }
  // The terms list the keys of this moment, so whatever is still to be signed is signed before.
  for (const [kind, { to }] of rangesInOrder(ranges)) await coveringOf(deps, job, kind)(to);
  const readModelCounts = await countReadModels(deps.readModels, tenantId, ranges);
  let terms = await termsOf(deps, job);
  for (let moves = 0; ; moves += 1) {
    try {
      const written = await writeUnder(deps, { job, terms, readModelCounts, onEntry });
      return { written, hasParity: isParity(readModelCounts, written.counts) };
    } catch (error) {
      if (!(error instanceof SigningKeyMoved) || moves >= KEY_MOVES_MAX) throw error;
      terms = await withKeysOfNow(deps, terms);
    }
  }
};

const coveringOf =
  (deps: RunExportDeps, { tenantId }: ExportJob, kind: JournalKind) =>
  async (size: bigint): Promise<StoredCheckpoint> => {
    const found = await deps.covering(tenantId, kind, size);
    if (found !== undefined) return found;
    throw new ExportImpossible(`no checkpoint of ${kind} covers ${size.toString()} entries, and none can be signed`);
  };

interface Attempt {
  readonly job: ExportJob;
  readonly terms: ExportTerms;
  readonly readModelCounts: WrittenBundle['counts'];
  readonly onEntry: () => void;
}

const writeUnder = async (
  deps: RunExportDeps,
  { job, terms, readModelCounts, onEntry }: Attempt,
): Promise<WrittenBundle> => {
  const signer = new TermsSigner(deps.keys, terms);
  const covering = (kind: JournalKind, size: bigint) => coveringOf(deps, job, kind)(size);
  const input = await bundleInput({ ...deps, covering }, job, { terms, readModelCounts, sign: signer.sign, onEntry });
  const written = await deps.files.write(job, input);
  await deps.store.saveTerms(job, { ...terms, signature: signer.signature });
  return written;
};

const isParity = (readModel: WrittenBundle['counts'], journals: WrittenBundle['counts']): boolean =>
  Object.entries(readModel).every(([kind, types]) =>
    Object.entries(types).every(([type, count]) => (journals[kind]?.[type] ?? 0) === count),
  );
